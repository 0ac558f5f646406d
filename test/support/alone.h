// SPDX-License-Identifier: Apache-2.0
//
// The machine of a WebSocket where messages are signed, brought to one state; what it asks for is
// not answered.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "proxy/flow/websocket.h"
#include "test/support/dialogue.h"
#include "test/support/script.h"

namespace keyswap::test {

class Alone {
 public:
  explicit Alone(int state) : bindings_(test::bindings_of(test::kTrading)) {
    REQUIRE(vault::lock_memory());
    machine_ = std::make_unique<WebSocket>(WebSocket::Setup{
        .destination = {Protocol::https, {"ws-api.binance.com", 443, http::HostKind::name}},
        .target = "/ws-api/v3",
        .caller = "",
        .bindings = bindings_,
        .collected = CollectedShare(collected_bytes)});
    lead_to(state);
  }

  WebSocketEvent message(bool has_moment, bool is_final = true) {
    MessagePiece piece{Side::client, http::Opcode::text, order_, is_final, std::nullopt};
    if (has_moment) {
      piece.moment = Moment{++number_, bindings_, "req", "", std::nullopt, 1'645'423'376'532'000};
    }
    return piece;
  }

  static WebSocketEvent secrets() {
    SecretsReady ready;
    ready.secrets.push_back(vault::Secret::copy_of(test::kTradingKey).value());
    ready.secrets.push_back(vault::Secret::copy_of(test::kTradingSecret).value());
    return ready;
  }

  // Whatever can happen: one of each, by its number; nothing after the last.
  std::optional<WebSocketEvent> event(int number) {
    switch (number) {
      case 0:
        return message(true);
      case 1:
        return message(false);
      case 2:
        return message(false, false);
      case 3:
        return MessagePiece{Side::upstream, http::Opcode::text, "{}", true, std::nullopt};
      case 4:
        return ControlFrame{Side::client, http::Opcode::ping, "p"};
      case 5:
        return ControlFrame{Side::upstream, http::Opcode::close, ""};
      case 6:
        return FrameError{Side::client};
      case 7:
        return FrameError{Side::upstream};
      case 8:
        return SideGone{Side::client};
      case 9:
        return SideGone{Side::upstream};
      case 10:
        return GoingAway{};
      case 11:
        return Charged{};
      case 12:
        return secrets();
      case 13:
        return SecretsUnavailable{"KEY"};
      case 14:
        return RecordDone{true};
      case 15:
        return TimedOut{};
      default:
        return std::nullopt;
    }
  }

  void on(WebSocketEvent event) {
    actions.clear();
    machine_->on(std::move(event), actions);
  }

  template <typename Asked>
  [[nodiscard]] std::size_t asked() const {
    std::size_t count = 0;
    for (const auto& action : actions) {
      count += std::holds_alternative<Asked>(action) ? 1 : 0;
    }
    return count;
  }

  [[nodiscard]] bool has_sent_a_secret() const {
    for (const auto& action : actions) {
      const auto* sent = std::get_if<SendFrame>(&action);
      if (sent != nullptr && sent->is_secret) {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] const WebSocket& machine() const { return *machine_; }

  void destroy() { machine_.reset(); }

  CollectedBytes collected_bytes;
  WebSocketActions actions;

 private:
  void lead_to(int state) {
    if (state == 1) {
      on(message(false, false));  // in the middle of a message
    } else if (state == 2 || state == 3 || state == 4) {
      on(message(true));  // it is charged
      REQUIRE(machine_->awaits_charge(1));
      if (state != 2) {
        on(Charged{});  // its secrets are opened
      }
      if (state == 4) {
        on(secrets());  // it is recorded
        REQUIRE(machine_->awaits_record());
      }
    } else if (state == 5 || state == 6) {
      on(ControlFrame{state == 5 ? Side::client : Side::upstream, http::Opcode::close, ""});
    } else if (state == 7) {
      on(GoingAway{});
      REQUIRE(machine_->is_over());
    }
  }

  std::shared_ptr<const bindings::Bindings> bindings_;
  std::unique_ptr<WebSocket> machine_;
  std::string order_ = test::order("7");
  std::uint64_t number_ = 0;
};

}  // namespace keyswap::test
