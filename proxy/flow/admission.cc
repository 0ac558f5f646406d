// SPDX-License-Identifier: Apache-2.0
//
//  judging    admit      -> charging, or fetching, or admitted (nothing is needed), or refused
//  charging   Charged    -> fetching, or admitted, or refused; time_out -> refused
//  fetching   SecretsReady -> admitted; SecretsUnavailable, time_out -> refused
//  admitted   record     -> recording; or fetch once more
//  recording  RecordDone -> recorded
//
// A refusal is recorded, too: from anywhere, once.
#include "proxy/flow/admission.h"

#include "proxy/flow/judgement.h"

namespace keyswap::flow {

using audit::Decision;
using audit::Reason;

namespace {

// The vault entries of a rule, whose own name may be none of them: "KEY, PRIVATE_KEY".
std::string entries_of(const bindings::Injection& injection) {
  std::string names;
  for (const auto& name : injection.needs()) {
    names += (names.empty() ? "" : ", ") + std::string(name.text());
  }
  return names;
}

}  // namespace

Admission::Refusal Admission::admit(bindings::Judgement judgement, const Asks& asks) {
  return begin(std::move(judgement), {.needs_secrets = true}, asks);
}

Admission::Refusal Admission::admit_bare(bindings::Judgement judgement, const Asks& asks) {
  return begin(std::move(judgement), {.needs_secrets = false}, asks);
}

Admission::Refusal Admission::begin(bindings::Judgement judgement,
                                    Charging charging,
                                    const Asks& asks) {
  order_ = std::move(judgement.order);
  is_unproven_ = judgement.is_unproven;
  if (judgement.refusal) {
    return reason_of(*judgement.refusal);
  }
  if (costs(judgement, scope())) {
    state_ = charging;
    asks(SetWait{Wait::record});
    asks(Charge{*verdict_.rule,
                verdict_.scope,
                judgement.volume_e8,
                judgement.volume_max_e8,
                judgement.wants_nonce});
  } else if (charging.needs_secrets) {
    fetch(asks);
  } else {
    state_ = Admitted{};
  }
  return std::nullopt;
}

Admission::Refusal Admission::take(const Charged& event, const Asks& asks) {
  if (event.refusal) {
    retry_after_ms_ = event.retry_after_ms;
    return event.refusal;
  }
  is_charged_ = true;
  nonce_ = event.nonce;
  const auto* charging = std::get_if<Charging>(&state_);
  if (charging == nullptr || charging->needs_secrets) {
    fetch(asks);
  } else {
    state_ = Admitted{};
  }
  return std::nullopt;
}

void Admission::fetch(const Asks& asks) {
  state_ = Fetching{};
  asks(SetWait{Wait::secrets});
  asks(FetchSecrets{*verdict_.rule});
}

Admission::Refusal Admission::take(SecretsUnavailable& event) {
  return refuse_secret(std::move(event.name), event.fault);
}

// I10: neither a disk nor a source that hangs holds the client.
Admission::Refusal Admission::time_out() {
  if (std::holds_alternative<Charging>(state_)) {
    return Reason::limits_unavailable;
  }
  failure_.cause = base::Cause::secret_timed_out;
  return refuse_secrets(SecretFault::late);
}

Reason Admission::refuse_secrets(SecretFault fault) {
  return refuse_secret(entries_of(*rule().injection), fault);
}

Reason Admission::refuse_secret(std::string name, SecretFault fault) {
  if (fault != SecretFault::no_room) {
    missing_secret_ = std::move(name);
    secret_fault_ = fault;
  }
  return reason_of(fault);
}

void Admission::refuse(Reason reason) {
  verdict_.decision = Decision::refused;
  verdict_.reason = reason;
  verdict_.others.clear();
}

void Admission::record(Shown shown, const Asks& asks) {
  await_record(asks);
  asks(Record{.decision = verdict_.decision,
              .reason = verdict_.reason,
              .rule = verdict_.rule,
              .others = verdict_.others,
              .honeytokens = verdict_.honeytokens,
              .method = shown.method,
              .path = std::move(shown.path),
              .failure = failure_,
              .order = order_,
              .is_unproven = is_unproven_});
}

void Admission::await_record(const Asks& asks) {
  state_ = Recording{};
  asks(SetWait{Wait::record});
}

// I6, I13: no record, no request.
Admission::Refusal Admission::take(const RecordDone& event) {
  state_ = Recorded{};
  if (!event.is_durable) {
    return Reason::audit_unavailable;
  }
  return is_refused() ? std::optional(verdict_.reason) : std::nullopt;
}

Admission::Step Admission::step() const {
  static_assert(std::variant_size_v<decltype(state_)> ==
                static_cast<std::size_t>(Step::recorded) + 1);
  return static_cast<Step>(state_.index());
}

const bindings::SecretRule& Admission::rule() const {
  return bindings_->rules[*verdict_.rule];
}

const bindings::Scope& Admission::scope() const {
  return rule().scopes[verdict_.scope];
}

}  // namespace keyswap::flow
