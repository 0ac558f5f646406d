// SPDX-License-Identifier: Apache-2.0
//
// A TLS connection over a blocking socket: what the demo's caller and upstream speak. Not for the
// proxy, whose loops never block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/cli/files.h"
#include "proxy/tls/engine.h"

namespace keyswap::cli {

// A socket connected to (or listening on) loopback, with deadlines on every call.
base::Result<File> connect_loopback(std::uint16_t port);

struct LoopbackListener {
  File socket;
  std::uint16_t port = 0;
};

base::Result<LoopbackListener> listen_loopback();

class TlsStream {
 public:
  // Takes the socket over and finishes the handshake.
  static base::Result<TlsStream> open(File socket, tls::Engine engine);

  base::Status write(std::string_view plaintext);

  // Appends one whole HTTP/1.1 message with Content-Length (or without a body) to `message`: at
  // most `message`'s bound. Gives false when the peer has closed.
  base::Result<bool> read_message(base::Buffer& message);

 private:
  TlsStream(File socket, tls::Engine engine)
      : socket_(std::move(socket)), engine_(std::move(engine)) {}

  base::Status handshake();
  base::Status flush();
  base::Result<bool> receive();

  File socket_;
  tls::Engine engine_;
};

// The bytes of a message: 0 while its head or its body is not whole.
std::size_t message_size(std::string_view bytes);

// The value of a field of a head, "" if it is not there. The first counts.
std::string_view field_of(std::string_view message, std::string_view name);

}  // namespace keyswap::cli
