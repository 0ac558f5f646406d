// SPDX-License-Identifier: Apache-2.0
//
// An opaque tunnel before it stands.
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/client_codec.h"
#include "proxy/net/connection.h"
#include "proxy/net/connector.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/tunnel.h"
#include "proxy/services/refusals.h"

namespace keyswap::net {

using audit::Reason;

void Reaching::begin(Connection& connection, TunnelRequest request) {
  connection.enter(std::make_unique<Reaching>(connection, std::move(request)));
}

Reaching::Reaching(Connection& connection, TunnelRequest request)
    : connection_(&connection),
      context_(&connection.context()),
      request_(std::move(request)),
      request_id_(context_->next_request_id()) {
  context_->upstreams.connector->make_room();
  dial_ = std::make_unique<Dial>(*context_,
                                 request_.destination,
                                 request_.policy,
                                 Dial::Depth::tcp_only,
                                 [this](Dial::Outcome outcome) { dialed(std::move(outcome)); });
}

void Reaching::dialed(Dial::Outcome outcome) {
  context_->bury(std::move(dial_));
  if (!outcome.upstream) {
    refuse(outcome.reason, std::move(outcome.failure));
    return;
  }
  upstream_ = std::move(outcome.upstream);
  upstream_->leg().hold(Leg::Hold::not_ready);
  const Client& client = connection_->client();
  const audit::DecisionRecord record{.is_tunnel = true,
                                     .ts_us = context_->clock->wall_us(),
                                     .request_id = request_id_,
                                     .decision = audit::Decision::pass,
                                     .reason = Reason::no_placeholder,
                                     .secret = {},
                                     .scheme = {},
                                     .client = {client.address, client.user, request_.caller.name},
                                     .destination = {request_.destination.authority.host,
                                                     request_.destination.authority.port,
                                                     request_.method,
                                                     {}},
                                     .bindings_sha256 = request_.policy.bindings->sha256};
  context_->audit->add(record);
  context_->audit->wait_for([self = anchor_.handle()](bool is_durable) {
    if (Reaching* const reaching = self.get()) {
      reaching->recorded(is_durable);
    }
  });
  awaits_record_ = true;
  connection_->timer().set(base::bounds::kRecordMs);
}

// I6: no byte of a tunnel leaves before its record is durable.
void Reaching::recorded(bool is_durable) {
  if (!std::exchange(awaits_record_, false)) {
    return;
  }
  if (!is_durable) {
    refuse(Reason::audit_unavailable, {});
    return;
  }
  Tunnel::begin(*connection_,
                {.destination = std::move(request_.destination),
                 .request_id = std::move(request_id_),
                 .caller = std::move(request_.caller),
                 .upstream = std::move(upstream_)});
}

void Reaching::refuse(Reason reason, base::Failure failure) {
  drop();
  refuse_tunnel(*connection_, request_, reason, std::move(failure));
}

void Reaching::drop() {
  if (dial_) {
    dial_->cancel();
    context_->bury(std::move(dial_));
  }
  if (upstream_) {
    upstream_->leg().silence();
    upstream_->leave();
    context_->bury(std::move(upstream_));
  }
}

// --- it will not be opened ---

void Reaching::on_client_end(bool /*is_clean*/) {
  give_up(Reason::client_timeout);
}

void Reaching::on_client_said_all() {
  give_up(Reason::client_timeout);
}

void Reaching::on_client_broken() {
  give_up(Reason::client_timeout);
}

void Reaching::on_drain() {
  give_up(Reason::shutting_down);
}

void Reaching::on_cut() {
  connection_->end();
}

// Where its upstream is not reached yet, and will not be: refused, and recorded as that.
void Reaching::give_up(Reason reason) {
  if (dial_) {
    refuse(reason, {});
  } else {
    connection_->end();  // it is recorded
  }
}

// I10: a disk that hangs does not hold the client. Another record would hang likewise.
void Reaching::on_time_out() {
  record_unsent();
  drop();
  ClientCodec codec(connection_->leg());
  codec.answer(request_.version);
  const services::Refusals refusals(Reason::audit_unavailable, request_id_);
  codec.send_reply(refusals.answer({}, ""));
  connection_->close_politely(Leg::Ending::said);
}

void Reaching::on_over() {
  if (awaits_record_) {
    record_unsent();
  }
  drop();
}

// It is recorded, or may yet be, and not opened.
void Reaching::record_unsent() {
  awaits_record_ = false;
  add_response(*context_,
               request_id_,
               request_.destination,
               {0, audit::Outcome::not_sent, 0},
               0,
               upstream_.get());
}

}  // namespace keyswap::net
