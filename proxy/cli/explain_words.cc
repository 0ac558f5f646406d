// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/explain_words.h"

#include <algorithm>
#include <vector>

#include "bindings/blocked.h"
#include "bindings/request_readings.h"
#include "bindings/signer.h"
#include "bindings/venue.h"
#include "proxy/cli/limit_text.h"
#include "proxy/flow/destination_guard.h"
#include "proxy/flow/reply.h"

namespace keyswap::cli {

namespace {

using audit::Reason;
using bindings::Bindings;
using bindings::RequestReadings;
using bindings::Scope;
using bindings::SecretRule;

constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint16_t kHttpPort = 80;

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

std::string refused_with(Reason reason) {
  return "refused with " + std::to_string(flow::status_of(reason)) + " " +
         std::string(audit::to_string(reason));
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

// Is the scope one of that place?
bool is_of(const Scope& scope, const SecretRule& rule, std::uint32_t place) {
  return rule.places[place].has_scopes ? scope.place == place : !scope.place;
}

std::string why_out_of_scope(const SecretRule& rule,
                             std::uint32_t place,
                             const RequestToExplain& request) {
  const RequestReadings readings(request.method, request.target);
  std::string why;
  for (const Scope& scope : rule.scopes) {
    if (!is_of(scope, rule, place) || !Bindings::names(scope, request.destination)) {
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

// Why nothing goes to this endpoint, whatever the request carries (Bindings::forbidding_rule).
std::string why_forbidden(const SecretRule& rule, const RequestToExplain& request) {
  const RequestReadings readings(request.method, request.target);
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

std::string why_blocked(const Bindings& bindings, const flow::Destination& destination) {
  const std::string what =
      destination.authority.kind == http::HostKind::name ? ": the name" : ": the address";
  const bool is_metadata =
      flow::judge_unresolved(bindings, destination) == flow::AddressVerdict::metadata;
  return refused_with(Reason::address_blocked) + what +
         (is_metadata ? " is that of a cloud metadata service"
                      : " leads to this machine or into its network, which no allow_addresses of a "
                        "binding and no upstream.resolve opens");
}

// I5: never over plain http.
std::string why_insecure(const SecretRule& rule, const RequestToExplain& request) {
  std::string why = "a secret never leaves over plain http";
  if (names_host(rule, request.destination)) {
    http::Authority there = request.destination;
    there.port = there.port == kHttpPort ? kHttpsPort : there.port;
    why += ": use https://" + http::to_string(there, kHttpsPort) + request.target;
  }
  return why;
}

}  // namespace

std::string describe(const bindings::Placement& placement) {
  const std::string kind(placement.kind());
  const std::string name(placement.name());
  if (kind == "basic") {
    return "Basic credentials in the header " + name;
  }
  if (kind == "ws_text") {
    return "text messages of a WebSocket";
  }
  const std::string what = kind == "query" ? "query parameter" : kind;
  return name.empty() ? what : what + " " + name;
}

std::string describe(const Scope& scope) {
  std::string text = scope.host.is_wildcard ? "*." : "";
  text += scope.host.host;
  if (scope.port != kHttpsPort) {
    text += ":" + std::to_string(scope.port);
  }
  text += scope.methods.empty() ? ", any method" : ", " + join(scope.methods);
  text += scope.paths.empty() ? ", any path" : ", " + join(paths_of(scope));
  text += scope.ws_text     ? ", WebSockets and their text messages"
          : scope.websocket ? ", WebSockets"
                            : "";
  return text;
}

std::string describe_answers(const Scope& scope) {
  if (!scope.is_scrubbed) {
    return "passed on as it comes (scrub: off): a secret in it reaches the client";
  }
  return std::string("secrets in it, of this host's other rules too, become placeholders again; ") +
         (scope.uninspectable == bindings::Uninspectable::block
              ? "one in an unknown coding is refused"
              : "one in an unknown coding is passed on");
}

std::string describe_real_value(const Scope& scope) {
  return scope.real_value == bindings::RealValue::refuse
             ? "where the client sends it itself, the request is refused, and an alert is raised"
             : "where the client sends it itself, an alert is raised, and the request goes on";
}

std::string handling_of(const Bindings& bindings,
                        const RequestToExplain& request,
                        const Answer& answer) {
  if (answer.is_ours) {
    return "keyswap answers it itself";
  }
  if (is_by_route(bindings, request)) {
    return "by its route: sent to https://" +
           http::to_string(answer.destination.authority, kHttpsPort);
  }
  if (!request.is_https) {
    return "plain http: forwarded as it is, no secret is put in";
  }
  if (answer.is_opaque) {
    return "tunnelled without being decrypted: the host is in no binding";
  }
  return bindings.binds(request.destination)
             ? "decrypted: the host is in a binding"
             : "decrypted (tls_termination: all), but the host is in no binding";
}

std::string why_refused(const Bindings& bindings,
                        const RequestToExplain& request,
                        const Answer& answer) {
  if (answer.reason == Reason::bindings_shown) {
    return "answered by keyswap itself: what this caller may do";
  }
  const std::string refused = refused_with(answer.reason);
  if (answer.reason == Reason::endpoint_blocked && answer.rule) {
    return why_forbidden(bindings.rules[*answer.rule], request);
  }
  if (answer.reason == Reason::unmatched_destination) {
    return refused + ": the host is in no binding, and the policy is deny";
  }
  if (answer.reason == Reason::address_blocked) {
    return why_blocked(bindings, answer.destination);
  }
  if (answer.reason == Reason::method_not_supported) {
    return refused + ": the proxy does not forward " + request.method;
  }
  if (answer.reason == Reason::caller_required) {
    return refused + ": the request has to say whose it is";
  }
  if (answer.reason == Reason::caller_not_allowed) {
    return refused + ": this caller may not come";
  }
  if (answer.reason == Reason::malformed_request && is_by_route(bindings, request) &&
      !answer.rule) {
    return refused + ": nothing here has this route";
  }
  if (answer.reason == Reason::no_placeholder && answer.rule) {
    return refused + ": " + bindings.rules[*answer.rule].name.text() + " has to be in it";
  }
  if (answer.reason == Reason::binding_scope_violation && answer.rule) {
    return "refused with 403: out of its bindings";
  }
  return refused;
}

bool names_host(const SecretRule& rule, const http::Authority& destination) {
  return std::ranges::any_of(rule.scopes, [&](const Scope& scope) {
    http::Authority there = destination;
    there.port = scope.port;
    return Bindings::names(scope, there);
  });
}

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

std::string why_swapped(const SecretRule& rule,
                        std::uint32_t place,
                        const RequestToExplain& request) {
  return "its placeholder in the " + describe(*rule.places[place].placement) +
         (rule.signer() == nullptr ? " is replaced" : " is replaced, and the request signed") +
         note_on_venue(rule, request);
}

std::string why_swapped_by_route(const SecretRule& rule) {
  return rule.signer() == nullptr ? "put into the " + describe(rule.placement()) + ", by its route"
                                  : "the request is signed with it, by its route";
}

std::string why_in_messages(const SecretRule& rule, const RequestToExplain& request) {
  if (rule.messages() == nullptr) {
    return "on a WebSocket its placeholder is replaced in the client's text messages";
  }
  return "on a WebSocket its placeholder is replaced in each message that is let through" +
         note_on_venue(rule, request);
}

std::string why_not_swapped(const SecretRule& rule,
                            std::uint32_t place,
                            const RequestToExplain& request,
                            Reason reason) {
  if (reason == Reason::destination_not_in_binding) {
    return "no binding of it names " + http::to_string(request.destination);
  }
  if (reason == Reason::no_binding_in_notes) {
    return "with `binding_source: notes` its note alone says where it goes, and not this file";
  }
  if (reason == Reason::binding_scope_violation) {
    return why_out_of_scope(rule, place, request);
  }
  if (reason == Reason::insecure_scheme) {
    return why_insecure(rule, request);
  }
  if (reason == Reason::no_placeholder) {
    return "its placeholder is not in the " + describe(*rule.places[place].placement);
  }
  if (reason == Reason::endpoint_blocked) {
    return "refused with 403: the scheme lets no such request through" +
           note_on_venue(rule, request);
  }
  return reason == Reason::caller_not_allowed ? "refused with 403: it is not for this caller"
                                              : refused_with(reason);
}

}  // namespace keyswap::cli
