// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/engine.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/tls/alert.h"
#include "proxy/tls/failure.h"
#include "proxy/tls/hooks.h"
#include "proxy/tls/verify.h"
#include "proxy/tls/wire.h"

// What OpenSSL's own memory holds of the plaintext (I1), as of 3.0:
// - Writing: a record's plaintext is copied into the write buffer and sealed there in place, so
// that what
//   is left, and what RELEASE_BUFFERS gives back to the allocator after each record, is ciphertext.
//   (The secret of a request passes here, from locked memory.)
// - Reading: a record is opened in place in the read buffer, and stays there as plaintext after it
// was
//   read. Towards upstreams SSL_OP_CLEANSE_PLAINTEXT wipes it (context.cc): a response may carry a
//   secret back. Towards clients nothing of ours is in it: they hold placeholders.
// - Neither buffer is ever in a core dump or readable by another process (vault/process_guard).
// test/tls/residue_test.cc searches the process's memory for both.

namespace keyswap::tls {

namespace bounds = base::bounds;

namespace {

constexpr std::size_t kRecordBytesMax = std::size_t{16} * 1024;  // RFC 8446 section 5.1
constexpr std::size_t kRecordOverheadBytesMax =
    5 + 8 + 1 + 16;  // header, explicit nonce, type, tag
// Beside plaintext in the bound, room for what a handshake and alerts need.
constexpr std::size_t kOutputBytesMax =
    bounds::kLegPendingBytesMax +
    (bounds::kLegPendingBytesMax / kRecordBytesMax + 1) * kRecordOverheadBytesMax +
    std::size_t{64} * 1024;

struct FreeSsl {
  void operator()(SSL* ssl) const {
    // Without this OpenSSL would call a session that is kept elsewhere a bad one, because the
    // connection it came from was not closed by both sides.
    if (SSL_is_init_finished(ssl) == 1) {
      SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(ssl);
  }
};

using SslPointer = std::unique_ptr<SSL, FreeSsl>;

base::Error tls_error(base::Note note) {
  const auto reason = ERR_GET_REASON(ERR_peek_error());
  ERR_clear_error();
  return {base::Errc::tls, note, reason};
}

// SSL_get_error takes an error that stands there from before for this call's. To clear
// what is empty would cost as much as a small record.
void drop_old_errors() {
  if (ERR_peek_error() != 0) {
    ERR_clear_error();
  }
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  static_cast<void>(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr));
  return {reinterpret_cast<const char*>(digest.data()), size};
}

// A session is worth nothing for another name or under other roots.
std::string session_context_of(const ClientContext& context, const std::string& host, bool is_ip) {
  return sha256(context.identity() + (is_ip ? "i" : "n") + host);
}

std::string spki_sha256_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) {
    return {};
  }
  std::string digest = sha256({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return base::to_hex(digest);
}

}  // namespace

struct Engine::State {
  enum class Phase : std::uint8_t { handshaking, open, closed, failed };

  State() : wire(kOutputBytesMax) {}

  // What the phase failed means to the caller; the first error stays.
  base::Error fail(base::Error error);
  // After a call of libssl that did not succeed.
  base::Error fail_by_ssl(base::Note note);
  // The certificate of the upstream was not accepted.
  base::Error fail_by_certificate(const base::Error& judged);
  [[nodiscard]] std::string certificate_facts() const;
  base::Result<bool> finish_handshake();
  base::Status start(SSL_CTX* context);

  Wire wire;  // these two before `ssl`, which points to them
  Notes notes;
  SslPointer ssl;
  Phase phase = Phase::handshaking;
  std::optional<base::Error> error;  // set in phase failed
  base::Failure failure;             // what was seen then
  bool is_peer_closed = false;

  // The connecting side alone.
  std::shared_ptr<const ClientContext> upstream;
  std::string host;
  bool host_is_ip = false;
  std::string spki_sha256;
};

base::Error Engine::State::fail(base::Error reason) {
  if (!error) {
    error = reason;
  }
  phase = Phase::failed;
  ERR_clear_error();
  return *error;
}

base::Error Engine::State::fail_by_ssl(base::Note note) {
  if (wire.has_overflowed()) {
    return fail({base::Errc::limit_exceeded, "too much ciphertext waits to be sent"});
  }
  failure = connection_failure(ERR_peek_error(), notes);
  return fail(tls_error(note));
}

std::string Engine::State::certificate_facts() const {
  const X509* const shown = SSL_get0_peer_certificate(ssl.get());
  const bool is_noted = !notes.refused_certificate.empty() || shown == nullptr;
  return is_noted ? notes.refused_certificate : facts_of(shown);
}

base::Error Engine::State::fail_by_certificate(const base::Error& judged) {
  // Without a code it is the protocol that was chosen.
  failure = judged.number == X509_V_OK ? base::Failure{base::Cause::tls_protocol_not_offered, {}}
                                       : certificate_failure(judged.number, certificate_facts());
  return fail(judged);
}

base::Status Engine::State::start(SSL_CTX* context) {
  ssl.reset(SSL_new(context));
  const bool is_noted = ssl != nullptr && attach_notes(ssl.get(), &notes);
  BIO* bio = is_noted ? new_bio(&wire) : nullptr;
  if (bio == nullptr) {
    return tls_error("OpenSSL could not make a connection");
  }
  SSL_set_bio(ssl.get(), bio, bio);
  return {};
}

base::Result<bool> Engine::State::finish_handshake() {
  phase = Phase::open;
  if (upstream == nullptr) {
    return true;
  }
  // I4: nothing is written before this has passed.
  if (const auto judged = judge_upstream(ssl.get(), host, host_is_ip); !judged) {
    return fail_by_certificate(judged.error());
  }
  spki_sha256 = spki_sha256_of(SSL_get0_peer_certificate(ssl.get()));
  return true;
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}

Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

base::Result<Engine> Engine::accept(const ServerContext& context,
                                    const std::shared_ptr<const ca::Leaf>& leaf) {
  auto state = std::make_unique<State>();
  KS_TRY(state->start(context.context()));
  SSL* ssl = state->ssl.get();
  // OpenSSL takes references of both, so `leaf` need not be kept.
  if (SSL_use_certificate(ssl, leaf->certificate) != 1 ||
      SSL_use_PrivateKey(ssl, leaf->key->key()) != 1) {
    return tls_error("OpenSSL does not take the leaf certificate");
  }
  SSL_set_accept_state(ssl);
  return Engine(std::move(state));
}

base::Result<Engine> Engine::connect(std::shared_ptr<const ClientContext> context,
                                     const std::string& host,
                                     bool host_is_ip,
                                     const Session& resume) {
  auto state = std::make_unique<State>();
  KS_TRY(state->start(context->context()));
  SSL* ssl = state->ssl.get();
  KS_TRY(expect_host(ssl, host, host_is_ip));
  const std::string session_context = session_context_of(*context, host, host_is_ip);
  if (SSL_set_session_id_context(ssl,
                                 reinterpret_cast<const unsigned char*>(session_context.data()),
                                 static_cast<unsigned>(session_context.size())) != 1) {
    return tls_error("OpenSSL could not make a connection");
  }
  if (resume != nullptr) {
    resume_if_allowed(ssl, resume.get(), session_context);
  }
  SSL_set_connect_state(ssl);
  state->upstream = std::move(context);
  state->host = host;
  state->host_is_ip = host_is_ip;
  return Engine(std::move(state));
}

base::Status Engine::feed(std::string_view ciphertext) {
  return state_->wire.feed(ciphertext);
}

void Engine::keep_unread_input() {
  state_->wire.keep_unread();
}

base::Result<bool> Engine::handshake() {
  State& s = *state_;
  if (s.phase == State::Phase::failed) {
    return *s.error;
  }
  if (s.phase != State::Phase::handshaking) {
    return true;
  }
  drop_old_errors();
  const int result = SSL_do_handshake(s.ssl.get());
  if (result == 1) {
    return s.finish_handshake();
  }
  if (SSL_get_error(s.ssl.get(), result) == SSL_ERROR_WANT_READ) {
    return false;
  }
  const long verified = s.upstream == nullptr ? X509_V_OK : SSL_get_verify_result(s.ssl.get());
  if (verified != X509_V_OK) {
    return s.fail_by_certificate(verification_error(verified));
  }
  return s.fail_by_ssl("the TLS handshake failed");
}

base::Result<Engine::Read> Engine::read(char* buffer, std::size_t capacity) {
  State& s = *state_;
  if (s.phase == State::Phase::failed) {
    return *s.error;
  }
  if (s.phase == State::Phase::handshaking) {
    return base::Error{base::Errc::unavailable, "the TLS handshake is not done"};
  }
  Read got{0, s.is_peer_closed};
  while (got.size < capacity && !got.is_closed) {
    std::size_t count = 0;
    drop_old_errors();
    const int result = SSL_read_ex(s.ssl.get(), buffer + got.size, capacity - got.size, &count);
    if (result == 1) {
      got.size += count;
      if (!has_unread_input()) {
        break;  // asking once more would only cost: nothing is left to decrypt
      }
      continue;
    }
    const int reason = SSL_get_error(s.ssl.get(), result);
    if (reason == SSL_ERROR_ZERO_RETURN) {
      got.is_closed = s.is_peer_closed = true;
    } else if (reason != SSL_ERROR_WANT_READ) {
      static_cast<void>(s.fail_by_ssl("the TLS connection broke"));
    }
    break;
  }
  if (s.notes.was_renegotiation_asked && s.phase != State::Phase::failed) {
    s.failure = {base::Cause::tls_renegotiation, {}};
    // Its answer, the warning no_renegotiation, is followed by the end, said as one.
    static_cast<void>(SSL_shutdown(s.ssl.get()));
    static_cast<void>(s.fail({base::Errc::tls, "renegotiation was asked for"}));
  }
  // I15: what came before an error is given first, however the input was cut.
  if (s.phase == State::Phase::failed && got.size == 0) {
    return *s.error;
  }
  return got;
}

base::Status Engine::write(std::string_view plaintext) {
  State& s = *state_;
  if (s.phase == State::Phase::failed) {
    return *s.error;
  }
  if (s.phase != State::Phase::open) {
    return base::Error{base::Errc::closed, "the TLS connection is not open for writing"};
  }
  if (plaintext.empty()) {
    return {};
  }
  const std::size_t records = plaintext.size() / kRecordBytesMax + 1;
  const std::size_t room = plaintext.size() + records * kRecordOverheadBytesMax;
  if (s.wire.output().prepare(room) == nullptr) {
    return base::Error{base::Errc::limit_exceeded, "too much ciphertext waits to be sent"};
  }
  std::size_t written = 0;
  drop_old_errors();
  const int result = SSL_write_ex(s.ssl.get(), plaintext.data(), plaintext.size(), &written);
  if (result != 1 || written != plaintext.size()) {
    return s.fail_by_ssl("the TLS connection broke");
  }
  return {};
}

void Engine::close() {
  State& s = *state_;
  if (s.phase == State::Phase::open) {
    s.phase = State::Phase::closed;
    static_cast<void>(SSL_shutdown(s.ssl.get()));
    ERR_clear_error();
  }
}

base::Buffer& Engine::output() {
  return state_->wire.output();
}

bool Engine::has_failed() const {
  return state_->phase == State::Phase::failed;
}

const base::Failure& Engine::failure() const {
  return state_->failure;
}

std::optional<Alert> Engine::alert() const {
  const Notes& notes = state_->notes;
  if (notes.alert_received >= 0) {
    return Alert{alert_name(notes.alert_received), Alert::From::peer};
  }
  if (notes.alert_sent >= 0) {
    return Alert{alert_name(notes.alert_sent), Alert::From::us};
  }
  return std::nullopt;
}

bool Engine::has_unread_input() const {
  return state_->wire.has_unread() || SSL_pending(state_->ssl.get()) > 0;
}

std::string Engine::server_name() const {
  const char* name = SSL_get_servername(state_->ssl.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string() : std::string(name);
}

PeerInfo Engine::peer() const {
  return {SSL_get_version(state_->ssl.get()), state_->spki_sha256};
}

Session Engine::take_session() {
  Session session = std::exchange(state_->notes.session, nullptr);
  // In TLS 1.2 a session is there before its upstream was judged.
  const bool is_good = state_->phase == State::Phase::open || state_->phase == State::Phase::closed;
  return is_good ? session : nullptr;
}

bool Engine::was_resumed() const {
  return SSL_session_reused(state_->ssl.get()) == 1;
}

}  // namespace keyswap::tls
