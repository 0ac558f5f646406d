// SPDX-License-Identifier: Apache-2.0
//
// A WebSocket between a client and an upstream: bytes to frames and back, and what the machine
// (proxy/flow/websocket.h) asks for. Owned by the session that opened it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/context.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/websocket.h"
#include "proxy/http/websocket.h"
#include "proxy/leg.h"
#include "proxy/limits/limiter.h"
#include "proxy/secret_lane.h"
#include "proxy/upstream.h"
#include "proxy/uv/timer.h"

namespace keyswap::proxy {

class WebSocketRelay final : public UpstreamUser {
 public:
  struct Setup {
    std::uint64_t session = 0;  // who is told of records and charges
    flow::Destination destination;
    std::string target;      // of the request that opened it
    std::string request_id;  // likewise
    std::string client_address;
    std::optional<std::uint32_t> client_user;
    std::string caller;
    std::optional<flow::CallerClaim> claim;  // looked up anew for each message
    Policy policy;                           // that it was opened by
    std::int64_t opened_us = 0;              // steady clock
    // Of the session's charges so far. Messages are numbered after it, so that a late answer to one
    // of those is never taken for the answer to a message.
    std::uint64_t last_charge = 0;
  };

  // What the session is told.
  struct Told {
    std::function<void()> read_on;  // more of the client's bytes are wanted
    std::function<void()> ended;    // once
  };

  // `client` outlives this.
  WebSocketRelay(
      Context& context, Leg& client, std::unique_ptr<Upstream> upstream, Setup setup, Told told);
  WebSocketRelay(const WebSocketRelay&) = delete;
  WebSocketRelay& operator=(const WebSocketRelay&) = delete;
  WebSocketRelay(WebSocketRelay&&) = delete;
  WebSocketRelay& operator=(WebSocketRelay&&) = delete;
  ~WebSocketRelay() override;

  // Gives what it did not use: a message is being dealt with.
  std::string_view on_client_bytes(std::string_view bytes);
  [[nodiscard]] bool wants_client() const;
  void on_client_gone();
  void on_client_drained();
  void audit_done(bool is_durable);
  bool charge_done(std::uint64_t number, limits::ChargeAnswer& answer);
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
  flow::Moment begin_message();
  [[nodiscard]] std::optional<audit::Reason> refusal_of_moment() const;
  [[nodiscard]] bool write_to_upstream(const flow::SendFrame& frame);
  [[nodiscard]] bool write_to_client(const flow::SendFrame& frame);
  void flush();
  void on_time_out();
  void wait_idle();

  Context* context_;
  Leg* client_;
  std::unique_ptr<Upstream> upstream_;
  Setup setup_;
  Told told_;
  http::FrameDecoder client_frames_{http::FrameDecoder::Sender::client};
  http::FrameDecoder upstream_frames_{http::FrameDecoder::Sender::server};
  flow::WebSocket machine_;

  bool is_driving_ = false;
  bool is_in_read_ = false;
  std::vector<flow::WebSocketEvent> follow_ups_;  // what actions brought about at once

  Policy policy_;       // of the message under way
  std::string caller_;  // likewise
  std::uint64_t numbers_ = setup_.last_charge;
  std::unordered_map<std::uint64_t, Message> messages_;  // begun and not ended
  SecretFetch fetch_;                                    // of the message under way
  bool awaits_record_ = false;
  bool is_waiting_ = false;  // the timer runs for a wait of the machine, not for idleness
  std::uint64_t bytes_ = 0;  // both ways together
  std::int64_t last_heard_ms_ = 0;
  uv::Timer timer_;
};

}  // namespace keyswap::proxy
