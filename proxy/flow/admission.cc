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

#include <algorithm>
#include <utility>

#include "bindings/model_rules.h"
#include "bindings/oauth_providers.h"
#include "proxy/base/bounds.h"
#include "proxy/flow/judgement.h"

namespace keyswap::flow {

using audit::Decision;
using audit::Reason;

namespace {

constexpr std::int64_t kUsPerMs = 1000;

// The vault entries of what is used, each once: "KEY, PRIVATE_KEY".
std::string entries_of(const bindings::Bindings& bindings, const Verdict& verdict) {
  std::vector<std::string_view> names;
  for (const PlaceOf& place : places_of(verdict)) {
    for (const auto& name : bindings.rules[place.rule].places[place.place].injection->needs()) {
      if (std::ranges::find(names, name.text()) == names.end()) {
        names.push_back(name.text());
      }
    }
  }
  std::string text;
  for (const std::string_view name : names) {
    text.append(text.empty() ? "" : ", ").append(name);
  }
  return text;
}

// Where that entry comes from; null: it is in the vault of this machine.
const vault::SourceSpec* find_source(const bindings::Bindings& bindings, std::string_view entry) {
  const auto name = vault::SecretName::parse_stored(entry);
  return bindings.sources == nullptr || !name ? nullptr : bindings.sources->source_of(*name);
}

// How a person logs in to it again, behind its name; "": nobody does, or it would be cut off.
std::string login_to(const bindings::Bindings& bindings, std::string_view entry) {
  const vault::SourceSpec* const source = find_source(bindings, entry);
  if (source == nullptr || source->setting("refresh_token") == nullptr) {
    return "";
  }
  const std::string command = bindings::login_command(source->id);
  return command.size() > base::bounds::kFactBytesMax ? ""
                                                      : base::Facts().text("; ", command).take();
}

// As a record says it; "": it is in the vault of this machine.
std::string source_of(const bindings::Bindings& bindings, std::string_view entry) {
  const vault::SourceSpec* const source = find_source(bindings, entry);
  return source == nullptr ? "" : base::Facts().text("", source->id).take();
}

// The same of the first of what is used that comes from elsewhere.
std::string source_of(const bindings::Bindings& bindings, const Verdict& verdict) {
  std::string source;
  for (const PlaceOf& place : places_of(verdict)) {
    for (const auto& name : bindings.rules[place.rule].places[place.place].injection->needs()) {
      if (source.empty()) {
        source = source_of(bindings, name.text());
      }
    }
  }
  return source;
}

bool has_budget(const bindings::Scope& scope) {
  return scope.models != nullptr && scope.models->budget;
}

bool needs(const bindings::SecretPlace& place, std::string_view entry) {
  return std::ranges::any_of(place.injection->needs(),
                             [&](const vault::SecretName& name) { return name.text() == entry; });
}

// The least of what the scopes of `uses` say there.
template <typename Value, typename ScopeOf>
std::optional<Value> least_of(const std::vector<Use>& uses,
                              std::optional<Value> bindings::Scope::*member,
                              ScopeOf scope_of) {
  std::optional<Value> least;
  for (const Use& use : uses) {
    const std::optional<Value>& said = scope_of(use).*member;
    if (said && (!least || *said < *least)) {
      least = said;
    }
  }
  return least;
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
  if (charge(judgement, charging, asks)) {
    return std::nullopt;
  }
  if (charging.needs_secrets) {
    fetch(asks);
  } else {
    state_ = Admitted{};
  }
  return std::nullopt;
}

// What was judged is the first use: nothing else goes with a request that is signed.
bool Admission::charge(const bindings::Judgement& judgement, Charging charging, const Asks& asks) {
  for (std::size_t i = charging.use; i < verdict_.uses.size(); ++i) {
    const Use& use = verdict_.uses[i];
    const bool spends = spending_ != nullptr && has_budget(scope_of(use));
    if (is_charged_before(i) ||
        !(spends || costs(i == 0 ? judgement : bindings::Judgement{}, scope_of(use)))) {
      continue;
    }
    charging.use = i;
    state_ = charging;
    asks(SetWait{Wait::record});
    Charge asked{
        use.rule, use.scope, judgement.volume_e8, judgement.volume_max_e8, judgement.wants_nonce};
    if (spends) {
      asked.spends = spending_->estimate();
      asked.model = spending_->model();
    }
    asks(std::move(asked));
    return true;
  }
  return false;
}

// Two places of a secret, or two spots of one, may be in one scope.
bool Admission::is_charged_before(std::size_t use) const {
  const auto& uses = verdict_.uses;
  const auto end = uses.begin() + static_cast<std::ptrdiff_t>(use);
  return std::any_of(uses.begin(), end, [&](const Use& earlier) {
    return earlier.rule == end->rule && earlier.scope == end->scope;
  });
}

Admission::Refusal Admission::take(const Charged& event, const Asks& asks) {
  if (event.refusal) {
    retry_after_ms_ = event.retry_after_ms;
    return event.refusal;
  }
  is_charged_ = true;
  nonce_ = std::max(nonce_, event.nonce);
  const auto* const charging = std::get_if<Charging>(&state_);
  const Charging now = charging == nullptr ? Charging{} : *charging;
  if (charge({}, {now.needs_secrets, now.use + 1}, asks)) {
    return std::nullopt;
  }
  if (now.needs_secrets) {
    fetch(asks);
  } else {
    state_ = Admitted{};
  }
  return std::nullopt;
}

void Admission::fetch(const Asks& asks) {
  state_ = Fetching{};
  asks(SetWait{Wait::secrets});
  asks(FetchSecrets{places_of(verdict_)});
}

Admission::Refusal Admission::take(SecretsUnavailable& event) {
  // Of several secrets the refusal is about the one that is missing.
  const auto found = std::ranges::find_if(verdict_.uses, [&](const Use& use) {
    return needs(bindings_->rules[use.rule].places[use.place], event.name);
  });
  if (found != verdict_.uses.end()) {
    verdict_.rule = found->rule;
  }
  retry_after_ms_ = event.retry_after_ms;
  if (const auto cause = cause_of(event.fault); cause != base::Cause::none) {
    failure_ = {cause, source_of(*bindings_, event.name)};
    if (event.fault == SecretFault::source_shut) {
      failure_.facts += login_to(*bindings_, event.name);
    }
  }
  return refuse_secret(std::move(event.name), event.fault);
}

// I10: neither a disk nor a source that hangs holds the client.
Admission::Refusal Admission::time_out() {
  if (std::holds_alternative<Charging>(state_)) {
    return Reason::limits_unavailable;
  }
  failure_ = {base::Cause::secret_timed_out, source_of(*bindings_, verdict_)};
  return refuse_secrets(SecretFault::late);
}

Reason Admission::refuse_secrets(SecretFault fault) {
  return refuse_secret(entries_of(*bindings_, verdict_), fault);
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
  std::vector<PlaceOf> further;
  if (is_allowed() && verdict_.uses.size() > 1) {
    further = places_of(verdict_);
    further.erase(further.begin());
  }
  asks(Record{.decision = verdict_.decision,
              .reason = verdict_.reason,
              .rule = verdict_.rule,
              .place = verdict_.uses.empty() || !is_allowed() ? 0 : verdict_.uses.front().place,
              .further = std::move(further),
              .others = verdict_.others,
              .honeytokens = verdict_.honeytokens,
              .real_values = verdict_.real_values,
              .method = shown.method,
              .path = std::move(shown.path),
              .failure = failure_,
              .order = order_,
              .is_unproven = is_unproven_,
              .clock_shift_ms = is_allowed() ? clock_shift_us_ / kUsPerMs : 0});
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
  return scope_of(verdict_.uses.front());
}

const bindings::Scope& Admission::scope_of(const Use& use) const {
  return bindings_->rules[use.rule].scopes[use.scope];
}

std::optional<std::uint64_t> Admission::max_body_bytes() const {
  return least_of(
      verdict_.uses, &bindings::Scope::max_body_bytes, [this](const Use& use) -> auto& {
        return scope_of(use);
      });
}

std::optional<std::int64_t> Admission::response_timeout_ms() const {
  return least_of(
      verdict_.uses, &bindings::Scope::response_timeout_ms, [this](const Use& use) -> auto& {
        return scope_of(use);
      });
}

}  // namespace keyswap::flow
