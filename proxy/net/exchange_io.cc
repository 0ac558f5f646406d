// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/exchange_io.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "audit/spend_record.h"
#include "bindings/model_rules.h"
#include "bindings/signer.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/telling.h"

namespace keyswap::net {

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
    case limits::ChargeOutcome::budget_exceeded:
      return Reason::budget_exceeded;
    case limits::ChargeOutcome::unavailable:
      return Reason::limits_unavailable;
  }
  KS_UNREACHABLE();
}

std::optional<audit::OrderRef> order_of(const std::optional<bindings::OrderInfo>& order) {
  if (!order) {
    return std::nullopt;
  }
  audit::OrderRef shown{order->symbol, order->side, order->type, std::nullopt};
  if (order->value_e8) {
    shown.value_e8 = static_cast<std::uint64_t>(*order->value_e8);
  }
  return shown;
}

// Money is rounded up, and what has no price costs nothing.
limits::Spend spend_of(const Policy& policy,
                       std::uint32_t rule,
                       std::uint32_t scope,
                       std::string_view model,
                       const bindings::TokenUsage& usage) {
  const auto& budget = policy.bindings->rules[rule].scopes[scope].models->budget;
  return {budget->cost_of(model, usage).value_or(0), usage.all()};
}

// The alerts of one decision: a record, and a line on stderr. Each honeytoken is told of once,
// behind its own decision's record if it has one.
class HoneytokenAlerts {
 public:
  HoneytokenAlerts(Context& context, const DecisionOf& of) : context_(context), of_(of) {}

  // `record` was added for that rule.
  void after(std::uint32_t rule, const audit::DecisionRecord& record) {
    if (of_.bindings.rules[rule].kind == bindings::RuleKind::honeytoken) {
      tell(rule, record);
    }
  }

  void tell(std::uint32_t rule, const audit::DecisionRecord& record) {
    if (std::ranges::find(told_, rule) != told_.end()) {
      return;
    }
    told_.push_back(rule);
    const std::string& name = of_.bindings.rules[rule].name.text();
    context_.audit->add(audit::HoneytokenRecord{.ts_us = record.ts_us,
                                                .request_id = record.request_id,
                                                .reason = record.reason,
                                                .secret = name,
                                                .client = record.client,
                                                .destination = record.destination});
    context_.telling->honeytoken(name, record.destination.host, record.client.address);
  }

 private:
  Context& context_;
  const DecisionOf& of_;
  std::vector<std::uint32_t> told_;
};

// Without what it says of a rule.
audit::DecisionRecord record_of(const Context& context,
                                const DecisionOf& of,
                                const flow::Record& decision) {
  return {.is_tunnel = of.is_tunnel,
          .ts_us = context.clock->wall_us(),
          .request_id = of.request_id,
          .decision = decision.decision,
          .reason = decision.reason,
          .secret = {},
          .scheme = {},
          .client = {of.client_address, of.client_user, of.caller, decision.is_unproven},
          .destination = {of.destination.authority.host,
                          of.destination.authority.port,
                          decision.method,
                          decision.path},
          .bindings_sha256 = of.bindings.sha256,
          .order = order_of(decision.order),
          .cause = decision.failure.cause,
          .facts = decision.failure.facts,
          .clock_shift_ms = decision.clock_shift_ms};
}

void tell_real_values(Context& context,
                      const flow::RealSightings& seen,
                      const audit::DecisionRecord& record) {
  for (const flow::RealSighting& one : seen) {
    context.audit->add(audit::RealSecretRecord{.ts_us = record.ts_us,
                                               .request_id = record.request_id,
                                               .reason = record.reason,
                                               .secret = one.secret,
                                               .where = flow::to_string(one.where),
                                               .encoding = flow::to_string(one.encoding),
                                               .client = record.client,
                                               .destination = record.destination});
    context.telling->real_secret(one.secret, record.destination.host, record.client.address);
  }
}

}  // namespace

void add_decision(Context& context, const DecisionOf& of, const flow::Record& decision) {
  audit::DecisionRecord record = record_of(context, of, decision);
  context.telling->failed(of.destination.authority.host, decision.failure);  // on stderr, too
  const auto name_place = [&](const flow::PlaceOf& place) {
    const auto& rule = of.bindings.rules[place.rule];
    record.secret = rule.name.text();
    record.scheme = rule.places.empty() ? std::string_view() : rule.places[place.place].scheme();
  };
  if (decision.rule) {
    name_place({*decision.rule, decision.place});
  }
  context.audit->add(record);
  HoneytokenAlerts alerts(context, of);
  if (decision.rule) {
    alerts.after(*decision.rule, record);
  }
  const Reason reason = record.reason;
  record.clock_shift_ms = 0;  // of what was signed
  for (const flow::PlaceOf& place : decision.further) {
    name_place(place);
    context.audit->add(record);
  }
  for (const flow::Denial& other : decision.others) {
    record.decision = audit::Decision::denied;
    record.reason = other.reason;
    name_place({other.rule});
    context.audit->add(record);
    alerts.after(other.rule, record);
  }
  record.reason = reason;
  for (const std::uint32_t rule : decision.honeytokens) {
    alerts.tell(rule, record);
  }
  tell_real_values(context, decision.real_values, record);
}

void add_real_values(Context& context, const DecisionOf& of, const flow::Record& decision) {
  tell_real_values(context, decision.real_values, record_of(context, of, decision));
}

void add_response(Context& context,
                  std::string_view request_id,
                  const flow::Destination& destination,
                  const flow::RecordResponse& response,
                  std::int64_t sent_us,
                  const Upstream* upstream) {
  std::vector<audit::ScrubbedRef> scrubbed;
  for (const flow::Finding& found : response.scrubbed) {
    scrubbed.push_back(
        {found.secret, flow::to_string(found.where), flow::to_string(found.encoding), found.count});
  }
  audit::ResponseRecord record{
      .ts_us = context.clock->wall_us(),
      .request_id = request_id,
      .status = response.status,
      .outcome = response.outcome,
      .bytes = response.body_bytes,
      .duration_us = sent_us == 0 ? 0 : context.clock->steady_us() - sent_us,
      .upstream_ip = {},
      .tls = {},
      .spki_sha256 = {},
      .cause = response.failure.cause,
      .facts = response.failure.facts,
      .scrubbed = scrubbed};
  context.telling->failed(destination.authority.host, response.failure);
  if (upstream != nullptr) {
    record.upstream_ip = upstream->endpoint().address;
    record.tls = upstream->peer().tls;
    record.spki_sha256 = upstream->peer().spki_sha256;
  }
  context.audit->add(record);
}

flow::Charged charged_by(const limits::ChargeAnswer& answer) {
  return {refusal_of(answer.outcome), answer.retry_after_ms, answer.nonce};
}

void charge(Context& context,
            const Policy& policy,
            std::string_view caller,
            const flow::Charge& charge,
            const ChargeTaker& taker) {
  // The answer may come on another thread, and when nobody waits for it any more.
  auto told = [&context, taker](limits::ChargeAnswer late) {
    context.loop->post([&context, taker, late = std::move(late)]() mutable {
      if (!taker(late)) {
        settle(context, late.ticket, flow::ChargeFate::not_sent);
      }
    });
  };
  limits::ChargeRequest request{charge.rule,
                                charge.scope,
                                caller,
                                charge.volume_e8,
                                charge.volume_max_e8,
                                charge.wants_nonce};
  if (charge.spends) {
    request.spend = spend_of(policy, charge.rule, charge.scope, charge.model, *charge.spends);
  }
  auto answer = context.limiter->charge(policy.limits,
                                        request,
                                        {context.clock->steady_us(), context.clock->wall_us()},
                                        std::move(told));
  if (answer) {
    static_cast<void>(taker(*answer));
  }
}

void spend(Context& context,
           const SpentBy& by,
           const limits::Ticket& ticket,
           const flow::Spent& spent) {
  const bindings::SecretRule& rule = by.policy.bindings->rules[ticket.rule];
  const auto cost = rule.scopes[ticket.scope].models->budget->cost_of(spent.model, spent.usage);
  context.limiter->spend(ticket, {cost.value_or(0), spent.usage.all()});
  const auto count = [](std::int64_t tokens) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(tokens, 0));
  };
  const bindings::TokenUsage& usage = spent.usage;
  audit::ModelUsageRecord record;
  record.ts_us = context.clock->wall_us();
  record.request_id = by.request_id;
  record.secret = rule.name.text();
  record.caller = by.caller;
  record.model = spent.model;
  record.input = count(usage.input);
  record.cached = count(usage.cached);
  record.cache_write = count(usage.cache_write + usage.cache_write_long);
  record.output = count(usage.output);
  record.reasoning = count(usage.reasoning);
  record.is_estimated = spent.is_estimated;
  if (cost) {
    record.micro_usd = count(*cost);
  }
  context.audit->add(record);
}

void tell_passed_budget(Context& context, const SpentBy& by, const limits::ChargeAnswer& answer) {
  if (answer.past == limits::BudgetPart::none) {
    return;
  }
  const bool is_money = answer.past == limits::BudgetPart::micro_usd_per_day;
  audit::BudgetPassedRecord record;
  record.ts_us = context.clock->wall_us();
  record.request_id = by.request_id;
  record.secret = by.policy.bindings->rules[answer.ticket.rule].name.text();
  record.caller = by.caller;
  record.budget = is_money ? "usd_per_day" : "tokens_per_min";
  context.audit->add(record);
  context.telling->budget_passed(record.secret, record.budget, by.caller);
}

void settle(Context& context, const limits::Ticket& ticket, flow::ChargeFate fate) {
  switch (fate) {
    case flow::ChargeFate::keep:
      return;
    case flow::ChargeFate::refused:
      context.limiter->release(ticket, limits::GiveBack::volume);
      return;
    case flow::ChargeFate::not_sent:
      context.limiter->release(ticket, limits::GiveBack::everything);
      return;
  }
}

}  // namespace keyswap::net
