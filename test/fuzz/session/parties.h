// SPDX-License-Identifier: Apache-2.0
//
// The two ends of what passes through the proxy in session_fuzz: clients, and upstreams that were
// dialled. Each sends texts, in pieces, and looks at all that comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/decoder.h"
#include "test/fuzz/session/around.h"
#include "test/fuzz/session/engine.h"
#include "test/fuzz/session/texts.h"
#include "test/fuzz/session/world.h"

namespace keyswap::test {

inline constexpr std::size_t kRoomBytes = std::size_t{64} * 1024;

// An end that the script plays.
class Party {
 public:
  explicit Party(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  [[nodiscard]] Wire& wire() { return *wire_; }

  // Can it still send?
  [[nodiscard]] bool is_live() const {
    return !wire_->is_proxy_closed && !wire_->is_reset && !wire_->is_peer_done &&
           wire_->state == Wire::State::open;
  }

  // Any text at all, as it goes on the wire.
  void say_bytes(std::string_view bytes) { outbox_ += bytes; }

  // The next `count` bytes of what it has to say.
  void send(std::size_t count);

  void send_all() { send(outbox_.size()); }

  void end() { wire_->is_peer_done = wire_->state == Wire::State::open; }

  void reset() { wire_->is_reset = wire_->state == Wire::State::open; }

  // What it takes until the next time.
  void give_room(std::size_t bytes) { wire_->room = bytes; }

 protected:
  std::shared_ptr<Wire> wire_;
  std::string outbox_;
};

class Client final : public Party {
 public:
  using Party::Party;

  void say(Say say, int number);
  // Looks at what came.
  void look();

  // The beginning of all that came, as it was on the wire.
  [[nodiscard]] const std::string& heard() const { return heard_; }

  // Did it ask for an opaque tunnel, first of all, and speak no HTTP in it?
  [[nodiscard]] bool is_opaque() const { return is_opaque_; }

 private:
  std::string heard_;
  bool has_spoken_ = false;
  bool is_opaque_ = false;
  bool is_in_tls_ = false;  // from its hello on, what it says is sealed
};

class Server final : public Party {
 public:
  Server(std::shared_ptr<Wire> wire, ScriptedLog& log) : Party(std::move(wire)), log_(&log) {}

  // The answer to the connection and to the handshake.
  enum class Manner : std::uint8_t { good, refuses, silent, bad_handshake, resets };
  void meet(Manner manner);

  [[nodiscard]] bool is_met() const { return wire_->state != Wire::State::connecting; }

  void say(Answer answer);
  void look();

 private:
  [[nodiscard]] bool has_tls() const {
    return wire_->remote.port != kOpaquePort && wire_->remote.port != kPlainPort;
  }

  void read(std::string_view plain);
  void read_requests(std::string_view bytes);

  ScriptedLog* log_;
  Manner manner_ = Manner::good;
  bool is_secured_ = false;
  bool has_spoken_raw_ = false;  // the tunnel's first byte came
  bool is_upgraded_ = false;
  bool is_dead_ = false;    // what comes is not read as requests any more
  bool knows_key_ = false;  // of the request that came last
  std::string ciphertext_;
  http::Decoder decoder_{http::Decoder::Role::request};
};

}  // namespace keyswap::test
