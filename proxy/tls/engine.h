// SPDX-License-Identifier: Apache-2.0
//
// TLS as bytes in, bytes out: no socket in it. Ciphertext received is fed; plaintext is read; what
// is written comes out as ciphertext in output(). The only door to libssl. One Engine per
// connection, used by one thread. Fed ciphertext is read in place, and what is left of it kept
// (bounded by bounds::kLegUnreadBytesMax); a BIO of our own (tls/wire.h) does so, and writes to
// output().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ca/leaf.h"
#include "proxy/base/buffer.h"
#include "proxy/base/cause.h"
#include "proxy/base/result.h"
#include "proxy/tls/context.h"

struct ssl_session_st;

namespace keyswap::tls {

// A session to resume; opaque, shared between the connections to one destination.
using Session = std::shared_ptr<ssl_session_st>;

struct PeerInfo {
  std::string tls;          // "TLSv1.3"
  std::string spki_sha256;  // hex of the upstream's public key; "" on the client's side
};

// The alert that ended a connection.
struct Alert {
  enum class From : std::uint8_t { peer, us };
  std::string_view name;  // "unknown_ca"; a constant
  From from = From::us;
};

class Engine {
 public:
  // The server's side, towards a client, showing `leaf`.
  static base::Result<Engine> accept(const ServerContext& context,
                                     const std::shared_ptr<const ca::Leaf>& leaf);
  // The client's side, towards an upstream that must prove to be `host` (a normal-form name, or an
  // IP literal). `resume` may be null.
  static base::Result<Engine> connect(std::shared_ptr<const ClientContext> context,
                                      const std::string& host,
                                      bool host_is_ip,
                                      const Session& resume);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  // Takes ciphertext from the socket, without copying it: the bytes must stay where they are until
  // keep_unread_input() or the next feed(), which copy what is left. limit_exceeded past the bound,
  // with nothing taken.
  base::Status feed(std::string_view ciphertext);
  // To be called before the memory of fed bytes is used again. Usually nothing is left to copy.
  void keep_unread_input();

  // Goes on with the handshake as far as the fed bytes allow. Gives true once it is done (verified,
  // on the connecting side), false while more is needed. tls: failed, the number is OpenSSL's
  // X509_V_ code when the certificate is why; output() may hold an alert to send. Every call after
  // it fails likewise.
  base::Result<bool> handshake();

  struct Read {
    std::size_t size = 0;    // plaintext bytes put into the buffer
    bool is_closed = false;  // the peer said close_notify: nothing more comes
  };

  // Up to `capacity` bytes of plaintext; less than that and not closed: feed more. Reads several
  // records while they fit. tls: broken, or renegotiation asked for; what came before it has been
  // given, and output() may hold an alert to send. An end of the socket's stream without is_closed
  // is a truncation: the owner's to notice.
  base::Result<Read> read(char* buffer, std::size_t capacity);

  // Encrypts all of it into output(). Large plaintext becomes full 16 KiB records. limit_exceeded
  // when it would pass bounds::kLegPendingBytesMax: nothing is written and the connection still
  // good.
  base::Status write(std::string_view plaintext);
  // Appends close_notify to output().
  void close();

  // Ciphertext to be sent; the owner consumes it.
  [[nodiscard]] base::Buffer& output();
  // Has handshake(), read() or write() failed, or will the next call of read()?
  [[nodiscard]] bool has_failed() const;
  // Why, with what was seen (names, dates); on the connecting side, once it has failed.
  [[nodiscard]] const base::Failure& failure() const;
  // The alert that passed at the end, either way, if one did.
  [[nodiscard]] std::optional<Alert> alert() const;
  // Is there something that read() could give without another feed()?
  [[nodiscard]] bool has_unread_input() const;

  // The server name the client asked for, as sent; "" if none. Server side, after the handshake
  // began.
  [[nodiscard]] std::string server_name() const;
  [[nodiscard]] PeerInfo peer() const;
  // The newest session the upstream gave for resumption, or null; taken once.
  [[nodiscard]] Session take_session();
  [[nodiscard]] bool was_resumed() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::tls
