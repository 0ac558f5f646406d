// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/websocket_relay.h"

#include <utility>

#include "proxy/net/audit_lane.h"
#include "proxy/net/callers.h"
#include "proxy/net/exchange_io.h"
#include "proxy/net/host_secrets.h"
#include "proxy/net/reach.h"

namespace keyswap::net {

namespace {

// Unpredictable (RFC 6455 section 10.3).
http::Mask new_mask() {
  http::Mask mask{};
  base::random_bytes(mask);
  return mask;
}

}  // namespace

WebSocketRelay::WebSocketRelay(
    Context& context, Leg& client, Upstream& upstream, Setup setup, Told told)
    : context_(&context),
      client_(&client),
      upstream_(&upstream),
      setup_(std::move(setup)),
      told_(std::move(told)),
      machine_({.destination = setup_.destination,
                .target = setup_.target,
                .caller = setup_.caller.name,
                .bindings = setup_.policy.bindings,
                .collected = flow::CollectedShare(context.memory.collected_bytes),
                .known = context.memory.known,
                .begun = std::move(setup_.begun),
                .holdings = context.memory.holdings,
                .real = context.memory.real}),
      fetch_(*context.secrets),
      traffic_{.last_heard_ms = context.loop->now_ms()},
      timer_(*context.loop, [this] { on_time_out(); }) {
  upstream_->use_raw(*this);
  client_->set_patience(base::bounds::kTunnelIdleMs);
  wait_idle();
}

// --- bytes to frames ---

std::string_view WebSocketRelay::on_client_bytes(std::string_view bytes) {
  run_.is_in_read = true;
  while (wants_client()) {
    const http::FrameStep step = frames_.client.next(bytes);
    bytes.remove_prefix(step.consumed);
    traffic_.bytes += step.consumed;
    if (step.kind == http::FrameStep::Kind::need_more) {
      break;
    }
    drive(event_of(step, flow::Side::client));
  }
  run_.is_in_read = false;
  traffic_.last_heard_ms = context_->loop->now_ms();
  flush();
  if (!bytes.empty() && wants_client()) {
    told_.read_on();  // what was in the way is written
  }
  return bytes;
}

// What a message brings about is up to ten times its size, so bytes that are here already wait,
// too.
bool WebSocketRelay::wants_client() const {
  return !machine_.is_over() && machine_.wants_client() && !client_->is_congested() &&
         !upstream_->leg().is_congested();
}

void WebSocketRelay::on_upstream_raw(std::string_view bytes) {
  run_.is_in_read = true;
  traffic_.bytes += bytes.size();
  while (!machine_.is_over()) {
    const http::FrameStep step = frames_.upstream.next(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.kind == http::FrameStep::Kind::need_more) {
      break;
    }
    drive(event_of(step, flow::Side::upstream));
  }
  run_.is_in_read = false;
  traffic_.last_heard_ms = context_->loop->now_ms();
  flush();
}

flow::WebSocketEvent WebSocketRelay::event_of(const http::FrameStep& step, flow::Side from) {
  switch (step.kind) {
    case http::FrameStep::Kind::data: {
      flow::MessagePiece piece{from, step.opcode, step.payload, step.is_final, std::nullopt};
      if (step.is_final && from == flow::Side::client && machine_.is_judged(step.opcode)) {
        piece.moment = begin_message();
      }
      return piece;
    }
    case http::FrameStep::Kind::control:
      return flow::ControlFrame{from, step.opcode, step.payload};
    case http::FrameStep::Kind::need_more:
    case http::FrameStep::Kind::error:
      break;
  }
  return flow::FrameError{from};
}

// A message is judged by what holds when it is complete, like a request.
flow::Moment WebSocketRelay::begin_message() {
  now_.policy = context_->policy;
  const auto caller = verified_caller(*context_->callers, setup_.caller.claim);
  now_.caller = caller ? *caller : "";
  const std::uint64_t number = ++now_.number;
  Message& message = messages_[number];
  message.request_id = context_->next_request_id();
  return {.number = number,
          .bindings = now_.policy.bindings,
          .request_id = message.request_id,
          .caller = now_.caller,
          .refusal = caller ? refusal_of_moment()
                            : std::optional(flow::reason_of(flow::fault_of(caller.error()))),
          .now_us = context_->clock->wall_us()};
}

std::optional<audit::Reason> WebSocketRelay::refusal_of_moment() const {
  if (!leads_alike(setup_.policy, now_.policy, setup_.destination.authority)) {
    // I3, I4: a secret is not sent to where the policy in force does not lead any more.
    return audit::Reason::identity_mismatch;
  }
  return flow::check_proxy_caller(now_.caller, setup_.client->local_user(), *now_.policy.bindings);
}

// --- what happens besides ---

void WebSocketRelay::on_client_gone() {
  drive(flow::SideGone{flow::Side::client, client_->has_stalled()});
}

void WebSocketRelay::on_upstream_raw_end() {
  drive(flow::SideGone{flow::Side::upstream, upstream_->has_stalled()});
}

void WebSocketRelay::on_client_drained() {
  upstream_->leg().release(Leg::Hold::other_side_full);
  if (wants_client()) {
    told_.read_on();
  }
}

void WebSocketRelay::on_upstream_drained() {
  client_->release(Leg::Hold::other_side_full);
  if (wants_client()) {
    told_.read_on();
  }
}

void WebSocketRelay::drain() {
  drive(flow::GoingAway{});
}

void WebSocketRelay::record_done(bool is_durable) {
  if (std::exchange(run_.awaits_record, false) && machine_.awaits_record()) {
    drive(flow::RecordDone{is_durable});
  }
}

bool WebSocketRelay::charge_done(std::uint64_t number, limits::ChargeAnswer& answer) {
  const auto message = messages_.find(number);
  if (message == messages_.end() || !machine_.awaits_charge(number)) {
    return false;
  }
  message->second.ticket = std::move(answer.ticket);
  drive(charged_by(answer));
  return true;
}

void WebSocketRelay::on_time_out() {
  if (!is_waiting_) {
    const std::int64_t left_ms =
        idle_left_ms(*client_, upstream_->leg(), traffic_.last_heard_ms, context_->loop->now_ms());
    if (left_ms > 0) {
      timer_.set(left_ms);
      return;
    }
  }
  drive(flow::TimedOut{});
}

void WebSocketRelay::wait_idle() {
  is_waiting_ = false;
  timer_.set(base::bounds::kTunnelIdleMs);
}

// --- what the machine asks for ---

void WebSocketRelay::drive(flow::WebSocketEvent event) {
  if (run_.is_on) {
    run_.follow_ups.push_back(std::move(event));
    return;
  }
  const bool was_reading = wants_client();
  run_.is_on = true;
  run_.follow_ups.push_back(std::move(event));
  while (!run_.follow_ups.empty()) {
    auto happened = std::exchange(run_.follow_ups, {});
    for (flow::WebSocketEvent& next : happened) {
      carry_out(std::move(next));
    }
  }
  run_.is_on = false;
  if (!machine_.awaits_secrets()) {
    fetch_.cancel();
  }
  if (!run_.is_in_read) {
    flush();
  }
  if (!was_reading && wants_client()) {
    told_.read_on();
  }
}

void WebSocketRelay::carry_out(flow::WebSocketEvent event) {
  flow::WebSocketActions actions;
  machine_.on(std::move(event), actions);
  for (const flow::WebSocketAction& action : actions) {
    std::visit([this](const auto& asked) { perform(asked); }, action);
  }
  machine_.carried_out();
}

void WebSocketRelay::perform(const flow::Record& action) {
  const auto message = messages_.find(now_.number);  // one at a time is dealt with
  KS_ASSERT(message != messages_.end());
  add_decision(*context_,
               {message->second.request_id,
                setup_.client->address,
                setup_.client->user,
                now_.caller,
                setup_.destination,
                machine_.bindings()},
               action);
  run_.awaits_record = true;
  context_->audit->wait_for([self = anchor_.handle()](bool is_durable) {
    if (WebSocketRelay* const relay = self.get()) {
      relay->record_done(is_durable);
    }
  });
}

void WebSocketRelay::perform(const flow::EndMessage& action) {
  const auto message = messages_.find(action.number);
  KS_ASSERT(message != messages_.end());
  if (action.response) {
    add_response(*context_,
                 message->second.request_id,
                 setup_.destination,
                 *action.response,
                 message->second.sent_us,
                 upstream_);
  }
  settle(*context_, message->second.ticket, action.fate);
  messages_.erase(message);
}

void WebSocketRelay::perform(const flow::EndWebSocket& action) {
  constexpr int kSwitchingProtocols = 101;
  add_response(*context_,
               setup_.request_id,
               setup_.destination,
               {kSwitchingProtocols,
                action.outcome,
                traffic_.bytes,
                upstream_->has_stalled() ? upstream_->failure() : base::Failure{},
                action.scrubbed},
               setup_.opened_us,
               upstream_);
  upstream_->leg().finish_writing(Leg::Ending::said);
  if (const auto ended = std::exchange(told_.ended, nullptr)) {
    ended();
  }
}

void WebSocketRelay::perform(const flow::Charge& action) {
  charge(*context_,
         now_.policy,
         now_.caller,
         action,
         [self = anchor_.handle(), number = now_.number](limits::ChargeAnswer& answer) {
           WebSocketRelay* const relay = self.get();
           return relay != nullptr && relay->charge_done(number, answer);
         });
}

void WebSocketRelay::perform(const flow::FetchSecrets& action) {
  learn_host_secrets(*context_->secrets,
                     *context_->memory.known,
                     machine_.bindings(),
                     setup_.destination.authority,
                     action.places);
  fetch_.begin(machine_.bindings(), action.places, now_.caller, [this](SecretFetch::Answer answer) {
    std::visit([this](auto& fetched) { drive(std::move(fetched)); }, answer);
  });
}

void WebSocketRelay::perform(const flow::SendFrame& action) {
  const bool is_written =
      action.to == flow::Side::client ? write_to_client(action) : write_to_upstream(action);
  if (!is_written) {
    drive(flow::SideGone{action.to});  // I10; a frame is never larger than what is read at once
  }
}

bool WebSocketRelay::write_to_client(const flow::SendFrame& frame) {
  base::Buffer written(base::bounds::kLegPendingBytesMax);
  if (!http::encode_frame(written, frame.opcode, frame.is_final, frame.payload, std::nullopt)) {
    return false;
  }
  client_->write(written.view());
  return true;
}

bool WebSocketRelay::write_to_upstream(const flow::SendFrame& frame) {
  Leg& leg = upstream_->leg();
  const http::Mask mask = new_mask();
  if (frame.is_secret) {
    vault::LockedBuffer& scratch = *context_->memory.scratch;
    scratch.clear();
    const auto written =
        http::encode_frame(scratch, frame.opcode, frame.is_final, frame.payload, mask);
    if (written) {
      leg.write_secret(scratch.reveal());
    }
    scratch.clear();  // I1: wiped as soon as it is encrypted
    if (!written) {
      return false;
    }
  } else {
    base::Buffer written(base::bounds::kLegPendingBytesMax);
    if (!http::encode_frame(written, frame.opcode, frame.is_final, frame.payload, mask)) {
      return false;
    }
    leg.write(written.view());
  }
  // Nothing else goes to the upstream between a message's beginning and its sending.
  const auto message = messages_.find(now_.number);
  if (message != messages_.end() && message->second.sent_us == 0) {
    message->second.sent_us = context_->clock->steady_us();
  }
  return true;
}

void WebSocketRelay::perform(const flow::SetWait& action) {
  switch (action.wait) {
    case flow::Wait::record:
      is_waiting_ = true;
      timer_.set(base::bounds::kRecordMs);
      return;
    case flow::Wait::secrets:
      is_waiting_ = true;
      timer_.set(base::bounds::kSecretFetchMs);
      return;
    case flow::Wait::websocket_close:
      is_waiting_ = true;
      timer_.set(base::bounds::kHalfClosedMs);
      return;
    case flow::Wait::request_body:
      is_waiting_ = true;
      timer_.set(base::bounds::kRequestBodyWindowMs);
      return;
    case flow::Wait::none:
    case flow::Wait::response_head:
    case flow::Wait::response_body:
    case flow::Wait::capture:
    case flow::Wait::approval:
    case flow::Wait::tunnel_speech:
    case flow::Wait::tunnel_idle:
      wait_idle();
      return;
  }
}

// Back-pressure: while one side takes no more bytes, the other is not read.
void WebSocketRelay::flush() {
  client_->flush();
  upstream_->leg().flush();
  if (upstream_->leg().is_congested()) {
    client_->hold(Leg::Hold::other_side_full);
  }
  if (client_->is_congested()) {
    upstream_->leg().hold(Leg::Hold::other_side_full);
  }
}

}  // namespace keyswap::net
