// SPDX-License-Identifier: Apache-2.0
//
// Carrying out what an exchange asks for. The machine runs to its end first, then its actions are
// performed in order; what an action brings about at once becomes the next event, so nothing
// re-enters.
#include <algorithm>
#include <utility>

#include "proxy/audit_lane.h"
#include "proxy/connector.h"
#include "proxy/exchange_io.h"
#include "proxy/session.h"
#include "proxy/strangers.h"

namespace keyswap::proxy {

using audit::Reason;

void Session::make_exchange(flow::Destination destination) {
  request_id_ = context_->next_request_id();
  exchange_ = std::make_unique<flow::Exchange>(
      flow::Exchange::Setup{.destination = std::move(destination),
                            .bindings = policy_.bindings,
                            .request_id = request_id_,
                            .scratch = context_->scratch.get(),
                            .now_us = context_->clock->wall_us(),
                            .caller = caller_,
                            .collected = flow::CollectedShare(context_->collected_bytes),
                            .form_cache = &context_->form_cache,
                            .holdings = context_->holdings});
  if (context_->is_draining) {
    exchange_->drain();
  }
  fate_.reset();
  is_sent_ = false;
  is_resending_ = false;
  is_recorded_ = false;
  sent_us_ = 0;
}

void Session::drive(flow::Event event) {
  if (is_driving_) {
    follow_ups_.push_back(std::move(event));
    return;
  }
  is_driving_ = true;
  follow_ups_.push_back(std::move(event));
  for (std::size_t i = 0; i < follow_ups_.size() && exchange_ && !fate_; ++i) {
    actions_.clear();
    exchange_->on(std::move(follow_ups_[i]), actions_);
    for (const flow::Action& action : actions_) {
      std::visit([this](const auto& asked) { perform(asked); }, action);
    }
    if (exchange_) {
      exchange_->carried_out();
    }
  }
  follow_ups_.clear();
  is_driving_ = false;
  if (!is_in_read_ || fate_) {
    flush_legs();
  }
  finish_driving();
}

void Session::flush_legs() {
  leg_.flush();
  if (upstream_) {
    upstream_->leg().flush();
  }
}

void Session::finish_driving() {
  if (!exchange_ || !exchange_->awaits_secrets()) {
    fetch_.cancel();
  }
  if (!fate_) {
    balance();
    return;
  }
  const flow::ClientFate fate = *std::exchange(fate_, std::nullopt);
  if (std::exchange(is_upgraded_, false)) {
    begin_websocket();
    return;
  }
  exchange_.reset();
  written_.release();
  if (phase_ == Phase::listener) {
    claim_.reset();  // the next request says itself who sends it
    caller_.clear();
  }
  leg_.release(Leg::Hold::other_side_full);
  if (is_broken_) {
    end();
  } else if (fate == flow::ClientFate::keep && !writer_.closes() && !context_->is_draining) {
    timer_.set(base::bounds::kClientIdleMs);
    static_cast<void>(decoder_.next({}));  // the end of a request without a body is still in it
    if (!unread_.empty() || is_client_ended_ || leg_.is_held()) {
      read_on_later();
    }
  } else {
    close_politely(fate == flow::ClientFate::abort ? Leg::Ending::cut : Leg::Ending::said);
  }
}

void Session::begin_websocket() {
  const bool is_upstream_gone = upstream_->leg().is_silent();  // writing may have shown it
  websocket_ = std::make_unique<WebSocketRelay>(
      *context_,
      leg_,
      std::move(upstream_),
      WebSocketRelay::Setup{.session = id_,
                            .destination = exchange_->destination(),
                            .target = std::string(exchange_->target()),
                            .request_id = request_id_,
                            .client_address = client_address_,
                            .client_user = client_user_,
                            .caller = caller_,
                            .claim = claim_,
                            .policy = policy_,
                            .opened_us = sent_us_,
                            .last_charge = charge_number_},
      WebSocketRelay::Told{.read_on = [this] { read_on_later(); },
                           .ended =
                               [this] {
                                 close_politely(Leg::Ending::said);
                               }});
  exchange_.reset();
  timer_.clear();
  phase_ = Phase::websocket;
  leg_.release(Leg::Hold::other_side_full);
  if (is_client_ended_ || is_broken_) {
    websocket_->on_client_gone();
  } else if (is_upstream_gone) {
    websocket_->on_upstream_raw_end();
  } else if (context_->is_draining) {
    websocket_->drain();  // it was granted after all others had been told
  } else {
    read_on_later();
  }
}

// Back-pressure: while one side takes no more bytes, the other is not read.
void Session::balance() {
  if (!upstream_ || phase_ == Phase::closing) {
    return;
  }
  if (upstream_->leg().is_congested()) {
    leg_.hold(Leg::Hold::other_side_full);
  }
  if (leg_.is_congested()) {
    upstream_->leg().hold(Leg::Hold::other_side_full);
  }
}

void Session::on_upstream_drained() {
  leg_.release(Leg::Hold::other_side_full);
}

void Session::perform(const flow::Charge& action) {
  const std::uint64_t number = ++charge_number_;
  charge(*context_,
         policy_,
         caller_,
         action,
         [context = context_, id = id_, number](limits::ChargeAnswer& answer) {
           Session* const session = context->sessions->find(id);
           return session != nullptr && session->charge_done(number, answer);
         });
}

bool Session::charge_done(std::uint64_t number, limits::ChargeAnswer& answer) {
  if (websocket_) {
    return websocket_->charge_done(number, answer);
  }
  if (!exchange_ || !exchange_->awaits_charge() || number != charge_number_) {
    return false;
  }
  ticket_ = std::move(answer.ticket);
  drive(charged_by(answer));
  return true;
}

void Session::perform(const flow::Settle& action) {
  settle(*context_, std::exchange(ticket_, {}), action.fate);
}

void Session::perform(const flow::FetchSecrets& action) {
  fetch_.begin(*exchange_->bindings().rules[action.rule].injection,
               caller_,
               [this](SecretFetch::Answer answer) {
                 std::visit([this](auto& fetched) { drive(std::move(fetched)); }, answer);
               });
}

void Session::perform(const flow::Dial& /*action*/) {
  if (context_->audit->is_dead()) {
    drive(flow::DialFailed{Reason::audit_unavailable});  // I13: it could not be sent anyway
    return;
  }
  dial();
  if (upstream_) {
    drive(flow::Dialed{});
  }
}

void Session::perform(const flow::DialAnew& /*action*/) {
  is_sent_ = false;
  is_recorded_ = false;  // I6: what was durable allowed the first sending
  is_resending_ = true;
  context_->audit->wait_for(id_);
  awaits_record_ = true;
  dial();
}

void Session::dial() {
  UpstreamKey key = Connector::key_of(policy_, exchange_->destination());
  key.owner = owner();
  if (!is_resending_) {
    upstream_ = bound_.has(key) ? bound_.take(key) : context_->connector->take(key);
  }
  if (upstream_) {
    upstream_->use(*this);
    upstream_->expect(exchange_->answer_to());
    return;
  }
  context_->connector->make_room();
  dial_ = std::make_unique<Dial>(
      *context_,
      exchange_->destination(),
      policy_,
      Dial::Depth::as_protocol,
      [this](Dial::Outcome outcome) { exchange_dialed(std::move(outcome)); });
}

// I16
std::string Session::owner() const {
  const std::string who =
      client_user_ ? "u" + std::to_string(*client_user_) : "c" + std::to_string(id_);
  return who + "/" + caller_;
}

void Session::exchange_dialed(Dial::Outcome outcome) {
  context_->bury(std::move(dial_));
  if (outcome.upstream) {
    upstream_ = std::move(outcome.upstream);
    upstream_->belong_to(owner());
    upstream_->use(*this);
    upstream_->expect(exchange_->answer_to());
  }
  if (is_recorded_) {
    // Dialled anew after the record: if that failed, nothing was sent to anybody.
    if (upstream_) {
      drive(flow::RecordDone{true});
    } else {
      drive(flow::DialFailed{outcome.reason, std::move(outcome.failure)});
    }
  } else if (upstream_) {
    if (!awaits_record_) {
      drive(flow::Dialed{});
    }
  } else if (!awaits_record_) {
    drive(flow::DialFailed{outcome.reason, std::move(outcome.failure)});
  }
}

void Session::perform(const flow::Record& action) {
  if (is_counted_stranger(action)) {
    drive(flow::RecordDone{true});
    return;
  }
  add_decision(*context_,
               {request_id_,
                client_address_,
                client_user_,
                caller_,
                exchange_->destination(),
                *policy_.bindings},
               action);
  context_->audit->wait_for(id_);
  awaits_record_ = true;
}

// A refusal that is told with others of its kind. A dead log refuses it for that instead.
bool Session::is_counted_stranger(const flow::Record& action) const {
  const bool is_unknown = caller_.empty() || action.reason == Reason::caller_not_allowed;
  if (action.decision != audit::Decision::refused || phase_ != Phase::listener || !is_unknown ||
      context_->audit->is_dead()) {
    return false;
  }
  const http::Authority& authority = exchange_->destination().authority;
  return !context_->strangers->add({.request_id = request_id_,
                                    .reason = action.reason,
                                    .address = client_address_,
                                    .user = client_user_,
                                    .caller = caller_,
                                    .host = authority.host,
                                    .port = authority.port,
                                    .method = std::string(action.method),
                                    .path = action.path,
                                    .bindings_sha256 = policy_.bindings->sha256},
                                   context_->clock->steady_us());
}

void Session::audit_done(bool is_durable) {
  if (websocket_) {
    websocket_->audit_done(is_durable);
    return;
  }
  if (!awaits_record_) {
    return;
  }
  awaits_record_ = false;
  if (!exchange_) {
    if (phase_ == Phase::dialing) {
      tunnel_recorded(is_durable);
    }
    return;
  }
  // The connection closed while the record was made. Nothing was sent yet, so another one will do.
  if (is_durable && !upstream_ && exchange_->is_about_to_send()) {
    is_recorded_ = true;
    if (!dial_) {
      dial();
    }
    if (!upstream_) {
      return;
    }
  }
  drive(flow::RecordDone{is_durable});
}

void Session::perform(const flow::RecordResponse& action) {
  add_response(*context_, request_id_, exchange_->destination(), action, sent_us_, upstream_.get());
}

void Session::perform(const flow::SendRequestHead& action) {
  if (!upstream_) {
    context_->scratch->clear();  // I1
    return;
  }
  is_sent_ = true;
  sent_us_ = context_->clock->steady_us();  // first: writing may show that it is broken
  if (upstream_->send_head(action.head)) {
    upstream_->watch_for_acknowledgement();
  } else {
    is_sent_ = false;
    drive(flow::NotWritten{.is_request_head = true});
  }
}

void Session::perform(const flow::SendRequestBody& action) {
  if (upstream_ && is_sent_ && !upstream_->send_body(action.bytes)) {
    drive(flow::NotWritten{});
  }
}

void Session::perform(const flow::EndRequest& /*action*/) {
  if (upstream_ && is_sent_ && !upstream_->end_request()) {
    drive(flow::NotWritten{});
  }
}

void Session::perform(const flow::SendResponseHead& action) {
  written_.clear();
  if (!writer_.head(written_, action.head)) {
    drive(flow::NotWritten{});
    return;
  }
  leg_.write(written_.view());
}

void Session::perform(const flow::SendResponseBody& action) {
  written_.clear();
  if (!send(writer_.body(written_, action.bytes))) {
    drive(flow::NotWritten{});
  }
}

void Session::perform(const flow::EndResponse& /*action*/) {
  written_.clear();
  if (!send(writer_.end(written_))) {
    drive(flow::NotWritten{});
  }
}

bool Session::send(const base::Result<std::string_view>& bytes) {
  if (bytes && !bytes.value().empty()) {
    leg_.write(*bytes);
  }
  return bytes.has_value();
}

// An answer that no exchange gives.
void Session::send_reply(const flow::Reply& reply) {
  written_.clear();
  const auto written = writer_.whole(written_, reply.head, reply.body);
  KS_ASSERT(written.has_value());  // every word of it is ours
  leg_.write(written_.view());
  leg_.flush();
  written_.release();
}

void Session::perform(const flow::ReadClient& /*action*/) {
  if (!unread_.empty() || is_client_ended_) {
    read_on_later();
  }
}

void Session::perform(const flow::SetWait& action) {
  wait_ms_ = wait_ms(action);
  if (wait_ms_ > 0) {
    timer_.set(wait_ms_);
  } else {
    timer_.clear();
  }
}

// 0: nothing is waited for.
std::int64_t Session::wait_ms(const flow::SetWait& action) const {
  switch (action.wait) {
    case flow::Wait::request_body:
      return base::bounds::kRequestBodyWindowMs;
    case flow::Wait::record:
      return base::bounds::kRecordMs;
    case flow::Wait::secrets:
      return base::bounds::kSecretFetchMs;
    case flow::Wait::response_head:
      return response_wait_ms(action.ms > 0 ? action.ms : base::bounds::kResponseHeadMs);
    case flow::Wait::response_body:
      return response_wait_ms(base::bounds::kResponseBodyIdleMs);
    case flow::Wait::none:
    case flow::Wait::websocket_close:  // proxy/websocket_relay.h
      return 0;
  }
  KS_UNREACHABLE();
}

std::int64_t Session::response_wait_ms(std::int64_t usual_ms) const {
  return is_client_ended_ ? std::min(usual_ms, base::bounds::kHalfClosedMs) : usual_ms;
}

void Session::perform(const flow::ReleaseUpstream& action) {
  if (upstream_ && action.fate != flow::UpstreamFate::discard) {
    // I16: what goes to a destination where this client is logged in never goes to the pool.
    const bool is_bound =
        action.fate == flow::UpstreamFate::keep_for_client || bound_.has(upstream_->key());
    if (is_bound) {
      bound_.keep(std::move(upstream_));
    } else if (is_sent_) {
      context_->connector->give_back(std::move(upstream_), action.rest_ms);
    } else {
      context_->connector->give_back_unused(std::move(upstream_));
    }
  }
  drop_upstream();
}

void Session::perform(const flow::BeginWebSocket& /*action*/) {
  is_upgraded_ = true;
  fate_ = flow::ClientFate::keep;
}

void Session::perform(const flow::Finish& action) {
  fate_ = action.client;
}

void Session::on_upstream(flow::Event event) {
  if (!exchange_ || !upstream_) {
    return;
  }
  if (!is_sent_) {
    lose_upstream();  // it closed, or spoke before it was asked
    return;
  }
  const bool was_in_read = std::exchange(is_in_read_, true);
  drive(std::move(event));
  is_in_read_ = was_in_read;
}

void Session::on_upstream_read_done() {
  flush_legs();
  balance();
}

void Session::lose_upstream() {
  upstream_->leg().silence();
  upstream_->leave();
  context_->bury(std::move(upstream_));
}

}  // namespace keyswap::proxy
