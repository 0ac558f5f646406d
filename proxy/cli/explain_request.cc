// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/explain_request.h"

#include <algorithm>
#include <utility>

#include "bindings/message_signer.h"
#include "bindings/request_readings.h"
#include "proxy/cli/explain_words.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/reason_elsewhere.h"
#include "proxy/http/message.h"

namespace keyswap::cli {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::Bindings;
using bindings::RuleKind;
using bindings::Scope;
using bindings::SecretRule;

bool is_about_callers(Reason reason) {
  return reason == Reason::caller_required || reason == Reason::caller_not_allowed;
}

// Everybody whom the bindings name.
std::vector<std::string> named_callers(const Bindings& bindings) {
  std::vector<std::string> names = bindings.callers;
  for (const SecretRule& rule : bindings.rules) {
    for (const Scope& scope : rule.scopes) {
      names.insert(names.end(), scope.callers.begin(), scope.callers.end());
    }
  }
  names.emplace_back(kAnyCaller);
  return names;
}

struct Asked {
  Answer answer;
  std::string caller;
};

// Puts the request to the proxy, as the one caller that was named, or as whoever may send it.
class Asker {
 public:
  Asker(const Bindings& bindings,
        const RequestToExplain& request,
        const std::optional<std::string>& caller)
      : bindings_(bindings), request_(request), caller_(caller) {}

  // Without any placeholder, or with a rule's in one of its places.
  [[nodiscard]] Asked ask() const { return ask(Sending{}); }

  [[nodiscard]] Asked ask(const SecretRule& rule, std::uint32_t place) const {
    return ask(Sending{.rule = &rule, .place = place});
  }

  [[nodiscard]] Asked ask_for_websocket() const { return ask(Sending{.asks_for_websocket = true}); }

 private:
  [[nodiscard]] Asked ask(Sending sending) const {
    sending.caller = caller_.value_or("");
    Asked first{ask_proxy(bindings_, request_, sending), sending.caller};
    if (caller_ || !is_about_callers(first.answer.reason)) {
      return first;
    }
    for (std::string& name : named_callers(bindings_)) {
      sending.caller = std::move(name);
      auto answer = ask_proxy(bindings_, request_, sending);
      if (!is_about_callers(answer.reason)) {
        return {std::move(answer), std::move(sending.caller)};
      }
    }
    return first;
  }

  const Bindings& bindings_;
  const RequestToExplain& request_;
  const std::optional<std::string>& caller_;
};

// The scopes that a WebSocket may be opened by in whose messages a secret is used: a scheme signs
// them, or placeholders are swapped there. Empty when it may not be.
std::vector<bindings::RouteUse> message_scopes(const Bindings& bindings,
                                               const RequestToExplain& request,
                                               const std::optional<std::string>& caller,
                                               const Asker& asker) {
  std::vector<bindings::RouteUse> uses;
  if (request.method == "GET" && request.is_https &&
      asker.ask_for_websocket().answer.decision == Decision::pass) {
    const bindings::RequestReadings readings(request.method, request.target);
    uses = bindings.websocket_scopes(request.destination, readings);
    std::erase_if(uses, [&](const bindings::RouteUse& use) {
      const SecretRule& rule = bindings.rules[use.rule];
      const Scope& scope = rule.scopes[use.scope];
      const bool serves = !caller || flow::serves(scope, *caller);
      return rule.messages() == nullptr && !(scope.ws_text && serves);
    });
  }
  return uses;
}

bool names(const SecretRule& rule, const http::Authority& destination) {
  return std::ranges::any_of(
      rule.scopes, [&](const Scope& scope) { return Bindings::names(scope, destination); });
}

constexpr std::uint32_t kFirstPlace = 0;

SecretVerdict verdict_on(const SecretRule& rule, std::uint32_t place = kFirstPlace) {
  SecretVerdict verdict;
  verdict.secret = rule.name.text();
  if (rule.places.empty()) {
    verdict.is_elsewhere = true;
    verdict.reason = audit::to_string(Reason::destination_not_in_binding);
    verdict.why = rule.kind == RuleKind::honeytoken
                      ? "a honeytoken: it is bound nowhere, and whoever sends it raises an alert"
                      : "no note binds it";
    return verdict;
  }
  verdict.scheme = rule.places[place].scheme();
  verdict.header = rule.places[place].placement->name();
  verdict.place = describe(*rule.places[place].placement);
  return verdict;
}

void swap_in(const Scope& scope, std::string why, SecretVerdict& verdict) {
  verdict.is_swapped = true;
  verdict.limits = &scope;
  verdict.scope = describe(scope);
  verdict.reason = audit::to_string(Reason::binding_matched);
  verdict.why = std::move(why);
}

SecretVerdict explain_place(const SecretRule& rule,
                            std::uint32_t place,
                            const RequestToExplain& request,
                            const Asker& asker) {
  SecretVerdict verdict = verdict_on(rule, place);
  const auto [answer, caller] = asker.ask(rule, place);
  verdict.caller = caller;
  if (answer.decision == Decision::allowed) {
    swap_in(rule.scopes[answer.scope], why_swapped(rule, place, request), verdict);
    return verdict;
  }
  verdict.is_elsewhere = !names_host(rule, request.destination);
  // A request that is refused before anybody looks for placeholders says nothing of this one.
  const bool is_judged = answer.decision == Decision::denied || names(rule, request.destination);
  const auto reason = is_judged                                  ? answer.reason
                      : request.is_https || verdict.is_elsewhere ? flow::reason_elsewhere(rule)
                                                                 : Reason::insecure_scheme;
  verdict.reason = audit::to_string(reason);
  verdict.why = why_not_swapped(rule, place, request, reason);
  return verdict;
}

// `opened`: the scope of the rule that opens a WebSocket; null: none.
SecretVerdict explain_messages(const SecretRule& rule,
                               std::uint32_t place,
                               const RequestToExplain& request,
                               const Scope* opened) {
  SecretVerdict verdict = verdict_on(rule, place);
  if (opened != nullptr) {
    swap_in(*opened, why_in_messages(rule, request), verdict);
    return verdict;
  }
  verdict.is_elsewhere = !names_host(rule, request.destination);
  verdict.reason = audit::to_string(verdict.is_elsewhere || rule.is_out_of_force()
                                        ? flow::reason_elsewhere(rule)
                                        : Reason::untargeted_location);
  verdict.why = "this request opens no WebSocket for it by an entry with `ws_text: true`";
  return verdict;
}

SecretVerdict explain_placeholder(const SecretRule& rule,
                                  const RequestToExplain& request,
                                  const Scope* opened,
                                  const Asker& asker) {
  if (rule.places.empty()) {
    return verdict_on(rule);
  }
  if (rule.kind == RuleKind::custom) {
    SecretVerdict verdict = verdict_on(rule);
    verdict.is_elsewhere = true;
    verdict.reason = audit::to_string(Reason::no_placeholder);
    verdict.why = "only requests by its route /custom/" + rule.custom_name + "/ carry it";
    return verdict;
  }
  std::vector<SecretVerdict> found;
  std::vector<PlaceVerdict> places;
  for (std::uint32_t place = 0; place < rule.places.size(); ++place) {
    const SecretVerdict& one = found.emplace_back(
        place == rule.message_place ? explain_messages(rule, place, request, opened)
                                    : explain_place(rule, place, request, asker));
    places.push_back({one.place, one.is_swapped, one.scope, one.reason, one.why});
  }
  const auto swapped = std::ranges::find(found, true, &SecretVerdict::is_swapped);
  SecretVerdict verdict = std::move(swapped == found.end() ? found.front() : *swapped);
  if (places.size() > 1) {
    verdict.places = std::move(places);
  }
  return verdict;
}

SecretVerdict explain_by_route(const Bindings& bindings, std::uint32_t number, const Asked& asked) {
  const SecretRule& rule = bindings.rules[number];
  SecretVerdict verdict = verdict_on(rule);
  if (rule.kind == RuleKind::honeytoken) {
    return verdict;
  }
  const Answer& answer = asked.answer;
  if (answer.rule != number) {
    verdict.is_elsewhere = true;
    verdict.reason = audit::to_string(Reason::no_placeholder);
    verdict.why = "the route does not stand for it";
    return verdict;
  }
  verdict.caller = asked.caller;
  if (answer.decision == Decision::allowed) {
    swap_in(rule.scopes[answer.scope], why_swapped_by_route(rule), verdict);
    return verdict;
  }
  verdict.reason = audit::to_string(answer.reason);
  return verdict;
}

// "https://joe:word@host/".
bool has_user_information(std::string_view url) {
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) {
    return false;
  }
  const std::string_view rest = url.substr(mark + 3);
  return rest.substr(0, rest.find_first_of("/?#")).find('@') != std::string_view::npos;
}

// The secrets whose values are looked for in the answer, each once.
std::vector<std::string> captured_of(const Bindings& bindings,
                                     const RequestToExplain& request,
                                     const std::optional<std::string>& caller) {
  const bindings::RequestReadings readings(request.method, request.target);
  std::vector<std::string> callers = {caller.value_or("")};
  if (!caller) {
    callers.insert(callers.end(), bindings.callers.begin(), bindings.callers.end());
  }
  std::vector<std::string> names;
  for (const std::string& each : callers) {
    for (const auto& use : bindings.captures_of(request.destination, readings, each)) {
      const std::string& name = bindings.rules[use.rule].name.text();
      if (use.is_theirs && std::ranges::find(names, name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  return names;
}

}  // namespace

Outcome<RequestToExplain> parse_request(const std::string& method, const std::string& url) {
  if (!http::is_token(method)) {
    return Failure{
        Exit::usage, "that is no method", "like: keyswap bindings explain GET https://host/path"};
  }
  const auto target = http::parse_absolute(url);
  if (!target && has_user_information(url)) {
    return Failure{Exit::usage,
                   "that URL has user information before its host, which the proxy refuses with "
                   "400 (not shown here, in case it is a password)",
                   "leave out what stands before the @; a program sends it as Basic credentials, "
                   "which a binding with inject: { basic: password } swaps"};
  }
  if (!target) {
    return Failure{
        Exit::usage,
        "that URL is not one the proxy takes: " + explain(target.error()),
        "like: keyswap bindings explain " + method + " https://api.example.com/v1/models"};
  }
  RequestToExplain request;
  request.method = method;
  request.is_https = target->protocol == http::AbsoluteTarget::Protocol::https;
  request.destination = target->authority;
  std::string target_text(target->path_and_query);
  if (target_text.empty() || target_text.front() != '/') {
    target_text.insert(0, "/");
  }
  if (!http::is_origin_form(target_text)) {
    return Failure{Exit::usage,
                   "that path is refused with 400: it has a control byte or a broken % escape",
                   "write such bytes as %XX"};
  }
  request.path = http::path_of(target_text);
  request.target = std::move(target_text);
  return request;
}

Explanation explain_request(const Bindings& bindings,
                            const RequestToExplain& request,
                            const std::optional<std::string>& caller) {
  const Asker asker(bindings, request, caller);
  const bool is_routed = is_by_route(bindings, request);
  const auto opened = message_scopes(bindings, request, caller, asker);
  const auto asked = opened.empty() ? asker.ask() : asker.ask_for_websocket();
  Explanation explanation;
  if (asked.answer.decision == Decision::refused) {
    explanation.refusal = audit::to_string(asked.answer.reason);
    explanation.handling = why_refused(bindings, request, asked.answer);
  } else {
    explanation.handling = handling_of(bindings, request, asked.answer);
  }
  for (std::uint32_t number = 0; number < bindings.rules.size(); ++number) {
    const SecretRule& rule = bindings.rules[number];
    const auto use = std::ranges::find(opened, number, &bindings::RouteUse::rule);
    const Scope* const scope = use == opened.end() ? nullptr : &rule.scopes[use->scope];
    auto verdict = is_routed ? explain_by_route(bindings, number, asked)
                             : explain_placeholder(rule, request, scope, asker);
    if (scope != nullptr && rule.messages() != nullptr) {
      swap_in(*scope, why_in_messages(rule, request), verdict);
    }
    if (!verdict.is_swapped && rule.kind != RuleKind::honeytoken &&
        verdict.reason == explanation.refusal) {
      verdict.why = explanation.handling + (is_routed ? "" : note_on_venue(rule, request));
    }
    explanation.is_any_swapped = explanation.is_any_swapped || verdict.is_swapped;
    explanation.secrets.push_back(std::move(verdict));
  }
  if (explanation.refusal.empty()) {
    explanation.captured = captured_of(bindings, request, caller);
  }
  return explanation;
}

void explain_missing(const Bindings& bindings,
                     const vault::Vault& vault,
                     Explanation& explanation) {
  explanation.is_any_swapped = false;
  for (std::size_t i = 0; i < explanation.secrets.size(); ++i) {
    auto& verdict = explanation.secrets[i];
    for (const auto& name : bindings.rules[i].needs()) {
      if (verdict.is_swapped && !bindings.is_elsewhere(name) && !vault.has(name)) {
        verdict.is_swapped = false;
        verdict.reason = audit::to_string(Reason::secret_unavailable);
        verdict.why = "refused with 503: the vault does not have " + name.text() +
                      " (keyswap secret add " + name.text() + ")";
      }
    }
    explanation.is_any_swapped = explanation.is_any_swapped || verdict.is_swapped;
  }
}

}  // namespace keyswap::cli
