// SPDX-License-Identifier: Apache-2.0
//
// An opaque tunnel, for hosts in no binding. Its upstream is reached and the tunnel recorded before
// it is opened (I6); then bytes go as they are, both ways, with back-pressure and half-closes kept.
// Nothing in it is looked at but the first bytes, and no secret can be in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/flow/action.h"
#include "proxy/net/dial.h"
#include "proxy/net/handle.h"
#include "proxy/net/stage.h"
#include "proxy/net/tunnel_request.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

class Connection;

// Its upstream is being reached, or its record made durable.
class Reaching final : public Stage {
 public:
  static void begin(Connection& connection, TunnelRequest request);

  Reaching(Connection& connection, TunnelRequest request);
  Reaching(const Reaching&) = delete;
  Reaching& operator=(const Reaching&) = delete;
  Reaching(Reaching&&) = delete;
  Reaching& operator=(Reaching&&) = delete;

  ~Reaching() override { drop(); }

  [[nodiscard]] bool wants_bytes() const override { return false; }

  std::string_view on_bytes(std::string_view bytes) override { return bytes; }

  void on_client_end(bool is_clean) override;
  void on_client_said_all() override;
  void on_client_broken() override;
  void on_time_out() override;
  void on_drain() override;
  void on_cut() override;
  void on_over() override;

 private:
  void dialed(Dial::Outcome outcome);
  void recorded(bool is_durable);
  void give_up(audit::Reason reason);
  void record_unsent();
  void refuse(audit::Reason reason, base::Failure failure);
  void drop();

  Connection* connection_;
  Context* context_;
  TunnelRequest request_;
  std::string request_id_;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Upstream> upstream_;
  bool awaits_record_ = false;
  Anchor<Reaching> anchor_{*this};
};

// It may end inside one of its own events (a write to the client shows that the client is gone).
class Tunnel final : public Stage, public UpstreamUser {
 public:
  struct Setup {
    flow::Destination destination;
    std::string request_id;
    Caller caller;
    std::unique_ptr<Upstream> upstream;
  };

  // Says 200 and passes what came until now.
  static void begin(Connection& connection, Setup setup);

  Tunnel(Connection& connection, Setup setup);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  Tunnel(Tunnel&&) = delete;
  Tunnel& operator=(Tunnel&&) = delete;
  ~Tunnel() override;

  [[nodiscard]] bool wants_bytes() const override;
  std::string_view on_bytes(std::string_view bytes) override;
  void on_client_end(bool is_clean) override;

  void on_client_said_all() override {}

  void on_client_broken() override;
  void on_client_drained() override;
  void on_time_out() override;

  void on_drain() override {}

  void on_cut() override;
  void on_over() override;

  void on_upstream(flow::Event /*event*/) override {}

  void on_upstream_raw(std::string_view bytes) override;
  void on_upstream_raw_end() override;
  void on_upstream_drained() override;

 private:
  void pass(std::string_view bytes);
  void pass_unread();
  void end_if_done();
  void record_end();
  [[nodiscard]] flow::RecordResponse outcome() const;
  void stop();

  Connection* connection_;
  Context* context_;
  Setup setup_;
  std::int64_t opened_us_;     // steady clock
  std::uint64_t bytes_ = 0;    // both ways together
  std::int64_t heard_ms_ = 0;  // when they came last
  bool is_client_done_ = false;
  bool is_upstream_done_ = false;
  bool is_recorded_ = false;  // its end is
};

}  // namespace keyswap::net
