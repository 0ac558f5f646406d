// SPDX-License-Identifier: Apache-2.0
//
// From the verdict "allowed" to what will be sent: the body is collected if a signer reads it, or a
// scope has rules on it; the signer judges, and once the secrets are there (proxy/flow/admission.h)
// something is made of them.
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "bindings/approval_rule.h"
#include "bindings/request_readings.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/decide_models.h"
#include "proxy/flow/exchange.h"

namespace keyswap::flow {

using audit::Reason;
using http::Framing;

namespace {

// The field that a reverse route's callers say who they are with; it never goes upstream.
constexpr std::string_view kCallerField = "keyswap-caller";
constexpr std::uint16_t kHttpsPort = 443;

// What of an edit lies in locked memory, or nullptr.
const vault::Secret* secret_in(const bindings::Edit& edit) {
  if (const auto* const field = std::get_if<bindings::FieldEdit>(&edit)) {
    return std::get_if<vault::Secret>(&field->value);
  }
  const auto* const target = std::get_if<bindings::TargetEdit>(&edit);
  return target == nullptr ? nullptr : std::get_if<vault::Secret>(&target->value);
}

// May some server read the body as a form? What does not say what it is, or says it twice, may be.
bool may_be_form(const http::HeaderList& fields) {
  std::size_t count = 0;
  bool is_form = false;
  for (const http::Field& field : fields) {
    if (base::equal_ignoring_case(field.name, "content-type")) {
      const std::string type = base::to_lower(field.value);
      is_form = is_form || type.find("x-www-form-urlencoded") != std::string::npos ||
                type.find("multipart/form-data") != std::string::npos;
      ++count;
    }
  }
  return is_form || count != 1;
}

// A form can name a method (docs/bindings.md, "Methods"), one that a person decides on, too.
bool may_name_held_method(const Request& request, std::span<const Use> uses) {
  if (!may_be_form(request.head.fields)) {
    return false;
  }
  const bindings::RequestReadings readings(
      request.head.method, request.target, request.head.fields);
  return std::ranges::any_of(uses, [&](const Use& use) {
    const auto& rule = request.bindings.rules[use.rule].scopes[use.scope].approval;
    return rule != nullptr && rule->may_concern_by_body(readings);
  });
}

}  // namespace

// What the head has is decided, and the body's part in it, if it was held.
void Exchange::go_on_with_head(Actions& actions) {
  if (admission_.is_allowed()) {
    admit(actions);
    return;
  }
  auto prepared = std::make_unique<Prepared>();
  edit_for_body(prepared->edits);
  state_ = Dialing{std::move(prepared)};
  actions.emplace_back(Dial{});
}

void Exchange::admit(Actions& actions) {
  // Nobody is asked to decide on what rules on bodies do not let through.
  const bool is_for_rules = !is_collected_ && is_under_body_rules();
  if (!is_for_rules && needs_decision()) {
    ask_for_decision(actions);
  } else if (rule().signer() == nullptr && !is_for_rules) {
    go_on(admission_.admit({}, Asks(actions)), actions);
  } else if (!has_request_body()) {
    is_collected_ = true;
    judge(actions);
  } else if (rule().signer() == nullptr ||
             rule().signer()->body_use(whole_request()) == bindings::BodyUse::whole) {
    collect(actions);
  } else if (is_for_rules) {
    admission_.fail({base::Cause::body_rule_broken, "its signer does not read the body whole"});
    refuse(Reason::body_not_allowed, actions);
  } else {
    ask_signer(actions);
  }
}

void Exchange::collect(Actions& actions) {
  const http::RequestHead& head = asked_->head;
  if (head.framing.kind == Framing::Kind::length &&
      head.framing.length > base::bounds::kSignedBodyBytesMax) {
    refuse(Reason::body_too_large, actions);
    return;
  }
  wait_for_body(actions);
}

void Exchange::wait_for_body(Actions& actions) {
  state_ = Collecting{};
  if (asked_->head.expects_continue) {
    actions.emplace_back(SendResponseHead{continue_response()});
  }
  actions.emplace_back(SetWait{Wait::request_body});
  actions.emplace_back(ReadClient{});
}

void Exchange::collect_body(std::string_view bytes, Collecting& collecting, Actions& actions) {
  collecting.pace.add(bytes.size());
  const auto bytes_max = body_bytes_max();
  const bool is_past_scope = bytes_max && body_.size() + bytes.size() > *bytes_max;
  const auto added = is_past_scope ? CollectedBody::Added::too_large : body_.add(bytes);
  if (added != CollectedBody::Added::all) {
    body_.release();
    refuse(added == CollectedBody::Added::no_room ? Reason::too_busy : Reason::body_too_large,
           actions);
  }
}

void Exchange::judge(Actions& actions) {
  is_collected_ = true;
  if (!look_at_whole_body()) {
    record(nullptr, actions);
    return;
  }
  if (const auto reason = check_whole_body()) {
    refuse(*reason, actions);
  } else if (needs_decision()) {
    ask_for_decision(actions);
  } else if (rule().signer() == nullptr) {
    go_on(admission_.admit({}, Asks(actions)), actions);
  } else {
    ask_signer(actions);
  }
}

bool Exchange::is_under_body_rules() const {
  return admission_.is_allowed() &&
         (has_body_rules(request(), verdict().uses) || judges_models(request(), verdict().uses) ||
          (has_request_body() && may_name_held_method(request(), verdict().uses)));
}

// By the form that it may be, and by the rules of the scopes.
std::optional<Reason> Exchange::check_whole_body() {
  if (const auto reason = check_body(request(), verdict(), body_.view())) {
    return reason;
  }
  if (const auto broken = find_broken_rule(request(), verdict().uses, body_.view())) {
    base::Facts facts;
    facts.text("", broken->rule).text(": ", broken->why.text());
    admission_.fail({base::Cause::body_rule_broken, facts.take()});
    return Reason::body_not_allowed;
  }
  const auto judged = check_models(request(), verdict().uses, body_.view());
  if (judged.spent) {
    spending_ = std::make_unique<Spending>(*judged.spent);
    admission_.spend(spending_.get());
  }
  return judged.refusal;
}

// By the head, and the body if it was collected.
void Exchange::ask_signer(Actions& actions) {
  auto judgement = rule().signer()->judge(whole_request(), scope());
  go_on(admission_.admit(std::move(judgement), Asks(actions)), actions);
}

void Exchange::go_on(const Admission::Refusal& refusal, Actions& actions) {
  if (refusal) {
    refuse(*refusal, actions);
  } else {
    state_ = Admitting{};
  }
}

void Exchange::handle(const Charged& event, Actions& actions) {
  if (std::holds_alternative<Relaying>(state_)) {
    charged_in_body(event, relaying(), actions);
    return;
  }
  go_on(admission_.take(event, Asks(actions)), actions);
}

void Exchange::handle(SecretsUnavailable& event, Actions& actions) {
  if (std::holds_alternative<Relaying>(state_)) {
    not_fetched_in_body(event, relaying(), actions);
    return;
  }
  go_on(admission_.take(event), actions);
}

void Exchange::handle(SecretsReady& event, Actions& actions) {
  if (std::holds_alternative<Relaying>(state_)) {
    fetched_in_body(event, relaying(), actions);
    return;
  }
  admission_.take_secrets();
  auto prepared = std::make_unique<Prepared>();
  prepared->holder = vault::Holder(setup_.holdings, setup_.caller);
  prepared->now_us = event.now_us != 0 ? event.now_us : setup_.now_us;
  follow_clock(event.clock_shift_us);
  auto ready = prepare(event.secrets, *prepared);
  if (ready && swapping_ != nullptr) {
    ready = write_all_for_body(*prepared);
    edit_for_body(prepared->edits);
  }
  if (ready) {
    auto sent = credentials(*prepared);
    sent.secrets = event.secrets;  // of a signer's, too
    ready = look_for(sent, prepared->filters);
  }
  if (!ready) {
    refuse(admission_.refuse_secrets(fault_of(ready.error())), actions);
  } else if (is_sent_again_) {
    dial_anew(std::move(prepared), actions);
  } else {
    state_ = Dialing{std::move(prepared)};
    actions.emplace_back(Dial{});
  }
}

// What is sent once more is signed for the clock that its record names.
void Exchange::follow_clock(std::int64_t shift_us) {
  const auto* const signer = rule().signer();
  if (shift_us != 0 && !is_sent_again_ && signer != nullptr &&
      signer->follows_upstream_clock(whole_request())) {
    admission_.shift_clock(shift_us);
  }
}

bindings::SignInput Exchange::sign_input(std::span<const vault::Secret> secrets,
                                         const Prepared& prepared) const {
  return {secrets, prepared.now_us + admission_.clock_shift_us(), admission_.nonce()};
}

// What a reverse route changes of a request, whatever else does.
void Exchange::edit_for_route(bindings::Edits& edits) const {
  if (asked_->reverse) {
    edits.set_field("Host", http::to_string(setup_.destination.authority, kHttpsPort));
    edits.remove_field(kCallerField);
  }
}

// I10: what a request holds while it waits is counted.
base::Status Exchange::hold(const vault::Secret& secret, Prepared& prepared) {
  return prepared.holder.hold(secret)
             ? base::Status{}
             : base::Error{base::Errc::unavailable, "too much locked memory is held already"};
}

// What a signer's edits hold of vault entries.
base::Status Exchange::hold_edits(Prepared& prepared) {
  for (const bindings::Edit& edit : prepared.edits) {
    const auto* const value = secret_in(edit);
    KS_TRY(value == nullptr ? base::Status{} : hold(*value, prepared));
  }
  return {};
}

// What cannot be used is refused here, before anything is recorded as allowed.
base::Status Exchange::prepare(std::span<const vault::Secret> secrets, Prepared& prepared) const {
  if (const auto* const signer = rule().signer()) {
    return signer->signs_what_leaves() ? prepare_what_leaves(*signer, secrets, prepared)
                                       : prepare_signed(*signer, secrets, prepared);
  }
  for (const vault::Secret& secret : secrets) {
    KS_TRY(hold(secret, prepared));
    prepared.secrets.push_back(secret.share());
  }
  KS_TRY(check_credentials(credentials(prepared), *setup_.scratch));
  edit_for_route(prepared.edits);
  if (is_collected_ && swapping_ == nullptr && has_request_body()) {
    prepared.edits.set_body_length(body_.size());  // it was held for rules, or for a person
  }
  return {};
}

Credentials Exchange::credentials(const Prepared& prepared) const {
  return {*setup_.bindings,
          verdict().uses,
          prepared.secrets,
          prepared.now_us / 1'000'000,
          request().parts()};
}

base::Status Exchange::prepare_signed(const bindings::Signer& signer,
                                      std::span<const vault::Secret> secrets,
                                      Prepared& prepared) const {
  edit_for_route(prepared.edits);
  KS_TRY(signer.sign(whole_request(), sign_input(secrets, prepared), prepared.edits));
  KS_TRY(hold_edits(prepared));
  const auto* const body = prepared.edits.find<bindings::BodyEdit>();
  prepared.edits.set_body_length(body == nullptr ? body_.size() : body->value.size());
  return check_edits(prepared.edits);
}

// What was charged is settled once.
void Exchange::settle(ChargeFate fate, Actions& actions) {
  bool is_charged = admission_.end_charge();
  if (swapping_ != nullptr) {
    is_charged = std::exchange(swapping_->has_charge, false) || is_charged;
    is_charged = (is_body_held() && swapping_->admission->end_charge()) || is_charged;
  }
  if (is_charged) {
    actions.emplace_back(Settle{fate});
  }
}

// Of the head, or in the middle of a body.
bool Exchange::awaits(Admission::Step step) const {
  if (std::holds_alternative<Relaying>(state_)) {
    return is_body_held() && swapping_->admission->step() == step;
  }
  return std::holds_alternative<Admitting>(state_) && admission_.step() == step;
}

Request Exchange::request() const {
  return {asked_->head, asked_->target, setup_.destination, *setup_.bindings, setup_.caller};
}

bindings::WholeRequest Exchange::whole_request() const {
  return {asked_->head.method,
          asked_->target,
          setup_.destination.authority.host,
          asked_->head.fields,
          body_.view(),
          setup_.destination.authority.port,
          setup_.now_us};
}

}  // namespace keyswap::flow
