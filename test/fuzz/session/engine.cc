// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/session/engine.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/tls/engine.h"

namespace keyswap::test {

namespace {

constexpr std::size_t kHeadBytes = 3;
constexpr std::size_t kContentBytesMax = std::size_t{16} * 1024;
constexpr std::string_view kBad = "bad";

std::string turned(std::string_view bytes) {
  std::string other(bytes);
  for (char& c : other) {
    c = static_cast<char>(static_cast<unsigned char>(c) ^ 0x5aU);
  }
  return other;
}

// Of the content; 0 where the record's head is not whole.
std::size_t size_of(std::string_view bytes) {
  return bytes.size() < kHeadBytes ? 0
                                   : static_cast<unsigned char>(bytes[1]) * std::size_t{256} +
                                         static_cast<unsigned char>(bytes[2]);
}

bool is_kind(char c) {
  return c == static_cast<char>(RecordKind::close) || c == static_cast<char>(RecordKind::hello) ||
         c == static_cast<char>(RecordKind::data);
}

}  // namespace

std::string seal(RecordKind kind, std::string_view content) {
  std::string sealed;
  do {
    const std::string_view piece = content.substr(0, kContentBytesMax);
    content.remove_prefix(piece.size());
    sealed += static_cast<char>(kind);
    sealed += static_cast<char>(piece.size() >> 8U);
    sealed += static_cast<char>(piece.size() & 0xffU);
    sealed += turned(piece);
  } while (!content.empty());
  return sealed;
}

bool has_record(std::string_view bytes) {
  if (bytes.empty()) {
    return false;
  }
  if (!is_kind(bytes[0])) {
    return true;  // a bad one
  }
  const std::size_t size = size_of(bytes);
  return bytes.size() >= kHeadBytes &&
         (size > kContentBytesMax || bytes.size() >= kHeadBytes + size);
}

std::optional<TlsRecord> unseal(std::string& bytes) {
  if (!has_record(bytes)) {
    return std::nullopt;
  }
  const std::size_t size = size_of(bytes);
  if (!is_kind(bytes[0]) || size > kContentBytesMax) {
    bytes.clear();
    return TlsRecord{RecordKind::close, std::string(kBad)};
  }
  TlsRecord record{static_cast<RecordKind>(bytes[0]),
                   turned(std::string_view(bytes).substr(kHeadBytes, size))};
  bytes.erase(0, kHeadBytes + size);
  return record;
}

}  // namespace keyswap::test

namespace keyswap::tls {

using base::Errc;
using base::Error;
using test::RecordKind;
using test::seal;
using test::unseal;

struct Engine::State {
  enum class Phase : std::uint8_t { handshaking, open, closed, failed };

  Error fail() {
    phase = Phase::failed;
    failure.cause = base::Cause::tls_alert;
    return {Errc::tls, "broken"};
  }

  [[nodiscard]] bool has_whole_record() const { return test::has_record(received); }

  bool is_server = false;
  bool has_said_hello = false;
  bool is_peer_closed = false;
  base::Failure failure;
  Phase phase = Phase::handshaking;
  std::string host;      // that is asked for
  std::string received;  // ciphertext
  std::string opened;    // plaintext that did not fit
  base::Buffer output{2 * base::bounds::kLegPendingBytesMax};
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}

Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

base::Result<Engine> Engine::accept(const ServerContext& /*context*/,
                                    const std::shared_ptr<const ca::Leaf>& /*leaf*/) {
  auto state = std::make_unique<State>();
  state->is_server = true;
  return Engine(std::move(state));
}

base::Result<Engine> Engine::connect(std::shared_ptr<const ClientContext> /*context*/,
                                     const std::string& host,
                                     bool /*host_is_ip*/,
                                     const Session& /*resume*/) {
  auto state = std::make_unique<State>();
  state->host = host;
  return Engine(std::move(state));
}

base::Status Engine::feed(std::string_view ciphertext) {
  if (state_->received.size() + ciphertext.size() > base::bounds::kLegUnreadBytesMax) {
    return Error{Errc::limit_exceeded, "too much ciphertext waits to be read"};
  }
  state_->received += ciphertext;
  return {};
}

void Engine::keep_unread_input() {}

base::Result<bool> Engine::handshake() {
  State& s = *state_;
  if (s.phase == State::Phase::failed) {
    return s.fail();
  }
  if (s.phase != State::Phase::handshaking) {
    return true;
  }
  if (!s.is_server && !std::exchange(s.has_said_hello, true)) {
    static_cast<void>(s.output.append(seal(RecordKind::hello, s.host)));
  }
  const auto record = unseal(s.received);
  if (!record) {
    return false;
  }
  if (record->kind != RecordKind::hello) {
    return s.fail();
  }
  if (s.is_server) {
    s.host = record->content;
    static_cast<void>(s.output.append(seal(RecordKind::hello, "")));
  }
  s.phase = State::Phase::open;
  return true;
}

base::Result<Engine::Read> Engine::read(char* buffer, std::size_t capacity) {
  State& s = *state_;
  if (s.phase == State::Phase::failed && s.opened.empty()) {
    return s.fail();
  }
  while (s.opened.size() < capacity && !s.is_peer_closed && s.phase != State::Phase::failed) {
    const auto record = unseal(s.received);
    if (!record) {
      break;
    }
    if (record->kind == RecordKind::data) {
      s.opened += record->content;
    } else if (record->kind == RecordKind::close && record->content.empty()) {
      s.is_peer_closed = true;
    } else {
      static_cast<void>(s.fail());
    }
  }
  if (s.phase == State::Phase::failed && s.opened.empty()) {
    return s.fail();
  }
  Read got{std::min(capacity, s.opened.size()), false};
  std::copy_n(s.opened.data(), got.size, buffer);
  s.opened.erase(0, got.size);
  got.is_closed = s.is_peer_closed && s.opened.empty();
  return got;
}

base::Status Engine::write(std::string_view plaintext) {
  State& s = *state_;
  if (s.phase != State::Phase::open) {
    return Error{Errc::closed, "the TLS connection is not open for writing"};
  }
  if (plaintext.empty()) {
    return {};
  }
  if (s.output.size() + plaintext.size() > base::bounds::kLegPendingBytesMax ||
      !s.output.append(seal(RecordKind::data, plaintext))) {
    return Error{Errc::limit_exceeded, "too much ciphertext waits to be sent"};
  }
  return {};
}

void Engine::close() {
  if (state_->phase == State::Phase::open) {
    state_->phase = State::Phase::closed;
    static_cast<void>(state_->output.append(seal(RecordKind::close, "")));
  }
}

base::Buffer& Engine::output() {
  return state_->output;
}

bool Engine::has_unread_input() const {
  return !state_->opened.empty() || state_->has_whole_record();
}

bool Engine::has_failed() const {
  return state_->phase == State::Phase::failed;
}

const base::Failure& Engine::failure() const {
  return state_->failure;
}

std::optional<Alert> Engine::alert() const {
  return std::nullopt;
}

std::string Engine::server_name() const {
  return state_->is_server ? state_->host : std::string();
}

PeerInfo Engine::peer() const {
  return {"TLSv1.3", "00"};
}

Session Engine::take_session() {
  return nullptr;
}

bool Engine::was_resumed() const {
  return false;
}

}  // namespace keyswap::tls
