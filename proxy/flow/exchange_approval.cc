// SPDX-License-Identifier: Apache-2.0
//
// Requests that a person decides on (bindings/approval_rule.h): read to their end, then held,
// before anything is charged for or fetched. Granted, they go on as if nothing had been: limits and
// signers judge when they are sent. The grant is used up, durably, before the machine hears of it
// (I6). And the answer to who asks how such a request stands.
#include <string>
#include <utility>

#include "bindings/request_readings.h"
#include "proxy/flow/approval_digest.h"
#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Reason;

namespace {

constexpr std::uint16_t kHttpsPort = 443;

}  // namespace

// Of all that are used and ask for a person, the narrowest of each; none: none does. With the body,
// once that is collected: it may name a method.
std::optional<bindings::ApprovalRule> Exchange::approval_rule() const {
  std::optional<bindings::ApprovalRule> narrowest;
  for (const Use& use : verdict().uses) {
    const auto& rule = setup_.bindings->rules[use.rule].scopes[use.scope].approval;
    if (rule == nullptr ||
        !rule->may_concern(bindings::RequestReadings(
            asked_->head.method, asked_->target, asked_->head.fields, body_.view()))) {
      continue;
    }
    if (narrowest) {
      narrowest->narrow(*rule);
    } else {
      narrowest = *rule;
    }
  }
  return narrowest;
}

bool Exchange::needs_decision() {
  if (hold_ == nullptr) {
    auto rule = approval_rule();
    if (!rule) {
      return false;
    }
    hold_ = std::make_unique<ApprovalHold>();
    hold_->rule = std::move(rule);
  }
  return !hold_->is_granted;
}

void Exchange::ask_for_decision(Actions& actions) {
  if (has_request_body() && !is_collected_) {
    const auto* const signer = rule().signer();
    if (swapping_ != nullptr) {
      refuse(Reason::body_too_large, actions);  // longer than what is held of such a body
    } else if (signer != nullptr && signer->body_use(whole_request()) != bindings::BodyUse::whole) {
      refuse(Reason::signature_form_not_supported, actions);
    } else {
      collect(actions);
    }
    return;
  }
  state_ = Holding{};
  const Use& use = verdict().uses.front();
  AskApproval ask;
  ask.rule = use.rule;
  ask.scope = use.scope;
  ask.approval = &*hold_->rule;
  ask.places = places_of(verdict());
  if (const auto* const field = asked_->head.fields.find(kOperationField)) {
    ask.operation = field->value;
  }
  ask.method = asked_->head.method;
  ask.target = asked_->target;
  ask.path = shown().path;
  ask.headers = bound_headers(asked_->head.fields, hold_->rule->headers);
  ask.body = body_.view();
  // Who comes with an operation waits for no person.
  const bool waits = ask.operation.empty() && hold_->rule->hold_ms > 0;
  hold_->is_ending = !waits;
  actions.emplace_back(waits ? SetWait{Wait::approval, hold_->rule->hold_ms}
                             : SetWait{Wait::record});
  actions.emplace_back(std::move(ask));
}

void Exchange::handle(Decided& event, Actions& actions) {
  if (event.refusal) {
    hold_->operation = std::move(event.operation);
    refuse(*event.refusal, actions);
    return;
  }
  hold_->is_granted = true;
  setup_.now_us = event.now_us != 0 ? event.now_us : setup_.now_us;
  if (rule().signer() == nullptr) {
    go_on(admission_.admit({}, Asks(actions)), actions);
  } else if (has_request_body()) {
    ask_signer(actions);
  } else {
    is_collected_ = true;
    judge(actions);
  }
}

// The client waits no longer. Somebody may have decided just now: what has become of it is said
// once more, and a disk that hangs does not hold the client (I10).
void Exchange::time_out_hold(Actions& actions) {
  if (std::exchange(hold_->is_ending, true)) {
    refuse(Reason::limits_unavailable, actions);
    return;
  }
  actions.emplace_back(SetWait{Wait::record});
  actions.emplace_back(EndHold{HoldEnd::timed_out});
}

// --- who asks how it stands ---

std::optional<Reason> Exchange::check_question(std::optional<Reason> refusal) {
  if (!refusal && asked_->reverse) {
    refusal = check_operation_path(asked_->head, asked_->target, *setup_.bindings);
  }
  if (refusal != Reason::approval_pending) {
    return refusal;
  }
  hold_ = std::make_unique<ApprovalHold>();
  hold_->operation = find_operation(setup_.operations, asked_->target, setup_.caller);
  return hold_->operation ? Reason::approval_pending : Reason::approval_unknown;
}

// The origin of its request, or, on a reverse route, what stands before the path there.
std::string Exchange::origin_of_operations() const {
  if (!asked_->reverse) {
    return "https://" + http::to_string(setup_.destination.authority, kHttpsPort);
  }
  const std::string_view came = asked_->head.target;
  return came.ends_with(asked_->target)
             ? std::string(came.substr(0, came.size() - asked_->target.size()))
             : std::string();
}

Reply Exchange::reply_with_hold() const {
  Reply reply = reply_with_operation(*hold_->operation,
                                     status_url(*hold_->operation, origin_of_operations()),
                                     !hold_->rule ? AnswerFor::question : AnswerFor::request);
  if (answer_to() == http::AnswerTo::head_request) {
    reply.body.clear();
  }
  return reply;
}

}  // namespace keyswap::flow
