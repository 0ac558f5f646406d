// SPDX-License-Identifier: Apache-2.0
//
// Carrying out what an exchange asks for. The machine runs to its end first, then its actions are
// performed in order; what an action brings about at once becomes the next event, so nothing
// re-enters.
#include <utility>

#include "proxy/audit_lane.h"
#include "proxy/connector.h"
#include "proxy/session.h"

namespace keyswap::proxy {

using audit::Reason;

void Session::make_exchange(flow::Destination destination) {
  request_id_ = context_->next_request_id();
  exchange_ =
      std::make_unique<flow::Exchange>(flow::Exchange::Setup{.destination = std::move(destination),
                                                             .bindings = policy_.bindings,
                                                             .request_id = request_id_,
                                                             .scratch = context_->scratch.get(),
                                                             .now_s = context_->now_s(),
                                                             .caller = caller_});
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
  leg_.flush();
  if (upstream_) {
    upstream_->leg().flush();
  }
  finish_driving();
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

void Session::perform(const flow::Charge& /*action*/) {
  KS_UNREACHABLE();
}

void Session::perform(const flow::Settle& /*action*/) {
  KS_UNREACHABLE();
}

void Session::perform(const flow::FetchSecrets& action) {
  const bindings::SecretRule& rule = exchange_->bindings().rules[action.rule];
  std::vector<vault::Secret> secrets;
  for (const vault::SecretName& name : rule.injection->needs()) {
    auto secret = context_->vault->fetch(name, context_->now_s());
    if (!secret) {
      drive(flow::SecretsMissing{name.text()});
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
  audit::DecisionRecord record{.is_tunnel = false,
                               .ts_us = context_->clock->wall_us(),
                               .request_id = request_id_,
                               .decision = action.decision,
                               .reason = action.reason,
                               .secret = {},
                               .scheme = {},
                               .client = {client_address_, std::nullopt, caller_},
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
    case flow::Wait::response_head:
      timer_.set(base::limits::kResponseHeadMs);
      return;
    case flow::Wait::response_body:
      timer_.set(base::limits::kResponseBodyIdleMs);
      return;
  }
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
  drive(std::move(event));
}

void Session::lose_upstream() {
  upstream_->leave();
  upstream_->leg().silence();
  context_->bury(std::move(upstream_));
}

}  // namespace keyswap::proxy
