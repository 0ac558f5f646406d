// SPDX-License-Identifier: Apache-2.0
//
// From the verdict "allowed" to the secrets: the body is collected if a signer reads it, the signer
// judges, the limits are charged, the secrets opened and written into what will be sent.
#include <utility>

#include "proxy/flow/exchange.h"
#include "proxy/flow/judgement.h"

namespace keyswap::flow {

using audit::Reason;
using http::Framing;

namespace {

// The field that a reverse route's callers say who they are with; it never goes upstream.
constexpr std::string_view kCallerField = "keyswap-caller";
constexpr std::uint16_t kHttpsPort = 443;

// The vault entries of a rule, whose own name may be none of them: "KEY, PRIVATE_KEY".
std::string entries_of(const bindings::Injection& injection) {
  std::string names;
  for (const auto& name : injection.needs()) {
    names += (names.empty() ? "" : ", ") + std::string(name.text());
  }
  return names;
}

}  // namespace

void Exchange::admit(Actions& actions) {
  if (rule().injection->signer() == nullptr) {
    charge({}, actions);
  } else if (has_request_body()) {
    collect(actions);
  } else {
    is_collected_ = true;
    judge(actions);
  }
}

void Exchange::collect(Actions& actions) {
  if (head_->framing.kind == Framing::Kind::length &&
      head_->framing.length > base::bounds::kSignedBodyBytesMax) {
    refuse(Reason::body_too_large, actions);
    return;
  }
  state_ = Collecting{};
  if (head_->expects_continue) {
    actions.emplace_back(SendResponseHead{continue_response()});
  }
  actions.emplace_back(SetWait{Wait::request_body});
  actions.emplace_back(ReadClient{});
}

void Exchange::collect_body(std::string_view bytes, Collecting& collecting, Actions& actions) {
  collecting.pace.add(bytes.size());
  const bool is_past_scope =
      scope().max_body_bytes && body_.size() + bytes.size() > *scope().max_body_bytes;
  const bool has_room =
      setup_.collected_bytes == nullptr ||
      *setup_.collected_bytes + bytes.size() <= base::bounds::kSignedBodiesBytesMax;
  if (is_past_scope || !has_room || !body_.append(bytes)) {
    release_body();
    refuse(is_past_scope || has_room ? Reason::body_too_large : Reason::too_busy, actions);
  } else if (setup_.collected_bytes != nullptr) {
    *setup_.collected_bytes += bytes.size();
  }
}

// I10: what a loop holds of them is counted.
void Exchange::release_body() {
  if (setup_.collected_bytes != nullptr) {
    *setup_.collected_bytes -= body_.size();
  }
  body_.release();
}

void Exchange::judge(Actions& actions) {
  is_collected_ = true;
  if (const auto reason = check_body(request(), verdict_, body_.view())) {
    refuse(*reason, actions);
    return;
  }
  auto judgement = rule().injection->signer()->judge(whole_request(), scope());
  order_ = std::move(judgement.order);
  is_unproven_ = judgement.is_unproven;
  if (judgement.refusal) {
    refuse(reason_of(*judgement.refusal), actions);
  } else {
    charge(judgement, actions);
  }
}

void Exchange::charge(const bindings::Judgement& judgement, Actions& actions) {
  if (!costs(judgement, scope())) {
    fetch_secrets(actions);
    return;
  }
  state_ = Charging{};
  actions.emplace_back(SetWait{Wait::record});
  actions.emplace_back(Charge{*verdict_.rule,
                              verdict_.scope,
                              judgement.volume_e8,
                              judgement.volume_max_e8,
                              judgement.wants_nonce});
}

void Exchange::handle(const Charged& event, Actions& actions) {
  if (event.refusal) {
    retry_after_ms_ = event.retry_after_ms;
    refuse(*event.refusal, actions);
    return;
  }
  is_charged_ = true;
  nonce_ = event.nonce;
  fetch_secrets(actions);
}

void Exchange::fetch_secrets(Actions& actions) {
  state_ = FetchingSecrets{};
  actions.emplace_back(FetchSecrets{*verdict_.rule});
}

void Exchange::handle(SecretsReady& event, Actions& actions) {
  if (event.now_us != 0) {
    setup_.now_us = event.now_us;
  }
  auto ready = prepare(event.secrets);
  if (ready) {
    ready = look_for(event.secrets);
  }
  if (!ready) {
    refuse_secret(entries_of(*rule().injection), fault_of(ready.error()), actions);
    return;
  }
  if (is_sent_again_) {
    dial_anew(actions);
    return;
  }
  state_ = Dialing{};
  actions.emplace_back(Dial{});
}

void Exchange::handle(SecretsUnavailable& event, Actions& actions) {
  refuse_secret(std::move(event.name), event.fault, actions);
}

void Exchange::refuse_secret(std::string name, SecretFault fault, Actions& actions) {
  if (fault != SecretFault::no_room) {
    missing_secret_ = std::move(name);
    secret_fault_ = fault;
  }
  refuse(reason_of(fault), actions);
}

// What cannot be used is refused here, before anything is recorded as allowed.
base::Status Exchange::prepare(std::span<const vault::Secret> secrets) {
  if (const auto* const signer = rule().injection->signer()) {
    return prepare_signed(*signer, secrets);
  }
  for (const vault::Secret& secret : secrets) {
    KS_TRY(hold(secret));
    secrets_.push_back(secret.share());
  }
  KS_TRY(check_credential(credential(), *setup_.scratch));
  edit_for_route();
  return {};
}

// What a reverse route changes of a request, whatever else does.
void Exchange::edit_for_route() {
  if (reverse_) {
    edits_.set_field("Host", http::to_string(setup_.destination.authority, kHttpsPort));
    edits_.remove_field(kCallerField);
  }
}

// I10: what a request holds while it waits is counted.
base::Status Exchange::hold(const vault::Secret& secret) {
  return holder_.hold(secret)
             ? base::Status{}
             : base::Error{base::Errc::unavailable, "too much locked memory is held already"};
}

Credential Exchange::credential() const {
  return {*rule().injection,
          {secrets_, setup_.now_us / 1'000'000},
          *rule().placements[verdict_.placement],
          request().parts(),
          verdict_.part};
}

base::Status Exchange::prepare_signed(const bindings::Signer& signer,
                                      std::span<const vault::Secret> secrets) {
  edit_for_route();
  KS_TRY(signer.sign(whole_request(), {secrets, setup_.now_us, nonce_}, edits_));
  for (const bindings::Edit& edit : edits_) {
    const auto* const set = std::get_if<bindings::FieldEdit>(&edit);
    const auto* const value = set == nullptr ? nullptr : std::get_if<vault::Secret>(&set->value);
    KS_TRY(value == nullptr ? base::Status{} : hold(*value));
  }
  if (rule().answers == bindings::Answers::scrubbed) {
    edits_.remove_field("accept-encoding");
  }
  const auto* const body = edits_.find<bindings::BodyEdit>();
  edits_.set_body_length(body == nullptr ? body_.size() : body->value.size());
  return check_edits(edits_);
}

base::Status Exchange::look_for(std::span<const vault::Secret> secrets) {
  const auto& injection = *rule().injection;
  if (rule().answers == bindings::Answers::passed) {
    return {};
  }
  stop_looking();
  auto scrubber =
      std::make_unique<Scrubber>(setup_.form_cache, vault::Holder(setup_.holdings, setup_.caller));
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    if (!injection.needs_private_key(i)) {
      KS_TRY(scrubber->add(secrets[i], rule().placeholder));
    }
  }
  KS_TRY(scrubber->prepare());
  scrubber_ = scrubber.get();
  answer_filters_.add(std::move(scrubber));
  return {};
}

void Exchange::stop_looking() {
  answer_filters_.clear();
  scrubber_ = nullptr;
}

// What was charged is settled once.
void Exchange::settle(ChargeFate fate, Actions& actions) {
  if (std::exchange(is_charged_, false)) {
    actions.emplace_back(Settle{fate});
  }
}

const bindings::SecretRule& Exchange::rule() const {
  return setup_.bindings->rules[*verdict_.rule];
}

const bindings::Scope& Exchange::scope() const {
  return rule().scopes[verdict_.scope];
}

Request Exchange::request() const {
  return {*head_, target_, setup_.destination, *setup_.bindings, setup_.caller};
}

bindings::WholeRequest Exchange::whole_request() const {
  return {head_->method, target_, setup_.destination.authority.host, head_->fields, body_.view()};
}

}  // namespace keyswap::flow
