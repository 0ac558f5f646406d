// SPDX-License-Identifier: Apache-2.0
//
// Carrying out what an exchange asks for. The machine runs to its end first, then its actions are
// performed in order; what an action brings about at once becomes the next event, so nothing
// re-enters.
#include <algorithm>
#include <utility>

#include "proxy/audit_lane.h"
#include "proxy/connector.h"
#include "proxy/session.h"

namespace keyswap::proxy {

using audit::Reason;

namespace {

std::optional<Reason> refusal_of(limits::ChargeOutcome outcome) {
  switch (outcome) {
    case limits::ChargeOutcome::granted:
      return std::nullopt;
    case limits::ChargeOutcome::rate_limited:
      return Reason::rate_limited;
    case limits::ChargeOutcome::quota_exceeded:
      return Reason::quota_exceeded;
    case limits::ChargeOutcome::volume_exceeded:
      return Reason::order_limit_exceeded;
    case limits::ChargeOutcome::unavailable:
      return Reason::limits_unavailable;
  }
  KS_UNREACHABLE();
}

}  // namespace

void Session::make_exchange(flow::Destination destination) {
  request_id_ = context_->next_request_id();
  exchange_ = std::make_unique<flow::Exchange>(
      flow::Exchange::Setup{.destination = std::move(destination),
                            .bindings = policy_.bindings,
                            .request_id = request_id_,
                            .scratch = context_->scratch.get(),
                            .now_us = context_->clock->wall_us(),
                            .caller = caller_,
                            .collected_bytes = &context_->collected_bytes});
  if (context_->is_draining) {
    exchange_->drain();
  }
  fate_.reset();
  takes_body_ = false;
  is_sent_ = false;
  is_recorded_ = false;
  sent_us_ = 0;
}

void Session::drive(flow::Event event) {
  if (is_driving_) {
    KS_ASSERT(!follow_up_);  // an action brings about one event at most
    follow_up_ = std::move(event);
    return;
  }
  is_driving_ = true;
  std::optional<flow::Event> next(std::move(event));
  while (next && exchange_ && !fate_) {
    actions_.clear();
    exchange_->on(std::move(*next), actions_);
    next.reset();
    for (const flow::Action& action : actions_) {
      std::visit([this](const auto& asked) { perform(asked); }, action);
    }
    next = std::exchange(follow_up_, std::nullopt);
  }
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
  if (!fate_) {
    balance();
    return;
  }
  const flow::ClientFate fate = *std::exchange(fate_, std::nullopt);
  exchange_.reset();
  takes_body_ = false;
  if (phase_ == Phase::listener) {
    claim_.reset();  // the next request says itself who sends it
    caller_.clear();
  }
  leg_.release(Leg::Hold::other_side_full);
  if (is_broken_) {
    end();
  } else if (fate == flow::ClientFate::keep && !context_->is_draining) {
    timer_.set(base::limits::kClientIdleMs);
    static_cast<void>(decoder_.next({}));  // the end of a request without a body is still in it
    if (!unread_.empty() || is_client_ended_ || leg_.is_held()) {
      read_on_later();
    }
  } else {
    close_politely(fate == flow::ClientFate::abort ? Leg::Ending::cut : Leg::Ending::said);
  }
}

// Back-pressure: who cannot be written to holds up the reading of the other (R42).
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
  // The answer may come on another thread, and when nobody waits for it any more.
  auto told =
      [context = context_, id = id_, number = ++charge_number_](limits::ChargeAnswer answer) {
        context->loop->post([context, id, number, answer = std::move(answer)]() mutable {
          Session* const session = context->sessions->find(id);
          if (session == nullptr || !session->charge_done(number, answer)) {
            context->limiter->release(answer.ticket, limits::GiveBack::everything);
          }
        });
      };
  auto answer =
      context_->limiter->charge(policy_.limits,
                                {action.rule,
                                 action.scope,
                                 caller_,
                                 action.volume_e8,
                                 action.volume_max_e8,
                                 action.wants_nonce},
                                {context_->clock->steady_us(), context_->clock->wall_us()},
                                std::move(told));
  if (answer) {
    static_cast<void>(charge_done(charge_number_, *answer));
  }
}

bool Session::charge_done(std::uint64_t number, limits::ChargeAnswer& answer) {
  if (!exchange_ || !exchange_->awaits_charge() || number != charge_number_) {
    return false;
  }
  ticket_ = std::move(answer.ticket);
  drive(flow::Charged{refusal_of(answer.outcome), answer.retry_after_ms, answer.nonce});
  return true;
}

void Session::perform(const flow::Settle& action) {
  const limits::Ticket ticket = std::exchange(ticket_, {});
  switch (action.fate) {
    case flow::ChargeFate::keep:
      return;
    case flow::ChargeFate::refused:
      context_->limiter->release(ticket, limits::GiveBack::volume);
      return;
    case flow::ChargeFate::not_sent:
      context_->limiter->release(ticket, limits::GiveBack::everything);
      return;
  }
}

void Session::perform(const flow::FetchSecrets& action) {
  const bindings::SecretRule& rule = exchange_->bindings().rules[action.rule];
  std::vector<vault::Secret> secrets;
  const std::vector<vault::SecretName>& names = rule.injection->needs();
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto secret = rule.injection->needs_private_key(i)
                      ? context_->vault->fetch_private_key(names[i], context_->now_s())
                      : context_->vault->fetch(names[i], context_->now_s());
    if (!secret) {
      drive(flow::SecretsMissing{names[i].text()});
      return;
    }
    secrets.push_back(std::move(*secret));
  }
  drive(flow::SecretsReady{std::move(secrets)});
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

void Session::dial() {
  upstream_ = context_->connector->take(Connector::key_of(*context_, exchange_->destination()));
  if (upstream_) {
    upstream_->use(*this);
    upstream_->expect(exchange_->answers_head());
    return;
  }
  dial_ = std::make_unique<Dial>(
      *context_,
      exchange_->destination(),
      policy_,
      Dial::Depth::as_scheme,
      [this](Dial::Outcome outcome) { exchange_dialed(std::move(outcome)); });
}

void Session::exchange_dialed(Dial::Outcome outcome) {
  context_->bury(std::move(dial_));
  if (outcome.upstream) {
    upstream_ = std::move(outcome.upstream);
    upstream_->use(*this);
    upstream_->expect(exchange_->answers_head());
  }
  if (is_recorded_) {
    // Dialled anew after the record: if that failed, the request counts as sent to nobody.
    drive(flow::RecordDone{true});
    if (!upstream_ && exchange_) {
      drive(flow::UpstreamBroken{});
    }
  } else if (upstream_) {
    if (!awaits_record_) {
      drive(flow::Dialed{});
    }
  } else if (!awaits_record_) {
    drive(flow::DialFailed{outcome.reason});
  }
}

void Session::perform(const flow::Record& action) {
  audit::DecisionRecord record{
      .is_tunnel = false,
      .ts_us = context_->clock->wall_us(),
      .request_id = request_id_,
      .decision = action.decision,
      .reason = action.reason,
      .secret = {},
      .scheme = {},
      .client = {client_address_, std::nullopt, caller_, exchange_->is_unproven()},
      .destination = {exchange_->destination().authority.host,
                      exchange_->destination().authority.port,
                      action.method,
                      action.path},
      .bindings_sha256 = policy_.bindings->sha256};
  const auto name_rule = [&](std::uint32_t rule) {
    record.secret = policy_.bindings->rules[rule].name.text();
    record.scheme = policy_.bindings->rules[rule].injection->scheme();
  };
  if (action.rule) {
    name_rule(*action.rule);
  }
  if (const auto& order = exchange_->order()) {
    record.order = {order->symbol, order->side, order->type, std::nullopt};
    if (order->value_e8) {
      record.order->value_e8 = static_cast<std::uint64_t>(*order->value_e8);
    }
  }
  context_->audit->add(record);
  for (const flow::Denial& other : action.others) {
    record.decision = audit::Decision::denied;
    record.reason = other.reason;
    name_rule(other.rule);
    context_->audit->add(record);
  }
  context_->audit->wait_for(id_);
  awaits_record_ = true;
}

void Session::audit_done(bool is_durable) {
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
  const std::int64_t now = context_->clock->steady_us();
  audit::ResponseRecord record{.ts_us = context_->clock->wall_us(),
                               .request_id = request_id_,
                               .status = action.status,
                               .outcome = action.outcome,
                               .bytes = action.body_bytes,
                               .duration_us = sent_us_ == 0 ? 0 : now - sent_us_,
                               .upstream_ip = {},
                               .tls = {},
                               .spki_sha256 = {}};
  if (upstream_) {
    record.upstream_ip = upstream_->endpoint().address;
    record.tls = upstream_->peer().tls;
    record.spki_sha256 = upstream_->peer().spki_sha256;
  }
  context_->audit->add(record);
}

void Session::perform(const flow::SendUpstream& action) {
  if (upstream_) {
    Leg& leg = upstream_->leg();
    if (action.sensitivity == flow::Sensitivity::secret) {
      leg.write_secret(action.bytes);
    } else {
      leg.write(action.bytes);
    }
    if (!is_sent_) {
      is_sent_ = true;
      sent_us_ = context_->clock->steady_us();
    }
  }
  if (action.sensitivity == flow::Sensitivity::secret) {
    context_->scratch->clear();  // I1: wiped as soon as it is encrypted
  }
}

void Session::perform(const flow::SendClient& action) {
  leg_.write(action.bytes);
}

void Session::perform(const flow::ReadClient& /*action*/) {
  takes_body_ = true;
  if (!unread_.empty() || is_client_ended_) {
    read_on_later();
  }
}

void Session::perform(const flow::SetWait& action) {
  last_pending_ = 0;
  switch (action.wait) {
    case flow::Wait::none:
      timer_.clear();
      return;
    case flow::Wait::request_body:
      timer_.set(base::limits::kRequestBodyWindowMs);
      return;
    case flow::Wait::record:
      timer_.set(base::limits::kRecordMs);
      return;
    case flow::Wait::response_head:
      timer_.set(response_wait_ms(base::limits::kResponseHeadMs));
      return;
    case flow::Wait::response_body:
      timer_.set(response_wait_ms(base::limits::kResponseBodyIdleMs));
      return;
  }
}

std::int64_t Session::response_wait_ms(std::int64_t usual_ms) const {
  return is_client_ended_ ? std::min(usual_ms, base::limits::kHalfClosedMs) : usual_ms;
}

void Session::perform(const flow::ReleaseUpstream& action) {
  if (action.fate == flow::UpstreamFate::reuse && upstream_) {
    context_->connector->give_back(std::move(upstream_));
  }
  drop_upstream();
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
  upstream_->leave();
  upstream_->leg().silence();
  context_->bury(std::move(upstream_));
}

}  // namespace keyswap::proxy
