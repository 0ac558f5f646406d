// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide.h"

#include <algorithm>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/caller.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::Match;
using bindings::RequestReadings;

// One placeholder seen in the request.
struct Sighting {
  std::uint32_t rule = 0;
  std::uint32_t number = 0;  // of the rule, among those that are named
  std::size_t part = 0;      // of the head, as in bindings::HeadParts
  // Which of the rule's placements it is that holds it there; nothing: none.
  std::optional<std::size_t> placement;
  bool is_first = false;  // of its rule
  Match match = Match::other_destination;
  std::uint32_t scope = 0;  // if it matched
};

// The placement of the rule that its placeholder stands in here, if it does.
std::optional<std::size_t> placement_of(const bindings::SecretRule& rule,
                                        const bindings::HeadParts& head,
                                        std::size_t part) {
  for (std::size_t i = 0; i < rule.placements.size(); ++i) {
    if (rule.placements[i]->holds(head, part, rule.placeholder)) {
      return i;
    }
  }
  return std::nullopt;
}

// All that were seen, and the rules whose they are, each once in the order seen.
struct Sightings {
  std::vector<Sighting> all;
  std::vector<std::uint32_t> rules;

  // I10: each secret that is named costs a judgement and a record.
  [[nodiscard]] bool are_too_many() const {
    return rules.size() > bindings::bounds::kSecretsNamedMax;
  }
};

void look_at(const Request& request,
             std::size_t part,
             std::vector<std::uint32_t>& found,
             Sightings& sightings) {
  const bindings::HeadParts head = request.parts();
  const auto placement_here = [&](std::uint32_t rule) {
    return placement_of(request.bindings.rules[rule], head, part);
  };
  found.clear();
  request.bindings.find_placeholders(head[part], found);
  const bool is_credential_here = std::ranges::any_of(
      found, [&](std::uint32_t rule) { return placement_here(rule).has_value(); });
  for (const std::uint32_t rule : found) {
    if (sightings.are_too_many()) {
      return;
    }
    const auto known = std::ranges::find(sightings.rules, rule);
    const auto number = static_cast<std::uint32_t>(known - sightings.rules.begin());
    const bool is_first = known == sightings.rules.end();
    if (is_first) {
      sightings.rules.push_back(rule);
    }
    // Once more beside nothing that could be swapped says nothing new.
    if (is_first || is_credential_here) {
      sightings.all.push_back({rule, number, part, placement_here(rule), is_first});
    }
  }
}

// The target is looked at in any case: it is the last part.
Sightings find_sightings(const Request& request) {
  Sightings sightings;
  std::vector<std::uint32_t> found;
  const std::size_t target = request.head.fields.size();
  for (std::size_t part = 0; part < target && !sightings.are_too_many(); ++part) {
    look_at(request, part, found, sightings);
  }
  look_at(request, target, found, sightings);
  return sightings;
}

// I10: each rule is held against the request once, in however many fields its placeholder stands.
void match_rules(const Request& request, const RequestReadings& readings, Sightings& sightings) {
  std::vector<bindings::ScopeMatch> matches;
  for (const std::uint32_t rule : sightings.rules) {
    matches.push_back(request.bindings.match_scope(rule, request.destination.authority, readings));
  }
  for (Sighting& sighting : sightings.all) {
    sighting.match = matches[sighting.number].match;
    sighting.scope = matches[sighting.number].scope;
  }
}

bool may_be_swapped(const Sighting& sighting) {
  return sighting.placement && sighting.match != Match::other_destination;
}

// Two secrets in one place, or in two places bound here: which one is meant?
bool is_ambiguous(const Request& request, const std::vector<Sighting>& sightings) {
  const auto one = std::ranges::find_if(sightings, may_be_swapped);
  if (one == sightings.end()) {
    return false;
  }
  std::vector<bool> is_swapped_in(request.parts().size(), false);
  for (const Sighting& sighting : sightings) {
    if (may_be_swapped(sighting)) {
      is_swapped_in[sighting.part] = true;
    }
  }
  return std::ranges::any_of(sightings, [&](const Sighting& other) {
    return other.rule != one->rule && (is_swapped_in[other.part] || may_be_swapped(other));
  });
}

Reason reason_to_deny(const Sighting& sighting, const Destination& destination) {
  if (destination.protocol == Protocol::http) {
    return Reason::insecure_scheme;  // I5: never over plain http
  }
  if (sighting.match == Match::other_destination) {
    return Reason::destination_not_in_binding;
  }
  return sighting.placement ? Reason::binding_scope_violation : Reason::untargeted_location;
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
    if (other.rule != rule && other.is_first) {
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
  if (http::asks_for_websocket(request.head) && !scope.websocket) {
    return Reason::upgrade_not_supported;
  }
  const http::Framing& framing = request.head.framing;
  const bool is_too_large = scope.max_body_bytes && framing.kind == http::Framing::Kind::length &&
                            framing.length > *scope.max_body_bytes;
  return is_too_large ? std::optional(Reason::body_too_large) : std::nullopt;
}

// A WebSocket, over TLS, is opened where a binding allows it to this caller. Any other upgrade is
// dropped (http::HopByHop), and the request goes on without it.
std::optional<Reason> check_websocket(const Request& request, const RequestReadings& readings) {
  if (!http::is_websocket_request(request.head) ||
      request.destination.protocol != Protocol::https) {
    return Reason::upgrade_not_supported;
  }
  const auto opening = request.bindings.websocket_scopes(request.destination.authority, readings);
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
  const auto& rule = request.bindings.rules[chosen.rule];
  if (rule.placements[*chosen.placement]->is_repeated(request.parts())) {
    return refuse(Reason::duplicate_credential_header, chosen.rule);
  }
  const auto& scope = rule.scopes[chosen.scope];
  if (const auto reason = check_scope(request, scope)) {
    return refuse(*reason, chosen.rule);
  }
  const auto other = std::ranges::find_if(
      sightings, [&](const Sighting& sighting) { return sighting.rule != chosen.rule; });
  if (other != sightings.end() &&
      request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse) {
    return deny(*other, request);
  }
  Verdict verdict{Decision::allowed,
                  Reason::binding_matched,
                  chosen.rule,
                  chosen.scope,
                  *chosen.placement,
                  chosen.part};
  verdict.others = denials_beside(chosen.rule, sightings, request);
  return verdict;
}

}  // namespace

Verdict decide(const Request& request) {
  const auto& bindings = request.bindings;
  const RequestReadings readings(request.head.method, request.target, request.head.fields);
  const bool is_for_websocket = http::asks_for_websocket(request.head);
  if (is_for_websocket) {
    if (const auto reason = check_websocket(request, readings)) {
      return refusal(*reason);
    }
  }
  if (const auto rule =
          bindings.forbidding_rule(request.destination.authority,
                                   readings,
                                   is_for_websocket ? bindings::Bindings::Purpose::websocket
                                                    : bindings::Bindings::Purpose::request)) {
    return refuse(Reason::endpoint_blocked, *rule);
  }
  Sightings found = find_sightings(request);
  const std::vector<Sighting>& sightings = found.all;
  if (sightings.empty()) {
    return {Decision::pass, Reason::no_placeholder};
  }
  if (found.are_too_many()) {
    return refuse(Reason::ambiguous_placeholder_match, sightings.front().rule);
  }
  match_rules(request, readings, found);
  if (request.destination.protocol == Protocol::http) {
    return deny_all(sightings.front(), sightings, request);
  }
  if (is_ambiguous(request, sightings)) {
    return refuse(Reason::ambiguous_placeholder_match, sightings.front().rule);
  }
  const auto matched = std::ranges::find_if(sightings, [](const Sighting& sighting) {
    return sighting.placement && sighting.match == Match::matched;
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
  const RequestReadings readings(request.head.method, request.target, request.head.fields);
  if (const auto rule = bindings.forbidding_rule(destination, readings)) {
    return refuse(Reason::endpoint_blocked, *rule);
  }
  // The route chose the rule; whether it may be used for this request is judged like any other's.
  const auto [match, scope] = bindings.match_scope(use.rule, destination, readings);
  if (match != Match::matched) {
    return refuse(Reason::binding_scope_violation, use.rule);
  }
  if (const auto reason = check_scope(request, bindings.rules[use.rule].scopes[scope])) {
    return refuse(*reason, use.rule);
  }
  return {Decision::allowed, Reason::binding_matched, use.rule, scope};
}

std::optional<Reason> check_body(const Request& request,
                                 const Verdict& verdict,
                                 std::string_view body) {
  bindings::MethodOverrides named;
  bindings::read_body_overrides(body, named);
  if (named.are_none()) {
    return std::nullopt;
  }
  const auto& destination = request.destination.authority;
  const RequestReadings readings(request.head.method, request.target, request.head.fields, body);
  if (request.bindings.forbidding_rule(destination, readings)) {
    return Reason::endpoint_blocked;
  }
  const auto [match, scope] = request.bindings.match_scope(*verdict.rule, destination, readings);
  const bool is_allowed = match == Match::matched && scope == verdict.scope;
  return is_allowed ? std::nullopt : std::optional(Reason::binding_scope_violation);
}

std::string shown_path(std::string_view target, const bindings::Bindings& bindings) {
  const std::string_view path = http::path_of(target);
  std::string shown;
  std::size_t at = 0;
  while (const auto hit = bindings.next_placeholder(path, at)) {
    shown += path.substr(at, hit->at - at);
    shown += "<" + bindings.rules[hit->number].name.text() + ">";
    at = hit->at + hit->size;
  }
  return shown.append(path.substr(at));
}

}  // namespace keyswap::flow
