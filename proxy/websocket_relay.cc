// SPDX-License-Identifier: Apache-2.0
#include "proxy/websocket_relay.h"

#include <utility>

#include "proxy/audit_lane.h"
#include "proxy/callers.h"
#include "proxy/exchange_io.h"
#include "proxy/reach.h"
#include "proxy/session.h"

namespace keyswap::proxy {

namespace {

// Unpredictable (RFC 6455 section 10.3).
http::Mask new_mask() {
  http::Mask mask{};
  base::random_bytes(mask);
  return mask;
}

}  // namespace

WebSocketRelay::WebSocketRelay(
    Context& context, Leg& client, std::unique_ptr<Upstream> upstream, Setup setup, Told told)
    : context_(&context),
      client_(&client),
      upstream_(std::move(upstream)),
      setup_(std::move(setup)),
      told_(std::move(told)),
      machine_({.destination = setup_.destination,
                .target = setup_.target,
                .caller = setup_.caller,
                .bindings = setup_.policy.bindings,
                .collected = flow::CollectedShare(context.collected_bytes),
                .form_cache = &context.form_cache,
                .holdings = context.holdings}),
      fetch_(*context.secrets),
      last_heard_ms_(context.loop->now_ms()),
      timer_(*context.loop, [this] { on_time_out(); }) {
  upstream_->use_raw(*this);
  client_->set_patience(base::bounds::kTunnelIdleMs);
  wait_idle();
}

WebSocketRelay::~WebSocketRelay() {
  // Silenced first: this runs when the dead of a turn are buried, and a leg that resumes puts off
  // work to a turn that the upstream does not live to see.
  upstream_->leg().silence();
  upstream_->leave();
  context_->bury(std::move(upstream_));
}

// --- bytes to frames ---

std::string_view WebSocketRelay::on_client_bytes(std::string_view bytes) {
  is_in_read_ = true;
  while (wants_client()) {
    const http::FrameStep step = client_frames_.next(bytes);
    bytes.remove_prefix(step.consumed);
    bytes_ += step.consumed;
    if (step.kind == http::FrameStep::Kind::need_more) {
      break;
    }
    drive(event_of(step, flow::Side::client));
  }
  is_in_read_ = false;
  last_heard_ms_ = context_->loop->now_ms();
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
  is_in_read_ = true;
  bytes_ += bytes.size();
  while (!machine_.is_over()) {
    const http::FrameStep step = upstream_frames_.next(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.kind == http::FrameStep::Kind::need_more) {
      break;
    }
    drive(event_of(step, flow::Side::upstream));
  }
  is_in_read_ = false;
  last_heard_ms_ = context_->loop->now_ms();
  flush();
}

flow::WebSocketEvent WebSocketRelay::event_of(const http::FrameStep& step, flow::Side from) {
  switch (step.kind) {
    case http::FrameStep::Kind::data: {
      flow::MessagePiece piece{from, step.opcode, step.payload, step.is_final, std::nullopt};
      if (step.is_final && from == flow::Side::client && machine_.is_judged()) {
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
  policy_ = context_->policy;
  const auto caller = verified_caller(*context_->callers, setup_.claim);
  caller_ = caller ? *caller : "";
  const std::uint64_t number = ++numbers_;
  Message& message = messages_[number];
  message.request_id = context_->next_request_id();
  return {.number = number,
          .bindings = policy_.bindings,
          .request_id = message.request_id,
          .caller = caller_,
          .refusal = caller ? refusal_of_moment()
                            : std::optional(flow::reason_of(flow::fault_of(caller.error()))),
          .now_us = context_->clock->wall_us()};
}

std::optional<audit::Reason> WebSocketRelay::refusal_of_moment() const {
  if (!leads_alike(setup_.policy, policy_, setup_.destination.authority)) {
    // I3, I4: a secret is not sent to where the policy in force does not lead any more.
    return audit::Reason::identity_mismatch;
  }
  return flow::check_proxy_caller(caller_, *policy_.bindings);
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

void WebSocketRelay::audit_done(bool is_durable) {
  if (std::exchange(awaits_record_, false) && machine_.awaits_record()) {
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
        idle_left_ms(*client_, upstream_->leg(), last_heard_ms_, context_->loop->now_ms());
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
  if (is_driving_) {
    follow_ups_.push_back(std::move(event));
    return;
  }
  const bool was_reading = wants_client();
  is_driving_ = true;
  follow_ups_.push_back(std::move(event));
  while (!follow_ups_.empty()) {
    auto happened = std::exchange(follow_ups_, {});
    for (flow::WebSocketEvent& next : happened) {
      carry_out(std::move(next));
    }
  }
  is_driving_ = false;
  if (!machine_.awaits_secrets()) {
    fetch_.cancel();
  }
  if (!is_in_read_) {
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
  const auto message = messages_.find(numbers_);  // one at a time is dealt with
  KS_ASSERT(message != messages_.end());
  add_decision(*context_,
               {message->second.request_id,
                setup_.client_address,
                setup_.client_user,
                caller_,
                setup_.destination,
                machine_.bindings()},
               action);
  context_->audit->wait_for(setup_.session);
  awaits_record_ = true;
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
                 upstream_.get());
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
                bytes_,
                upstream_->has_stalled() ? upstream_->failure() : base::Failure{}},
               setup_.opened_us,
               upstream_.get());
  upstream_->leg().finish_writing(Leg::Ending::said);
  if (const auto ended = std::exchange(told_.ended, nullptr)) {
    ended();
  }
}

void WebSocketRelay::perform(const flow::Charge& action) {
  charge(
      *context_,
      policy_,
      caller_,
      action,
      [context = context_, id = setup_.session, number = numbers_](limits::ChargeAnswer& answer) {
        Session* const session = context->sessions->find(id);
        return session != nullptr && session->charge_done(number, answer);
      });
}

void WebSocketRelay::perform(const flow::FetchSecrets& action) {
  fetch_.begin(*machine_.bindings().rules[action.rule].injection,
               caller_,
               [this](SecretFetch::Answer answer) {
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
    vault::LockedBuffer& scratch = *context_->scratch;
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
  const auto message = messages_.find(numbers_);
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

}  // namespace keyswap::proxy
