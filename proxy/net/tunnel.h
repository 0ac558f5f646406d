// SPDX-License-Identifier: Apache-2.0
//
// A client's connection that asked for a tunnel to a host in no binding: it carries bytes, with
// back-pressure, and what the machine asks for (proxy/flow/tunnel.h). It decides nothing. Its
// upstream is not read before the tunnel is open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/flow/tunnel.h"
#include "proxy/net/dial.h"
#include "proxy/net/handle.h"
#include "proxy/net/leg.h"
#include "proxy/net/stage.h"
#include "proxy/net/tunnel_request.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

class Connection;

// It may end inside one of its own events (a write to the client shows that the client is gone).
class Tunnel final : public Stage, public UpstreamUser {
 public:
  static void begin(Connection& connection, TunnelRequest request);

  Tunnel(Connection& connection, TunnelRequest request);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  Tunnel(Tunnel&&) = delete;
  Tunnel& operator=(Tunnel&&) = delete;

  ~Tunnel() override { release(); }

  [[nodiscard]] bool wants_bytes() const override;
  std::string_view on_bytes(std::string_view bytes) override;
  void on_client_end(bool is_clean) override;

  void on_client_said_all() override {}

  void on_client_broken() override;
  void on_client_drained() override;
  void on_time_out() override;
  void on_drain() override;
  void on_cut() override;
  void on_over() override;

  void on_upstream(flow::Event /*event*/) override {}

  void on_upstream_raw(std::string_view bytes) override;
  void on_upstream_raw_end() override;
  void on_upstream_drained() override;

 private:
  // Of the machine's run.
  struct Run {
    std::vector<flow::TunnelEvent> follow_ups;  // what actions brought about at once
    flow::TunnelActions actions;                // empty but for the time they are carried out
    std::string_view unused;                    // of what the client sent and is handed in
    bool is_on = false;
  };

  void drive(flow::TunnelEvent event);
  void carry_out(flow::TunnelEvent event);
  void perform(const flow::Dial& action);
  void perform(const flow::Record& action);
  void perform(const flow::OpenTunnel& action);
  void perform(const flow::PassBytes& action);
  void perform(const flow::PassKept& action);
  void perform(const flow::EndSide& action);
  void perform(const flow::ReadRequests& action);
  void perform(const flow::RefuseTunnel& action);
  void perform(const flow::RefuseUnrecorded& action);
  void perform(const flow::SetWait& action);
  void perform(const flow::RecordResponse& action);
  void perform(const flow::ReleaseUpstream& action);
  void perform(const flow::Finish& action);

  void dialed(Dial::Outcome outcome);
  void pass(std::string_view bytes, Leg& from, Leg& to);
  [[nodiscard]] Leg& leg(flow::Side side);
  void release();

  Connection* connection_;
  Context* context_;
  TunnelRequest request_;
  std::string request_id_;
  flow::Tunnel machine_;
  Run run_;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Upstream> upstream_;
  std::int64_t opened_us_ = 0;  // steady clock; 0: it is not
  std::int64_t heard_ms_ = 0;   // when bytes came last
  flow::Wait wait_ = flow::Wait::none;
  Anchor<Tunnel> anchor_{*this};
};

}  // namespace keyswap::net
