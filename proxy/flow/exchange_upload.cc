// SPDX-License-Identifier: Apache-2.0
//
// A request's body that follows its head as it comes, in chunks (a short one: exchange_body.cc). At
// a placeholder whose secret was not used yet the client is not read on until that one is admitted:
// charged for, fetched, recorded (I6: before its bytes leave). Where that fails, the upload is cut
// and never completed. What stays of placeholders is recorded (I2).
#include <algorithm>
#include <utility>

#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Decision;
using audit::Outcome;
using audit::Reason;

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

}  // namespace

// All that is there of it. False: it waits for a secret, or the exchange is over.
bool Exchange::send_body(Relaying& relaying, Actions& actions) {
  for (auto step = swapping_->swap.next(); step.kind != BodySwap::Step::Kind::nothing;
       step = swapping_->swap.next()) {
    if (step.kind == BodySwap::Step::Kind::credential) {
      if (!send_credential(step, relaying, actions)) {
        return false;
      }
      continue;
    }
    swapping_->overrides.look(step.bytes);
    if (!check_overrides(std::nullopt, relaying, actions) ||
        !look_at_body(step.bytes, relaying, actions)) {
      return false;
    }
    actions.emplace_back(SendRequestBody{step.bytes});
  }
  return true;
}

// I5: a form may name another method than the request's own. May what is used be used with that,
// and what is to be used `next`? False: it is refused, and the exchange is over.
bool Exchange::check_overrides(std::optional<Use> next, Relaying& relaying, Actions& actions) {
  OverrideWatch& overrides = swapping_->overrides;
  if (overrides.said().empty() || (!overrides.take_news() && !next)) {
    return true;
  }
  Verdict used;
  if (admission_.is_allowed()) {
    used.uses = verdict().uses;
  }
  for (const Swapping::Ready& ready : swapping_->ready) {
    used.uses.push_back(use_of({ready.place.rule, ready.place.place, ready.scope}));
  }
  if (next) {
    used.uses.push_back(*next);
  }
  if (used.uses.empty()) {
    return true;
  }
  const auto reason = check_body(request(), used, overrides.said());
  if (reason) {
    refuse_body(*reason, used.uses.front().rule, relaying, actions);
  }
  return !reason;
}

bool Exchange::send_credential(const BodySwap::Step& step, Relaying& relaying, Actions& actions) {
  const SwapPlace& place = swapping_->swap.place(step.place);
  const PlaceOf key{place.rule, place.place};
  if (const auto reason = take_occurrence(place, relaying.request_body_bytes)) {
    refuse_body(*reason, place.rule, relaying, actions);
    return false;
  }
  look_past_credential();
  swapping_->overrides.look(kSwappedGap);
  if (!check_overrides(use_of(place), relaying, actions)) {
    return false;
  }
  if (const std::string_view credential = written(key); !credential.empty()) {
    if (step.is_nested && !check_nested(key)) {
      refuse_body(Reason::secret_unavailable, place.rule, relaying, actions);
      return false;
    }
    actions.emplace_back(SendRequestSecret{credential});
    return true;
  }
  swapping_->is_nested = step.is_nested;
  admit_in_body(use_of(place), relaying, actions);
  return false;
}

void Exchange::admit_in_body(const Use& use, Relaying& relaying, Actions& actions) {
  if (setup_.bindings->rules[use.rule].scopes[use.scope].approval != nullptr) {
    // A person decides on what is whole. What may not concern it all the same is not asked for: a
    // body that is sent on can still name another method.
    refuse_body(Reason::body_too_large, use.rule, relaying, actions);
    return;
  }
  auto& admission = swapping_->admission.emplace(setup_.bindings);
  admission.decide({Decision::allowed, Reason::binding_matched, use.rule, {use}, {}});
  relaying.wait = Wait::secrets;
  if (is_charged_for(use)) {
    admission.fetch(Asks(actions));
  } else if (const auto refusal = admission.admit({}, Asks(actions))) {
    refuse_body(*refusal, use.rule, relaying, actions);
  }
}

// A request is charged for once in a scope, wherever its secret stands.
bool Exchange::is_charged_for(const Use& use) const {
  const auto is_same = [&](std::uint32_t rule, std::uint32_t scope) {
    return rule == use.rule && scope == use.scope;
  };
  const bool is_in_head =
      admission_.is_allowed() && std::ranges::any_of(verdict().uses, [&](const Use& one) {
        return is_same(one.rule, one.scope);
      });
  return is_in_head || std::ranges::any_of(swapping_->ready, [&](const Swapping::Ready& one) {
           return is_same(one.place.rule, one.scope);
         });
}

void Exchange::charged_in_body(const Charged& event, Relaying& relaying, Actions& actions) {
  auto* const admission = admission_in_body(Admission::Step::charging);
  if (admission == nullptr) {
    protocol_violation(actions);
  } else if (const auto refusal = admission->take(event, Asks(actions))) {
    refuse_body(*refusal, *admission->verdict().rule, relaying, actions);
  }
}

void Exchange::fetched_in_body(const SecretsReady& event, Relaying& relaying, Actions& actions) {
  auto* const admission = admission_in_body(Admission::Step::fetching);
  if (admission == nullptr) {
    protocol_violation(actions);
    return;
  }
  admission->take_secrets();
  const Use use = admission->verdict().uses.front();
  if (const auto ready = ready_in_body(use, event, relaying.filters); ready) {
    admission->record(shown(), Asks(actions));
  } else {
    refuse_body(admission->refuse_secrets(fault_of(ready.error())), use.rule, relaying, actions);
  }
}

// I8: what will be sent is known before it is, for the answer may have begun.
base::Status Exchange::ready_in_body(const Use& use,
                                     const SecretsReady& event,
                                     AnswerFilters& filters) {
  const std::int64_t now_us = event.now_us != 0 ? event.now_us : setup_.now_us;
  const std::int64_t now_s = now_us / kUsPerSecond;
  KS_TRY(write_for_body(use, {event.secrets, now_s}));
  KS_TRY(swapping_->is_nested ? check_nested({use.rule, use.place}) : base::Status{});
  return look_for({*setup_.bindings, std::span(&use, 1), event.secrets, now_s, request().parts()},
                  filters);
}

void Exchange::not_fetched_in_body(SecretsUnavailable& event,
                                   Relaying& relaying,
                                   Actions& actions) {
  auto* const admission = admission_in_body(Admission::Step::fetching);
  if (admission == nullptr) {
    protocol_violation(actions);
  } else if (const auto refusal = admission->take(event)) {
    refuse_body(*refusal, *admission->verdict().rule, relaying, actions);
  }
}

// I6: only now the secret's bytes may leave.
void Exchange::recorded_in_body(const RecordDone& event, Relaying& relaying, Actions& actions) {
  auto* const admission = admission_in_body(Admission::Step::recording);
  if (admission == nullptr) {
    protocol_violation(actions);
    return;
  }
  const Use use = admission->verdict().uses.front();
  if (const auto refusal = admission->take(event)) {
    refuse_body(*refusal, use.rule, relaying, actions);
    return;
  }
  drop_admission_in_body();
  actions.emplace_back(SendRequestSecret{written({use.rule, use.place})});
  set_wait(relaying, relaying.has_head ? Wait::response_body : Wait::request_body, actions);
  go_on_with_body(relaying, actions);
}

void Exchange::time_out_in_body(Relaying& relaying, Actions& actions) {
  auto& admission = *swapping_->admission;
  const bool is_recording = admission.step() == Admission::Step::recording;
  const auto refusal = is_recording ? Reason::audit_unavailable : admission.time_out();
  refuse_body(
      refusal.value_or(Reason::secret_unavailable), *admission.verdict().rule, relaying, actions);
}

void Exchange::go_on_with_body(Relaying& relaying, Actions& actions) {
  if (!send_body(relaying, actions)) {
    return;
  }
  if (swapping_->has_ended) {
    swapping_->overrides.end();
    if (check_overrides(std::nullopt, relaying, actions)) {
      end_upload(relaying, actions);
    }
  } else {
    actions.emplace_back(ReadClient{});
  }
}

void Exchange::end_upload(Relaying& relaying, Actions& actions) {
  if (!end_real_values(relaying, actions)) {
    return;
  }
  relaying.client_done = true;
  actions.emplace_back(EndRequest{});
  if (!relaying.has_head) {
    set_wait(relaying, Wait::response_head, actions);
  }
}

// --- what stays ---

// False: it is refused, and the exchange is over.
bool Exchange::look_at_body(std::string_view bytes, Relaying& relaying, Actions& actions) {
  return look_for_placeholders(bytes, relaying, actions) &&
         look_for_real_values(bytes, relaying, actions);
}

bool Exchange::look_for_placeholders(std::string_view bytes, Relaying& relaying, Actions& actions) {
  if (watch_ == nullptr) {
    return true;
  }
  const std::size_t known = watch_->seen().size();
  watch_->look(bytes);
  for (std::size_t i = known; i < watch_->seen().size(); ++i) {
    const std::uint32_t rule = watch_->seen()[i];
    if (is_denied(verdict(), rule)) {
      continue;
    }
    const Denial denial = deny_in_body(request(), rule);
    if (setup_.bindings->misplaced_placeholder == bindings::MisplacedPlaceholder::refuse) {
      refuse_body(denial.reason, rule, relaying, actions);
      return false;
    }
    note(Decision::denied, denial.reason, rule, actions);
  }
  if (watch_->are_too_many()) {
    refuse_body(Reason::ambiguous_placeholder_match, watch_->seen().front(), relaying, actions);
    return false;
  }
  return true;
}

Admission* Exchange::admission_in_body(Admission::Step step) {
  return is_body_held() && swapping_->admission->step() == step ? &*swapping_->admission : nullptr;
}

// What it charged stays to be settled.
void Exchange::drop_admission_in_body() {
  if (is_body_held()) {
    swapping_->has_charge = swapping_->admission->end_charge() || swapping_->has_charge;
    swapping_->admission.reset();
  }
}

bool Exchange::is_body_held() const {
  return swapping_ != nullptr && swapping_->admission.has_value();
}

// A decision in the middle of a body.
Record Exchange::noted(Decision decision, Reason reason, std::optional<std::uint32_t> rule) const {
  Admission::Shown what = shown();
  Record record;
  record.decision = decision;
  record.reason = reason;
  record.rule = rule;
  record.method = what.method;
  record.path = std::move(what.path);
  record.failure = told().failure();
  return record;
}

// Nothing waits for it.
void Exchange::note(Decision decision, Reason reason, std::uint32_t rule, Actions& actions) {
  if (decision == Decision::denied) {
    stayed_ = reason;
  }
  actions.emplace_back(NoteDecision{noted(decision, reason, rule)});
}

// The upload is never completed: what was sent of it is no request.
void Exchange::cut_upload(Reason reason, Relaying& relaying, Actions& actions) {
  // What is captured has not begun to go on.
  if (relaying.has_head && relaying.capture == nullptr) {
    abort_response(relaying, Outcome::unknown, actions);
  } else {
    fail_sent(reason, Outcome::unknown, actions);
  }
}

void Exchange::refuse_body(Reason reason,
                           std::uint32_t rule,
                           Relaying& relaying,
                           Actions& actions) {
  refused_rule_ = rule;
  if (reason != Reason::audit_unavailable) {
    note(Decision::refused, reason, rule, actions);
  }
  cut_upload(reason, relaying, actions);
}

// The admission that an answer of our own is about.
const Admission& Exchange::told() const {
  return is_body_held() ? *swapping_->admission : admission_;
}

// What was seen of a failure, for whatever tells of it.
void Exchange::fail(base::Failure failure) {
  if (is_body_held()) {
    swapping_->admission->fail(failure);
  }
  admission_.fail(std::move(failure));
}

}  // namespace keyswap::flow
