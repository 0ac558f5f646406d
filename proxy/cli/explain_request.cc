// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/explain_request.h"

#include <algorithm>
#include <utility>

#include "audit/record.h"
#include "bindings/blocked.h"
#include "bindings/request_readings.h"
#include "bindings/signer.h"
#include "bindings/venue.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/limit_text.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/destination_guard.h"
#include "proxy/http/decoder.h"
#include "proxy/http/message.h"

namespace keyswap::cli {

namespace {

using audit::Reason;
using bindings::Bindings;
using bindings::Match;
using bindings::RequestReadings;
using bindings::Scope;
using bindings::SecretRule;

constexpr std::uint16_t kHttpsPort = 443;

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

std::vector<std::string> paths_of(const Scope& scope) {
  std::vector<std::string> paths;
  for (const auto& path : scope.paths) {
    paths.push_back(path.text());
  }
  return paths;
}

std::string describe(const Scope& scope) {
  std::string text = scope.host.is_wildcard ? "*." : "";
  text += scope.host.host;
  if (scope.port != kHttpsPort) {
    text += ":" + std::to_string(scope.port);
  }
  text += scope.methods.empty() ? ", any method" : ", " + join(scope.methods);
  text += scope.paths.empty() ? ", any path" : ", " + join(paths_of(scope));
  text += scope.websocket ? ", WebSockets" : "";
  return text;
}

bool host_matches(const Scope& scope, const http::Authority& destination) {
  if (scope.port != destination.port) {
    return false;
  }
  if (!scope.host.is_wildcard) {
    return scope.host.host == destination.host;
  }
  const std::size_t dot = destination.host.find('.');
  return dot != std::string::npos && dot > 0 && destination.host.substr(dot + 1) == scope.host.host;
}

// Why the scope's methods do not match.
std::string why_not_its_methods(const Scope& scope, const RequestReadings& readings) {
  const auto& named = readings.overrides();
  const bool is_its_own =
      std::ranges::find(scope.methods, readings.method()) != scope.methods.end();
  if (!is_its_own || named.are_none()) {
    return "the method is not among them";
  }
  return named.are_unclear ? "the query names something that is no method (_method)"
                           : "the query names another method (_method=" + join(named.methods) + ")";
}

std::string why_out_of_scope(const SecretRule& rule,
                             const RequestToExplain& request,
                             const RequestReadings& readings) {
  std::string why;
  for (const Scope& scope : rule.scopes) {
    if (!host_matches(scope, request.destination)) {
      continue;
    }
    why += why.empty() ? "" : "; ";
    why += "binding (" + describe(scope) + "): ";
    if (!readings.allows_method(scope.methods)) {
      why += why_not_its_methods(scope, readings);
    } else if (bindings::has_other_readings(request.path)) {
      why += "the path does not match in every reading a server may give it";
    } else {
      why += "no path matches";
    }
  }
  return why;
}

// Does the scheme refuse the endpoint itself, whatever the parameters are?
bool is_closed(const SecretRule& rule, std::uint32_t scope, const RequestToExplain& request) {
  const auto* const signer = rule.injection->signer();
  if (signer == nullptr) {
    return false;
  }
  const http::HeaderList no_fields;
  const auto judgement = signer->judge(
      {request.method, request.path, request.destination.host, no_fields, {}}, rule.scopes[scope]);
  return judgement.refusal == bindings::SignerRefusal::endpoint_blocked;
}

// Would it open a WebSocket whose messages the scheme judges?
bool opens_messages(const SecretRule& rule, std::uint32_t scope, const RequestToExplain& request) {
  return rule.injection->messages() != nullptr && rule.scopes[scope].websocket &&
         request.method == "GET";
}

// Which of its venue's lists the host is in, and what the venue says of the endpoint; "" if it is
// of none.
std::string note_on_venue(const SecretRule& rule, const RequestToExplain& request) {
  if (rule.venue == nullptr) {
    return "";
  }
  std::string note;
  if (const auto* const host = find_venue_host(*rule.venue, request.destination.host);
      host != nullptr && !host->list.empty()) {
    note = "; the host is one of " + std::string(host->list);
  }
  const auto of_endpoint = rule.venue->note_on(request.method, request.path);
  return of_endpoint.empty() ? note : note + "; " + of_endpoint;
}

SecretVerdict judge(const Bindings& bindings,
                    std::uint32_t number,
                    const RequestToExplain& request,
                    const RequestReadings& readings) {
  const SecretRule& rule = bindings.rules[number];
  SecretVerdict verdict;
  verdict.secret = rule.name.text();
  verdict.scheme = rule.injection->scheme();
  verdict.header = rule.placements.front()->name();
  if (rule.kind == bindings::RuleKind::custom) {
    verdict.reason = audit::to_string(Reason::no_placeholder);
    verdict.why = "only requests by its route /custom/" + rule.custom_name + "/ carry it";
    return verdict;
  }
  const auto [match, scope] = bindings.match_scope(number, request.destination, readings);
  switch (match) {
    case Match::other_destination:
      verdict.reason = audit::to_string(Reason::destination_not_in_binding);
      verdict.why = "no binding of it names " + http::to_string(request.destination);
      return verdict;
    case Match::out_of_scope:
      verdict.reason = audit::to_string(Reason::binding_scope_violation);
      verdict.why = why_out_of_scope(rule, request, readings);
      return verdict;
    case Match::matched:
      break;
  }
  verdict.limits = &rule.scopes[scope];
  verdict.scope = describe(*verdict.limits);
  if (!request.is_https) {
    // I5: never over plain http.
    verdict.reason = audit::to_string(Reason::insecure_scheme);
    verdict.why = "a secret never leaves over plain http";
    return verdict;
  }
  const std::string note = note_on_venue(rule, request);
  if (opens_messages(rule, scope, request)) {
    verdict.is_swapped = true;
    verdict.reason = audit::to_string(Reason::binding_matched);
    verdict.why =
        "on a WebSocket its placeholder is replaced in each message that is let through" + note;
    return verdict;
  }
  if (is_closed(rule, scope, request)) {
    verdict.reason = audit::to_string(Reason::endpoint_blocked);
    verdict.why = "refused with 403: the scheme lets no such request through" + note;
    return verdict;
  }
  verdict.is_swapped = true;
  verdict.reason = audit::to_string(Reason::binding_matched);
  const auto& placement = *rule.placements.front();
  verdict.why = "its placeholder in the " + std::string(placement.kind()) + " " + verdict.header +
                (rule.injection->signer() == nullptr ? " is replaced"
                                                     : " is replaced, and the request signed") +
                note;
  return verdict;
}

// Why nothing goes to this endpoint, whatever the request carries (Bindings::forbidding_rule).
std::string why_forbidden(const SecretRule& rule,
                          const RequestToExplain& request,
                          const RequestReadings& readings) {
  for (const Scope& scope : rule.scopes) {
    const auto* const blocked = Bindings::names(scope, request.destination)
                                    ? bindings::find_blocked(scope, readings)
                                    : nullptr;
    if (blocked != nullptr) {
      return "refused with 403: a binding of " + rule.name.text() + " blocks " +
             format_endpoint(*blocked);
    }
  }
  return "refused with 403: the rules of " + rule.name.text() + " block this endpoint";
}

// Does the proxy answer 501, whoever is asked? Asks the very decoder that reads requests.
bool is_method_refused(const std::string& method) {
  if (flow::is_echo_method(method) || method == "CONNECT") {
    return true;  // an echo of the credential; a tunnel within a tunnel
  }
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next(method + " / HTTP/1.1\r\n");
  return step.kind == http::Step::Kind::error;
}

Explanation explain_refused_method(const Bindings& bindings, const RequestToExplain& request) {
  Explanation explanation;
  explanation.refusal = audit::to_string(Reason::method_not_supported);
  explanation.handling =
      "refused with 501 method_not_supported: the proxy does not forward " + request.method;
  for (const SecretRule& rule : bindings.rules) {
    SecretVerdict verdict;
    verdict.secret = rule.name.text();
    verdict.scheme = rule.injection->scheme();
    verdict.header = rule.placements.front()->name();
    verdict.reason = audit::to_string(Reason::method_not_supported);
    verdict.why = explanation.handling;
    explanation.secrets.push_back(std::move(verdict));
  }
  return explanation;
}

// Why the destination itself is refused: by the guard that the proxy asks before it looks a name
// up.
std::string why_blocked(const Bindings& bindings, const RequestToExplain& request) {
  const flow::Destination destination{
      request.is_https ? flow::Protocol::https : flow::Protocol::http, request.destination, {}};
  const std::string what =
      request.destination.kind == http::HostKind::name ? "the name" : "the address";
  const std::string refused = "refused with 403 address_blocked: " + what;
  switch (flow::judge_unresolved(bindings, destination)) {
    case flow::AddressVerdict::allowed:
      return "";
    case flow::AddressVerdict::metadata:
      return refused + " is that of a cloud metadata service";
    case flow::AddressVerdict::not_public:
    case flow::AddressVerdict::malformed:
      break;
  }
  return refused +
         " leads to this machine or into its network, which no allow_addresses of a "
         "binding and no upstream.resolve opens";
}

// What becomes of a connection that is not refused.
std::string handling_of(const Bindings& bindings, const RequestToExplain& request) {
  if (!request.is_https) {
    return "plain http: forwarded as it is, no secret is put in";
  }
  if (bindings.binds(request.destination)) {
    return "decrypted: the host is in a binding";
  }
  if (bindings.tls_termination == bindings::TlsTermination::all) {
    return "decrypted (tls_termination: all), but the host is in no binding";
  }
  return "tunnelled without being decrypted: the host is in no binding";
}

// In the order in which the proxy finds it.
void explain_handling(const Bindings& bindings,
                      const RequestToExplain& request,
                      const RequestReadings& readings,
                      Explanation& explanation) {
  const bool opens_websocket =
      request.method == "GET" && !bindings.websocket_scopes(request.destination, readings).empty();
  const auto forbidding = bindings.forbidding_rule(
      request.destination,
      readings,
      opens_websocket ? Bindings::Purpose::websocket : Bindings::Purpose::request);
  if (forbidding) {
    explanation.refusal = audit::to_string(Reason::endpoint_blocked);
    explanation.handling = why_forbidden(bindings.rules[*forbidding], request, readings);
  } else if (!bindings.binds(request.destination) &&
             bindings.unmatched_destination == bindings::UnmatchedDestination::deny) {
    explanation.refusal = audit::to_string(Reason::unmatched_destination);
    explanation.handling =
        "refused with 403 unmatched_destination: the host is in no binding, and the policy is deny";
  } else if (std::string why = why_blocked(bindings, request); !why.empty()) {
    explanation.refusal = audit::to_string(Reason::address_blocked);
    explanation.handling = std::move(why);
  } else {
    explanation.handling = handling_of(bindings, request);
  }
}

}  // namespace

Outcome<RequestToExplain> parse_request(const std::string& method, const std::string& url) {
  if (!http::is_token(method)) {
    return Failure{
        Exit::usage, "that is no method", "like: keyswap bindings explain GET https://host/path"};
  }
  const auto target = http::parse_absolute(url);
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

Explanation explain_request(const Bindings& bindings, const RequestToExplain& request) {
  if (is_method_refused(request.method)) {
    return explain_refused_method(bindings, request);
  }
  Explanation explanation;
  const RequestReadings readings(request.method, request.target);
  explain_handling(bindings, request, readings, explanation);
  for (std::uint32_t number = 0; number < bindings.rules.size(); ++number) {
    explanation.secrets.push_back(judge(bindings, number, request, readings));
    auto& verdict = explanation.secrets.back();
    if (!explanation.refusal.empty() && verdict.is_swapped) {
      verdict.is_swapped = false;
      verdict.reason = explanation.refusal;
      verdict.why = explanation.handling;
    }
    explanation.is_any_swapped =
        explanation.is_any_swapped || explanation.secrets.back().is_swapped;
  }
  return explanation;
}

}  // namespace keyswap::cli
