// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide.h"

#include <algorithm>

#include "proxy/base/bytes.h"
#include "proxy/flow/caller.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::Match;

// One placeholder seen in the request.
struct Sighting {
  std::uint32_t rule = 0;
  std::optional<std::size_t> field;  // of which field; none: in the target
  bool is_credential = false;        // the field is the one this rule writes to, and in its form
  Match match = Match::other_destination;
  std::uint32_t scope = 0;  // if it matched
};

// Does the rule's placeholder stand here where, and as, its scheme wants it?
bool is_in_place(const http::Field& field, const bindings::SecretRule& rule) {
  return base::equal_ignoring_case(field.name, rule.injection->header()) &&
         (!rule.injection->takes_bare_placeholder() || field.value == rule.placeholder);
}

void look_at(const Request& request,
             std::string_view text,
             std::optional<std::size_t> field,
             std::vector<Sighting>& sightings) {
  std::vector<std::uint32_t> found;
  request.bindings.find_placeholders(text, found);
  for (const std::uint32_t rule : found) {
    const bool is_credential =
        field && is_in_place(request.head.fields[*field], request.bindings.rules[rule]);
    const auto [match, scope] = request.bindings.match_scope(
        rule, request.destination.authority, request.head.method, request.target);
    sightings.push_back({rule, field, is_credential, match, scope});
  }
}

std::vector<Sighting> find_sightings(const Request& request) {
  std::vector<Sighting> sightings;
  for (std::size_t i = 0; i < request.head.fields.size(); ++i) {
    look_at(request, request.head.fields[i].value, i, sightings);
  }
  look_at(request, request.target, std::nullopt, sightings);
  return sightings;
}

bool may_be_swapped(const Sighting& sighting) {
  return sighting.is_credential && sighting.match != Match::other_destination;
}

// Two secrets of one credential header, or of two credential headers bound here: which one is
// meant?
bool is_ambiguous(const std::vector<Sighting>& sightings) {
  for (const Sighting& one : sightings) {
    if (!may_be_swapped(one)) {
      continue;
    }
    const bool has_rival = std::ranges::any_of(sightings, [&](const Sighting& other) {
      return other.rule != one.rule && (other.field == one.field || may_be_swapped(other));
    });
    if (has_rival) {
      return true;
    }
  }
  return false;
}

Reason reason_to_deny(const Sighting& sighting, const Destination& destination) {
  if (destination.scheme == Scheme::http) {
    return Reason::insecure_scheme;  // I5: never over plain http
  }
  if (sighting.match == Match::other_destination) {
    return Reason::destination_not_in_binding;
  }
  return sighting.is_credential ? Reason::binding_scope_violation : Reason::untargeted_location;
}

Verdict deny(const Sighting& sighting, const Request& request) {
  // I2: inert by default; the operator may choose refusal.
  const bool refuses =
      request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse;
  return {refuses ? Decision::refused : Decision::denied,
          reason_to_deny(sighting, request.destination),
          sighting.rule};
}

// The secrets other than `rule` whose placeholders travel on inert, each once.
std::vector<Denial> denials_beside(std::uint32_t rule,
                                   const std::vector<Sighting>& sightings,
                                   const Request& request) {
  std::vector<Denial> denials;
  for (const Sighting& other : sightings) {
    const bool is_new = std::ranges::none_of(
        denials, [&](const Denial& denial) { return denial.rule == other.rule; });
    if (other.rule != rule && is_new) {
      denials.push_back({other.rule, reason_to_deny(other, request.destination)});
    }
  }
  return denials;
}

// Nothing is swapped: `decisive` is what the verdict is about.
Verdict deny_all(const Sighting& decisive,
                 const std::vector<Sighting>& sightings,
                 const Request& request) {
  Verdict verdict = deny(decisive, request);
  if (verdict.decision == Decision::denied) {
    verdict.others = denials_beside(decisive.rule, sightings, request);
  }
  return verdict;
}

Verdict refuse(Reason reason, std::uint32_t rule) {
  return {Decision::refused, reason, rule};
}

// What the scope asks of a request whose host, method and path it matched.
std::optional<Reason> check_scope(const Request& request, const bindings::Scope& scope) {
  if (!serves(scope, request.caller)) {
    return Reason::caller_not_allowed;
  }
  if (is_upgrade(request.head) && !scope.websocket) {
    return Reason::upgrade_not_supported;
  }
  const http::Framing& framing = request.head.framing;
  const bool is_too_large = scope.max_body_bytes && framing.kind == http::Framing::Kind::length &&
                            framing.length > *scope.max_body_bytes;
  return is_too_large ? std::optional(Reason::body_too_large) : std::nullopt;
}

// R16: an Upgrade is for a WebSocket, over TLS, where a binding opens one to this caller; there is
// no other (RFC 9110 section 7.8: what is not understood may be ignored, but a client that asks for
// h2c is better told).
std::optional<Reason> check_upgrade(const Request& request) {
  if (!http::is_websocket_request(request.head) || request.destination.scheme != Scheme::https) {
    return Reason::upgrade_not_supported;
  }
  const auto opening =
      request.bindings.websocket_scopes(request.destination.authority, request.target);
  const bool is_served = std::ranges::any_of(opening, [&](const bindings::RouteUse& use) {
    return serves(request.bindings.rules[use.rule].scopes[use.scope], request.caller);
  });
  if (is_served) {
    return std::nullopt;
  }
  return opening.empty() ? Reason::upgrade_not_supported : Reason::caller_not_allowed;
}

Verdict allow(const Sighting& chosen,
              const std::vector<Sighting>& sightings,
              const Request& request) {
  const std::string_view header = request.head.fields[*chosen.field].name;
  if (request.head.fields.count(header) > 1) {
    return refuse(Reason::duplicate_credential_header, chosen.rule);
  }
  const auto& scope = request.bindings.rules[chosen.rule].scopes[chosen.scope];
  if (const auto reason = check_scope(request, scope)) {
    return refuse(*reason, chosen.rule);
  }
  const auto other = std::ranges::find_if(
      sightings, [&](const Sighting& sighting) { return sighting.rule != chosen.rule; });
  if (other != sightings.end() &&
      request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse) {
    return deny(*other, request);
  }
  Verdict verdict{
      Decision::allowed, Reason::binding_matched, chosen.rule, chosen.scope, *chosen.field, {}};
  verdict.others = denials_beside(chosen.rule, sightings, request);
  return verdict;
}

}  // namespace

bool is_upgrade(const http::RequestHead& head) {
  return head.fields.find("upgrade") != nullptr;
}

Verdict decide(const Request& request) {
  const auto& bindings = request.bindings;
  const bool is_for_websocket = is_upgrade(request.head);
  if (is_for_websocket) {
    if (const auto reason = check_upgrade(request)) {
      return refusal(*reason);
    }
  }
  if (const auto rule =
          bindings.forbidding_rule(request.destination.authority,
                                   request.head.method,
                                   request.target,
                                   is_for_websocket ? bindings::Bindings::Purpose::websocket
                                                    : bindings::Bindings::Purpose::request)) {
    return refuse(Reason::endpoint_blocked, *rule);
  }
  const std::vector<Sighting> sightings = find_sightings(request);
  if (sightings.empty()) {
    return {Decision::pass, Reason::no_placeholder};
  }
  if (request.destination.scheme == Scheme::http) {
    return deny_all(sightings.front(), sightings, request);
  }
  if (is_ambiguous(sightings)) {
    return refuse(Reason::ambiguous_placeholder_match, sightings.front().rule);
  }
  const auto matched = std::ranges::find_if(sightings, [](const Sighting& sighting) {
    return sighting.is_credential && sighting.match == Match::matched;
  });
  if (matched != sightings.end()) {
    return allow(*matched, sightings, request);
  }
  // Of several reasons the one nearest to being allowed tells the operator most.
  const auto nearest = std::ranges::find_if(sightings, may_be_swapped);
  return deny_all(nearest != sightings.end() ? *nearest : sightings.front(), sightings, request);
}

Verdict decide_reverse(const Request& request, const ReverseUse& use) {
  const auto& bindings = request.bindings;
  const auto& destination = request.destination.authority;
  if (const auto rule =
          bindings.forbidding_rule(destination, request.head.method, request.target)) {
    return refuse(Reason::endpoint_blocked, *rule);
  }
  // The route chose the rule; whether it may be used for this request is judged like any other's.
  const auto [match, scope] =
      bindings.match_scope(use.rule, destination, request.head.method, request.target);
  if (match != Match::matched) {
    return refuse(Reason::binding_scope_violation, use.rule);
  }
  if (const auto reason = check_scope(request, bindings.rules[use.rule].scopes[scope])) {
    return refuse(*reason, use.rule);
  }
  return {Decision::allowed, Reason::binding_matched, use.rule, scope, 0, {}};
}

std::string shown_path(std::string_view target, const bindings::Bindings& bindings) {
  std::string path(http::path_of(target));
  std::vector<std::uint32_t> found;
  bindings.find_placeholders(path, found);
  for (const std::uint32_t rule : found) {
    const std::string& placeholder = bindings.rules[rule].placeholder;
    const std::string shown = "<" + bindings.rules[rule].name.text() + ">";
    for (std::size_t at = path.find(placeholder); at != std::string::npos;
         at = path.find(placeholder, at + shown.size())) {
      path.replace(at, placeholder.size(), shown);
    }
  }
  return path;
}

}  // namespace keyswap::flow
