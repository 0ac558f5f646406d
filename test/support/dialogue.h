// SPDX-License-Identifier: Apache-2.0
//
// Drives the machine of a WebSocket by events and keeps a transcript. The world around it answers
// at once unless told otherwise; frames that leave are decoded again, so that the transcript shows
// messages.
#pragma once

#include <catch2/catch.hpp>

#include "proxy/flow/websocket.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::test {

using namespace flow;  // NOLINT(google-build-using-namespace): the words of the machine

inline const std::string kTradingPlaceholder = "BINANCE_PLACEHOLDER_0000000001";
inline const std::string kTradingKey =
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
inline const std::string kTradingSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

// B trades by messages, within limits.
inline const char* const kTrading = R"(
version: 1
secrets:
  B:
    placeholder: BINANCE_PLACEHOLDER_0000000001
    inject: { type: binance, api_key: KEY, api_secret: SECRET }
    bindings:
      - host: ws-api.binance.com
        websocket: true
        daily_volume_usd: 1000
        max_order_usd: 600
        endpoints: ["WS order.cancelReplace"]
)";

// A WebSocket whose messages nobody signs.
inline const char* const kPlainWebSocket = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: ws-api.binance.com, websocket: true } ]
)";

inline constexpr http::Mask kMask = {0x12, 0x34, 0x56, 0x78};

// An order over 500 USD, or `quantity` times 50,000.
inline std::string order(const std::string& id, const std::string& quantity = "0.01") {
  return R"({"id":")" + id +
         R"(","method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL",)" +
         R"("type":"LIMIT","timeInForce":"GTC","price":"50000.00","quantity":")" + quantity +
         R"(","timestamp":1645423376532,"apiKey":")" + kTradingPlaceholder +
         R"(","signature":"00"}})";
}

class Dialogue {
 public:
  // `known`, `real`: of all loops; outlive it.
  explicit Dialogue(const std::string& yaml = kTrading,
                    KnownSecrets* known = nullptr,
                    const RealValues* real = nullptr,
                    const std::string& target = "/ws-api/v3?x=y")
      : bindings_(test::bindings_of(yaml)) {
    REQUIRE(vault::lock_memory());
    machine_ = std::make_unique<WebSocket>(WebSocket::Setup{
        .destination = {Protocol::https, {"ws-api.binance.com", 443, http::HostKind::name}},
        .target = target,
        .caller = "ann",
        .bindings = bindings_,
        .collected = CollectedShare(collected_bytes),
        .known = known,
        .real = real,
    });
  }

  CollectedBytes collected_bytes;
  bool answers_records = true;
  bool records_are_durable = true;
  bool has_secrets = true;
  bool answers_fetches = true;
  std::string last_control;  // the payload of the last control frame that left
  std::string key = kTradingKey;
  Wait wait = Wait::none;
  std::string secret = kTradingSecret;
  Charged charged;
  std::optional<audit::Reason> stranger;

  Dialogue& client(const std::string& text,
                   std::size_t piece = 0,
                   http::Opcode opcode = http::Opcode::text) {
    return message(Side::client, text, piece, opcode);
  }

  Dialogue& upstream(const std::string& text, std::size_t piece = 0) {
    return message(Side::upstream, text, piece, http::Opcode::text);
  }

  Dialogue& message(Side from, const std::string& text, std::size_t piece, http::Opcode opcode) {
    std::string_view rest = text;
    do {
      const auto size = piece == 0 ? rest.size() : std::min(piece, rest.size());
      MessagePiece event{from, opcode, rest.substr(0, size), size == rest.size(), std::nullopt};
      if (event.is_final && from == Side::client && machine_->is_judged(opcode)) {
        event.moment = Moment{++number_,
                              bindings_,
                              "req-" + std::to_string(number_),
                              "ann",
                              stranger,
                              1'645'423'376'532'000};
      }
      on(std::move(event));
      rest.remove_prefix(size);
    } while (!rest.empty());
    return *this;
  }

  Dialogue& control(Side from, http::Opcode opcode, const std::string& payload) {
    return on(ControlFrame{from, opcode, payload});
  }

  Dialogue& on(WebSocketEvent event) {
    std::optional<WebSocketEvent> next(std::move(event));
    while (next) {
      WebSocketActions actions;
      machine_->on(std::move(*next), actions);
      next.reset();
      for (const auto& action : actions) {
        std::visit([&](const auto& asked) { perform(asked, next); }, action);
      }
      machine_->carried_out();
    }
    return *this;
  }

  Dialogue& reload(const std::string& yaml) {
    bindings_ = test::bindings_of(yaml);
    return *this;
  }

  // What was asked for since the last time.
  std::string transcript() { return std::exchange(lines_, ""); }

  [[nodiscard]] const WebSocket& machine() const { return *machine_; }

 private:
  using Next = std::optional<WebSocketEvent>;

  void perform(const Record& action, Next& next) {
    lines_ += "record " + std::string(audit::to_string(action.decision)) + " " +
              std::string(audit::to_string(action.reason));
    if (action.rule) {
      lines_ += " " + bindings_->rules[*action.rule].name.text();
    }
    for (const RealSighting& one : action.real_values) {
      lines_ += " +real " + one.secret + " " + std::string(to_string(one.where)) + " " +
                std::string(to_string(one.encoding));
    }
    lines_ += " " + std::string(action.method) + " " + action.path + "\n";
    if (answers_records) {
      next = RecordDone{records_are_durable};
    }
  }

  void perform(const EndMessage& action, Next& /*next*/) {
    constexpr std::array<std::string_view, 3> kFates = {"kept", "refused", "not sent"};
    lines_ += "message " + std::to_string(action.number) + " " +
              std::string(kFates.at(static_cast<std::size_t>(action.fate)));
    if (action.response) {
      lines_ += " response " + std::to_string(action.response->status) + " " +
                std::string(audit::to_string(action.response->outcome)) + " " +
                std::to_string(action.response->body_bytes);
    }
    lines_ += "\n";
  }

  void perform(const EndWebSocket& action, Next& /*next*/) {
    lines_ += "end " + std::string(audit::to_string(action.outcome)) + "\n";
    for (const Finding& found : action.scrubbed) {
      lines_ += "scrubbed " + found.secret + " " + std::string(to_string(found.where)) + " " +
                std::string(to_string(found.encoding)) + " " + std::to_string(found.count) + "\n";
    }
  }

  void perform(const Charge& action, Next& next) {
    lines_ += "charge " + std::to_string(action.volume_e8 / 100'000'000) + "\n";
    next = charged;
  }

  void perform(const FetchSecrets& /*action*/, Next& next) {
    lines_ += "fetch\n";
    if (!answers_fetches) {
      return;
    }
    if (!has_secrets) {
      next = SecretsUnavailable{"KEY"};
      return;
    }
    SecretsReady ready;
    ready.secrets.push_back(vault::Secret::copy_of(key).value());
    ready.secrets.push_back(vault::Secret::copy_of(secret).value());
    next = std::move(ready);
  }

  void perform(const SendFrame& action, Next& /*next*/) {
    base::Buffer out(base::bounds::kLegPendingBytesMax);
    const bool is_to_client = action.to == Side::client;
    REQUIRE(http::encode_frame(out,
                               action.opcode,
                               action.is_final,
                               action.payload,
                               is_to_client ? std::nullopt : std::optional(kMask)));
    show(is_to_client       ? "to client"
         : action.is_secret ? "to upstream (secret)"
                            : "to upstream",
         is_to_client ? to_client_ : to_upstream_,
         out.view());
  }

  void perform(const SetWait& action, Next& /*next*/) { wait = action.wait; }

  void show(const std::string& to, http::FrameDecoder& decoder, std::string_view bytes) {
    for (;;) {
      const auto step = decoder.next(bytes);
      bytes.remove_prefix(step.consumed);
      if (step.kind == http::FrameStep::Kind::need_more) {
        return;
      }
      REQUIRE(step.kind != http::FrameStep::Kind::error);
      lines_ += to + ": ";
      if (step.kind == http::FrameStep::Kind::control) {
        last_control = step.payload;
        lines_ += step.opcode == http::Opcode::close  ? "close " + code_of(step.payload)
                  : step.opcode == http::Opcode::ping ? "ping " + std::string(step.payload)
                                                      : "pong " + std::string(step.payload);
      } else {
        lines_ += (step.opcode == http::Opcode::binary ? "(binary) " : "") +
                  std::string(step.payload) + (step.is_final ? "" : " ...");
      }
      lines_ += "\n";
    }
  }

  static std::string code_of(std::string_view payload) {
    if (payload.size() < 2) {
      return "";
    }
    const auto byte = [&](std::size_t i) {
      return static_cast<unsigned char>(payload[i]);
    };
    return std::to_string(byte(0) * 256U + byte(1));
  }

  std::shared_ptr<const bindings::Bindings> bindings_;
  std::unique_ptr<WebSocket> machine_;
  http::FrameDecoder to_upstream_{http::FrameDecoder::Sender::client};
  http::FrameDecoder to_client_{http::FrameDecoder::Sender::server};
  std::uint64_t number_ = 0;
  std::string lines_;
};

}  // namespace keyswap::test
