// SPDX-License-Identifier: Apache-2.0
//
// The other side of a TLS connection, made of bare OpenSSL with every weakness switched on that a
// test may ask for, in memory. And ways to let an Engine talk to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "proxy/tls/engine.h"
#include "test/support/test_pki.h"

namespace keyswap::test {

using ContextPointer = std::shared_ptr<SSL_CTX>;

// Security level 0, TLS 1.0 to 1.3, all ciphers.
ContextPointer weak_server_context(const Identity& leaf, const std::vector<Identity>& chain = {});
ContextPointer weak_client_context();

class RawPeer {
 public:
  enum class Side : std::uint8_t { server, client };

  RawPeer(ContextPointer context, Side side);

  // Takes bytes, goes on with the handshake, and reads what came.
  void feed(std::string_view bytes);
  void step();
  // What it wants to send.
  std::string take_output();
  void write(std::string_view plaintext);

  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

  [[nodiscard]] bool is_open() const {
    return SSL_is_init_finished(ssl_.get()) == 1 && !has_failed_;
  }

  [[nodiscard]] bool has_failed() const { return has_failed_; }

  // The reason code of OpenSSL's first error.
  [[nodiscard]] int reason() const { return reason_; }

  [[nodiscard]] const std::string& received() const { return received_; }

  [[nodiscard]] bool is_closed() const { return is_closed_; }

 private:
  // After a call that did not succeed: is it an end, an error, or just a wait?
  void note_failure(int result);

  ContextPointer context_;
  std::shared_ptr<SSL> ssl_;
  bool has_failed_ = false;
  bool is_closed_ = false;
  int reason_ = 0;
  std::string received_;
};

// Everything in the engine's output, taken from it.
std::string drain(tls::Engine& engine);

// Hands `bytes` to the engine as a socket would: they are gone afterwards.
base::Status feed_copy(tls::Engine& engine, std::string_view bytes);

// Both go on until the engine has finished or failed, or neither has anything to say (false).
base::Result<bool> shake(tls::Engine& engine, RawPeer& peer);

// Moves what both have to say until nothing is left, reading what the engine gets into `received`.
base::Status exchange(tls::Engine& engine, RawPeer& peer, std::string& received);

// A server context that trusts nothing and an engine for its other side.
std::shared_ptr<const tls::ClientContext> trusting(const std::vector<Identity>& roots,
                                                   const std::string& own_ca_pem = "");
tls::Engine connect_to(const std::shared_ptr<const tls::ClientContext>& context,
                       const std::string& host,
                       const tls::Session& resume = nullptr);

}  // namespace keyswap::test
