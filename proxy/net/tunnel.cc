// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/tunnel.h"

#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/http/h1/response_writer.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/client_codec.h"
#include "proxy/net/connection.h"
#include "proxy/net/connector.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/requests.h"
#include "proxy/services/refusals.h"

namespace keyswap::net {

void Tunnel::begin(Connection& connection, TunnelRequest request) {
  auto tunnel = std::make_unique<Tunnel>(connection, std::move(request));
  Tunnel& entered = *tunnel;
  connection.enter(std::move(tunnel));
  entered.drive(flow::TunnelAsked{});
}

Tunnel::Tunnel(Connection& connection, TunnelRequest request)
    : connection_(&connection),
      context_(&connection.context()),
      request_(std::move(request)),
      request_id_(context_->next_request_id()) {}

// --- what happens ---

bool Tunnel::wants_bytes() const {
  return connection_->is_in(*this) && machine_.wants_client();
}

std::string_view Tunnel::on_bytes(std::string_view bytes) {
  run_.unused = bytes;
  drive(flow::BytesCame{flow::Side::client, bytes});
  return std::exchange(run_.unused, {});
}

void Tunnel::on_upstream_raw(std::string_view bytes) {
  drive(flow::BytesCame{flow::Side::upstream, bytes});
}

void Tunnel::on_client_end(bool /*is_clean*/) {
  connection_->read_on();  // what came with CONNECT may not have been looked at yet
  if (connection_->is_in(*this)) {
    drive(flow::SideEnded{flow::Side::client});
  }
}

void Tunnel::on_upstream_raw_end() {
  if (upstream_->leg().is_silent()) {
    drive(flow::SideBroken{flow::Side::upstream, upstream_->has_stalled(), upstream_->failure()});
  } else {
    drive(flow::SideEnded{flow::Side::upstream});
  }
}

void Tunnel::on_client_broken() {
  drive(flow::SideBroken{flow::Side::client, connection_->leg().has_stalled()});
}

void Tunnel::on_client_drained() {
  if (upstream_) {
    upstream_->leg().release(Leg::Hold::other_side_full);
  }
}

void Tunnel::on_upstream_drained() {
  connection_->leg().release(Leg::Hold::other_side_full);
}

void Tunnel::on_time_out() {
  if (wait_ == flow::Wait::tunnel_idle) {
    const std::int64_t left_ms =
        idle_left_ms(connection_->leg(), upstream_->leg(), heard_ms_, context_->loop->now_ms());
    if (left_ms > 0) {
      connection_->timer().set(left_ms);
      return;
    }
  }
  drive(flow::TimedOut{});
}

void Tunnel::on_drain() {
  drive(flow::GoingAway{});
}

void Tunnel::on_cut() {
  connection_->end();
}

void Tunnel::on_over() {
  drive(flow::ConnectionOver{connection_->leg().has_stalled()});
}

void Tunnel::dialed(Dial::Outcome outcome) {
  context_->bury(std::move(dial_));
  if (!outcome.upstream) {
    drive(flow::DialFailed{outcome.reason, std::move(outcome.failure)});
    return;
  }
  upstream_ = std::move(outcome.upstream);
  upstream_->leg().hold(Leg::Hold::not_ready);
  drive(flow::Dialed{});
}

// --- what the machine asks for ---

void Tunnel::drive(flow::TunnelEvent event) {
  if (run_.is_on) {
    // What is put off would outlive its bytes; nobody reads in here.
    KS_ASSERT(!std::holds_alternative<flow::BytesCame>(event));
    run_.follow_ups.push_back(std::move(event));
    return;
  }
  run_.is_on = true;
  carry_out(std::move(event));
  for (std::size_t i = 0; i < run_.follow_ups.size(); ++i) {
    carry_out(std::move(run_.follow_ups[i]));
  }
  run_.follow_ups.clear();
  run_.is_on = false;
}

void Tunnel::carry_out(flow::TunnelEvent event) {
  machine_.on(std::move(event), run_.actions);
  for (const flow::TunnelAction& action : run_.actions) {
    std::visit([this](const auto& asked) { perform(asked); }, action);
  }
  run_.actions.clear();
}

void Tunnel::perform(const flow::Dial& /*action*/) {
  context_->upstreams.connector->make_room();
  dial_ = std::make_unique<Dial>(*context_,
                                 request_.destination,
                                 request_.policy,
                                 Dial::Depth::tcp_only,
                                 [this](Dial::Outcome outcome) { dialed(std::move(outcome)); });
}

void Tunnel::perform(const flow::Record& action) {
  const Client& client = connection_->client();
  flow::Record record = action;
  record.real_values = request_.real_values;
  add_decision(*context_,
               {.request_id = request_id_,
                .client_address = client.address,
                .client_user = client.user,
                .caller = request_.caller.name,
                .destination = request_.destination,
                .bindings = *request_.policy.bindings,
                .is_tunnel = true},
               record);
  context_->audit->wait_for([self = anchor_.handle()](bool is_durable) {
    if (Tunnel* const tunnel = self.get()) {
      tunnel->drive(flow::RecordDone{is_durable});
    }
  });
}

void Tunnel::perform(const flow::OpenTunnel& /*action*/) {
  opened_us_ = context_->clock->steady_us();
  heard_ms_ = context_->loop->now_ms();
  request_.policy = {};  // nothing is decided by it any more, and a tunnel may last
  upstream_->use_raw(*this);
  Leg& client = connection_->leg();
  client.set_patience(base::bounds::kTunnelIdleMs);
  client.write(http::h1::connect_established());
  client.flush();
  upstream_->leg().release(Leg::Hold::not_ready);
  connection_->read_on_later();
}

void Tunnel::perform(const flow::PassBytes& action) {
  if (action.from == flow::Side::client) {
    run_.unused = {};
    pass(action.bytes, leg(flow::Side::client), leg(flow::Side::upstream));
  } else {
    pass(action.bytes, leg(flow::Side::upstream), leg(flow::Side::client));
  }
}

void Tunnel::perform(const flow::PassKept& /*action*/) {
  const base::Buffer kept = connection_->take_unread();
  pass(kept.view(), leg(flow::Side::client), leg(flow::Side::upstream));
}

// While one side takes no more bytes, the other is not read.
void Tunnel::pass(std::string_view bytes, Leg& from, Leg& to) {
  heard_ms_ = context_->loop->now_ms();
  to.write(bytes);
  to.flush();
  if (to.is_congested()) {
    from.hold(Leg::Hold::other_side_full);
  }
}

void Tunnel::perform(const flow::EndSide& action) {
  leg(action.to).finish_writing(Leg::Ending::said);
}

void Tunnel::perform(const flow::ReadRequests& /*action*/) {
  request_.destination.protocol = flow::Protocol::http;
  Requests::begin_in_tunnel(*connection_,
                            {.identity = {std::move(request_.destination), ""},
                             .caller = std::move(request_.caller),
                             .trust = {}});
}

void Tunnel::perform(const flow::RefuseTunnel& action) {
  refuse_tunnel(*connection_, request_, action.reason, action.failure);
}

void Tunnel::perform(const flow::RefuseUnrecorded& action) {
  ClientCodec codec(connection_->leg());
  codec.answer(request_.version);
  const services::Refusals refusals(action.reason, request_id_);
  codec.send_reply(refusals.answer({}, ""));
}

void Tunnel::perform(const flow::SetWait& action) {
  wait_ = action.wait;
  uv::Timer& timer = connection_->timer();
  switch (wait_) {
    case flow::Wait::record:
      timer.set(base::bounds::kRecordMs);
      return;
    case flow::Wait::tunnel_speech:
      timer.set(base::bounds::kTunnelSpeechMs);
      return;
    case flow::Wait::tunnel_idle:
      timer.set(base::bounds::kTunnelIdleMs);
      return;
    case flow::Wait::none:
    case flow::Wait::request_body:
    case flow::Wait::secrets:
    case flow::Wait::response_head:
    case flow::Wait::response_body:
    case flow::Wait::capture:
    case flow::Wait::approval:
    case flow::Wait::websocket_close:
      timer.clear();
      return;
  }
}

void Tunnel::perform(const flow::RecordResponse& action) {
  add_response(*context_, request_id_, request_.destination, action, opened_us_, upstream_.get());
}

void Tunnel::perform(const flow::ReleaseUpstream& /*action*/) {
  release();
}

void Tunnel::perform(const flow::Finish& action) {
  if (action.client == flow::ClientFate::abort) {
    connection_->end();
  } else {
    connection_->close_politely(Leg::Ending::said);
  }
}

Leg& Tunnel::leg(flow::Side side) {
  return side == flow::Side::client ? connection_->leg() : upstream_->leg();
}

// Its upstream is not used any more, nor waited for. Silenced first: this may run when the dead of
// a turn are buried, and a leg that resumes puts off work to a turn that the upstream does not live
// to see.
void Tunnel::release() {
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

}  // namespace keyswap::net
