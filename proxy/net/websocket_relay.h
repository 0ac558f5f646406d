// SPDX-License-Identifier: Apache-2.0
//
// A WebSocket between a client and an upstream: bytes to frames and back, and what the machine
// (proxy/flow/websocket.h) asks for. Owned by the stream that became it, which keeps the lease of
// the upstream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/flow/websocket.h"
#include "proxy/http/websocket.h"
#include "proxy/limits/limiter.h"
#include "proxy/net/client.h"
#include "proxy/net/context.h"
#include "proxy/net/handle.h"
#include "proxy/net/leg.h"
#include "proxy/net/secret_lane.h"
#include "proxy/net/upstream.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

class WebSocketRelay final : public UpstreamUser {
 public:
  struct Setup {
    flow::Destination destination;
    std::string target;              // of the request that opened it
    std::string request_id;          // likewise
    const Client* client = nullptr;  // outlives this
    Caller caller;                   // looked up anew for each message
    Policy policy;                   // that it was opened by
    std::int64_t opened_us = 0;      // steady clock
    flow::BeginWebSocket begun = {};
  };

  // What the stream is told.
  struct Told {
    std::function<void()> read_on;  // more of the client's bytes are wanted
    std::function<void()> ended;    // once
  };

  // `client` and `upstream` outlive this.
  WebSocketRelay(Context& context, Leg& client, Upstream& upstream, Setup setup, Told told);
  WebSocketRelay(const WebSocketRelay&) = delete;
  WebSocketRelay& operator=(const WebSocketRelay&) = delete;
  WebSocketRelay(WebSocketRelay&&) = delete;
  WebSocketRelay& operator=(WebSocketRelay&&) = delete;
  ~WebSocketRelay() override = default;

  // Gives what it did not use: a message is being dealt with.
  std::string_view on_client_bytes(std::string_view bytes);
  [[nodiscard]] bool wants_client() const;
  void on_client_gone();
  void on_client_drained();
  // The proxy stops.
  void drain();

  void on_upstream(flow::Event /*event*/) override {}

  void on_upstream_raw(std::string_view bytes) override;
  void on_upstream_raw_end() override;
  void on_upstream_drained() override;

 private:
  struct Message {
    std::string request_id;
    limits::Ticket ticket;
    std::int64_t sent_us = 0;
  };

  // Of the message under way: what it is judged by.
  struct Moment {
    Policy policy;
    std::string caller;
    std::uint64_t number = 0;
  };

  // Of the machine's run.
  struct Run {
    std::vector<flow::WebSocketEvent> follow_ups;  // what actions brought about at once
    bool is_on = false;
    bool is_in_read = false;
    bool awaits_record = false;
  };

  // Both ways together.
  struct Traffic {
    std::uint64_t bytes = 0;
    std::int64_t last_heard_ms = 0;
  };

  struct Frames {
    http::FrameDecoder client{http::FrameDecoder::Sender::client};
    http::FrameDecoder upstream{http::FrameDecoder::Sender::server};
  };

  void drive(flow::WebSocketEvent event);
  void carry_out(flow::WebSocketEvent event);
  void perform(const flow::Record& action);
  void perform(const flow::EndMessage& action);
  void perform(const flow::EndWebSocket& action);
  void perform(const flow::Charge& action);
  void perform(const flow::FetchSecrets& action);
  void perform(const flow::SendFrame& action);
  void perform(const flow::SetWait& action);

  [[nodiscard]] flow::WebSocketEvent event_of(const http::FrameStep& step, flow::Side from);
  void record_done(bool is_durable);
  bool charge_done(std::uint64_t number, limits::ChargeAnswer& answer);
  flow::Moment begin_message();
  [[nodiscard]] std::optional<audit::Reason> refusal_of_moment() const;
  [[nodiscard]] bool write_to_upstream(const flow::SendFrame& frame);
  [[nodiscard]] bool write_to_client(const flow::SendFrame& frame);
  void flush();
  void on_time_out();
  void wait_idle();

  Context* context_;
  Leg* client_;
  Upstream* upstream_;
  Setup setup_;
  Told told_;
  Frames frames_;
  flow::WebSocket machine_;
  Run run_;
  Moment now_;
  std::unordered_map<std::uint64_t, Message> messages_;  // begun and not ended
  SecretFetch fetch_;                                    // of the message under way
  bool is_waiting_ = false;  // the timer runs for a wait of the machine, not for idleness
  Traffic traffic_;
  uv::Timer timer_;
  Anchor<WebSocketRelay> anchor_{*this};
};

}  // namespace keyswap::net
