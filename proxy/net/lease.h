// SPDX-License-Identifier: Apache-2.0
//
// The right to use a connection to an upstream for one exchange. In HTTP/1.1 the connection is the
// exchange's alone as long as the lease lasts; the exchange need not know. It is got from the
// pool, from those that belong to this client connection (I16), or dialled; it goes back to where
// it may rest, or is closed. Owned by a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/flow/action.h"
#include "proxy/flow/event.h"
#include "proxy/http/message.h"
#include "proxy/net/bound_upstreams.h"
#include "proxy/net/context.h"
#include "proxy/net/dial.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

// Whose lease it is. None of these may destroy it.
class LeaseEvents {
 public:
  LeaseEvents() = default;
  LeaseEvents(const LeaseEvents&) = delete;
  LeaseEvents& operator=(const LeaseEvents&) = delete;
  LeaseEvents(LeaseEvents&&) = delete;
  LeaseEvents& operator=(LeaseEvents&&) = delete;
  virtual ~LeaseEvents() = default;

  // What was dialled is there (Lease::upstream), or failed for these reasons.
  virtual void on_lease_dialed(audit::Reason reason, base::Failure failure) = 0;
  virtual void on_lease_event(flow::Event event) = 0;  // UpstreamHead, -Body, -End, -Broken
  virtual void on_lease_read_done() = 0;               // what came in one read is told
  virtual void on_lease_drained() = 0;
};

class Lease final : public UpstreamUser {
 public:
  // What it is for.
  struct Wanted {
    const flow::Destination& destination;
    const Policy& policy;
    std::string owner;  // UpstreamKey::owner
    http::AnswerTo answer_to = http::AnswerTo::other;
  };

  // All outlive this.
  Lease(Context& context, BoundUpstreams& bound, LeaseEvents& events)
      : context_(&context), bound_(&bound), events_(&events) {}

  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Lease(Lease&&) = delete;
  Lease& operator=(Lease&&) = delete;

  ~Lease() override { drop(); }

  // Gets a connection: one at rest is there at once (upstream()); else one is dialled, and
  // on_lease_dialed follows.
  void get(Wanted wanted);
  // The same, dialled whatever is at rest.
  void get_anew(Wanted wanted);

  // Null while there is none.
  [[nodiscard]] Upstream* upstream() const { return upstream_.get(); }

  [[nodiscard]] bool is_dialing() const { return dial_ != nullptr; }

  // Was the exchange's head sent over it? Until then nothing that it says is for the exchange.
  [[nodiscard]] bool is_used() const { return is_used_; }

  // To the upstream, if it is there. False: it cannot be written, and nothing of it was.
  [[nodiscard]] bool send_head(const http::OutgoingRequest& head);
  [[nodiscard]] bool send_body(std::string_view bytes);
  [[nodiscard]] bool send_secret(std::string_view bytes);
  [[nodiscard]] bool end_request();

  // The exchange needs it no more.
  void release(const flow::ReleaseUpstream& how);
  // The same; the connection is closed, and a dial under way given up.
  void drop();

  void on_upstream(flow::Event event) override;
  void on_upstream_read_done() override;

  void on_upstream_raw(std::string_view /*bytes*/) override {}

  void on_upstream_raw_end() override {}

  void on_upstream_drained() override;

 private:
  void take(std::unique_ptr<Upstream> upstream, http::AnswerTo answer_to);
  void dial(Wanted wanted);
  void lose();

  Context* context_;
  BoundUpstreams* bound_;
  LeaseEvents* events_;
  std::unique_ptr<Dial> dial_;
  std::unique_ptr<Upstream> upstream_;
  bool is_used_ = false;
};

}  // namespace keyswap::net
