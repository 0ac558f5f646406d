// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide.h"

#include <algorithm>
#include <utility>

#include "bindings/percent_text.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/sightings.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::Match;
using bindings::RequestReadings;

constexpr std::uint32_t kFirstPlace = 0;  // the one that reverse routes use

using Rules = std::vector<std::uint32_t>;

bool has_rule(const Rules& rules, std::uint32_t rule) {
  return std::ranges::find(rules, rule) != rules.end();
}

// May both stand in one request, each in its place and in scope? One of their rules has to say so.
bool go_together(const Request& request, const Sighting& a, const Sighting& b) {
  return a.is_swapped() && b.is_swapped() && request.bindings.may_go_together(a.rule, b.rule) &&
         !a.spot->overlaps(*b.spot);
}

// Two secrets in one part, or in two places bound here: which one is meant?
bool is_ambiguous(const Request& request, const std::vector<Sighting>& sightings) {
  for (const Sighting& one : sightings) {
    if (!one.may_be_swapped()) {
      continue;
    }
    const bool is_in_doubt = std::ranges::any_of(sightings, [&](const Sighting& other) {
      return other.rule != one.rule && (other.part == one.part || other.may_be_swapped()) &&
             !go_together(request, one, other);
    });
    if (is_in_doubt) {
      return true;
    }
  }
  return false;
}

Reason reason_to_deny(const Sighting& sighting, const Destination& destination) {
  if (destination.protocol == Protocol::http) {
    return Reason::insecure_scheme;  // I5: never over plain http
  }
  if (sighting.match == Match::other_destination) {
    return Reason::destination_not_in_binding;
  }
  return sighting.spot ? Reason::binding_scope_violation : Reason::untargeted_location;
}

Verdict deny(const Sighting& sighting, const Request& request) {
  // I2: inert by default; the operator may choose refusal.
  const bool refuses =
      request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse;
  return {refuses ? Decision::refused : Decision::denied,
          reason_to_deny(sighting, request.destination),
          sighting.rule};
}

// The secrets other than these whose placeholders travel on inert, each once.
std::vector<Denial> denials_beside(const Rules& rules,
                                   const std::vector<Sighting>& sightings,
                                   const Request& request) {
  std::vector<Denial> denials;
  for (const Sighting& other : sightings) {
    if (other.is_first && !has_rule(rules, other.rule)) {
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
    verdict.others = denials_beside({decisive.rule}, sightings, request);
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

// All that is swapped, the places one after the other.
std::vector<Use> uses_of(const std::vector<Sighting>& sightings) {
  std::vector<Use> uses;
  for (const Sighting& sighting : sightings) {
    if (sighting.is_swapped()) {
      const auto after = std::find_if(uses.rbegin(), uses.rend(), [&](const Use& use) {
        return use.rule == sighting.rule && use.place == sighting.place;
      });
      uses.insert(after == uses.rend() ? uses.end() : after.base(),
                  {sighting.rule, sighting.scope, sighting.place, sighting.spot});
    }
  }
  return uses;
}

// How often the rule's placeholder stands in its places.
std::size_t occurrences_of(std::uint32_t rule, const std::vector<Use>& uses) {
  std::size_t count = 0;
  for (const Use& use : uses) {
    count += use.rule == rule && use.spot ? use.spot->occurrences : 0;
  }
  return count;
}

// What speaks against a use although it is in scope.
std::optional<Reason> check_use(const Request& request,
                                const Use& use,
                                const std::vector<Use>& uses) {
  const auto& rule = request.bindings.rules[use.rule];
  const auto& place = rule.places[use.place];
  const bool is_in_field = use.spot && request.parts().is_field(use.spot->part);
  if ((use.spot && place.placement->count(request.parts()) > 1) ||
      occurrences_of(use.rule, uses) > place.occurrences_max) {
    return is_in_field ? Reason::duplicate_credential_header : Reason::ambiguous_placeholder_match;
  }
  return check_scope(request, rule.scopes[use.scope]);
}

Verdict allow(std::vector<Use> uses,
              const std::vector<Sighting>& sightings,
              const Request& request) {
  Rules rules;
  for (const Use& use : uses) {
    if (const auto reason = check_use(request, use, uses)) {
      return refuse(*reason, use.rule);
    }
    if (!has_rule(rules, use.rule)) {
      rules.push_back(use.rule);
    }
  }
  const auto other = std::ranges::find_if(
      sightings, [&](const Sighting& sighting) { return !has_rule(rules, sighting.rule); });
  if (other != sightings.end() &&
      request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse) {
    return deny(*other, request);
  }
  Verdict verdict{Decision::allowed, Reason::binding_matched, rules.front(), std::move(uses)};
  verdict.others = denials_beside(rules, sightings, request);
  return verdict;
}

// Judges what was seen.
Verdict decide_sightings(const Request& request,
                         const RequestReadings& readings,
                         Sightings& found) {
  if (found.all.empty()) {
    return {Decision::pass, Reason::no_placeholder};
  }
  if (found.are_too_many()) {
    return refuse(Reason::ambiguous_placeholder_match, found.all.front().rule);
  }
  match_sightings(request, readings, found);
  const std::vector<Sighting>& sightings = found.all;
  if (request.destination.protocol == Protocol::http) {
    return deny_all(sightings.front(), sightings, request);
  }
  if (is_ambiguous(request, sightings)) {
    return refuse(Reason::ambiguous_placeholder_match, sightings.front().rule);
  }
  if (auto uses = uses_of(sightings); !uses.empty()) {
    return allow(std::move(uses), sightings, request);
  }
  // Of several reasons the one nearest to being allowed tells the operator most.
  const auto nearest = std::ranges::find_if(sightings, &Sighting::may_be_swapped);
  return deny_all(nearest != sightings.end() ? *nearest : sightings.front(), sightings, request);
}

// The secret that has to be in a request like this, and is not.
std::optional<std::uint32_t> missing_rule(const Request& request,
                                          const RequestReadings& readings,
                                          const Verdict& verdict) {
  if (request.destination.protocol == Protocol::http || verdict.decision == Decision::refused) {
    return std::nullopt;
  }
  Rules used;
  for (const Use& use : verdict.uses) {
    used.push_back(use.rule);
  }
  return request.bindings.missing_rule(request.destination.authority, readings, used);
}

// A reverse route's credential goes where the placeholder stands, if it stands in the rule's first
// place; else where the place is filled without it.
std::vector<bindings::Spot> spots_of(const Request& request, const bindings::SecretRule& rule) {
  std::vector<bindings::Spot> spots;
  if (!rule.placeholder.empty()) {
    const bindings::HeadParts head = request.parts();
    for (std::size_t part = 0; part < head.size(); ++part) {
      rule.placement().find(head, part, rule.placeholder, spots);
    }
  }
  return spots;
}

Verdict allow_reverse(const Request& request, const Use& use) {
  const auto& rule = request.bindings.rules[use.rule];
  const auto& place = rule.places[use.place];
  const bool replaces = place.on_existing == bindings::OnExisting::replace;
  const bool takes_any = place.placement->is_whole() && replaces;
  const auto spots = takes_any ? std::vector<bindings::Spot>() : spots_of(request, rule);
  Verdict verdict{Decision::allowed, Reason::binding_matched, use.rule};
  if (!spots.empty() && !place.placement->is_whole()) {
    for (const bindings::Spot& spot : spots) {
      verdict.uses.push_back({use.rule, use.scope, use.place, spot});
    }
    if (const auto reason = check_use(request, verdict.uses.front(), verdict.uses)) {
      return refuse(*reason, use.rule);
    }
    return verdict;
  }
  if (!place.placement->can_be_filled()) {
    return refuse(Reason::untargeted_location, use.rule);
  }
  if (!replaces && spots.empty() && place.placement->count(request.parts()) > 0) {
    return refuse(Reason::duplicate_credential_header, use.rule);
  }
  verdict.uses.push_back(use);
  return verdict;
}

std::string name_of(const bindings::PlaceholderIndex::Hit& hit,
                    const bindings::Bindings& bindings) {
  return "<" + bindings.rules[hit.number].name.text() + ">";
}

std::string shown_text(std::string_view path, const bindings::Bindings& bindings) {
  std::string shown;
  std::size_t at = 0;
  while (const auto hit = bindings.next_placeholder(path, at)) {
    shown += path.substr(at, hit->at - at);
    shown += name_of(*hit, bindings);
    at = hit->at + hit->size;
  }
  return shown.append(path.substr(at));
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
  Verdict verdict = decide_sightings(request, readings, found);
  if (const auto rule = missing_rule(request, readings, verdict)) {
    return refuse(Reason::no_placeholder, *rule);
  }
  return verdict;
}

Verdict decide_reverse(const Request& request, const ReverseUse& use) {
  const auto& bindings = request.bindings;
  const auto& destination = request.destination.authority;
  const RequestReadings readings(request.head.method, request.target, request.head.fields);
  if (const auto rule = bindings.forbidding_rule(destination, readings)) {
    return refuse(Reason::endpoint_blocked, *rule);
  }
  // The route chose the rule; whether it may be used for this request is judged like any other's.
  const auto [match, scope] = bindings.match_scope(use.rule, kFirstPlace, destination, readings);
  if (match != Match::matched) {
    return refuse(Reason::binding_scope_violation, use.rule);
  }
  if (const auto reason = check_scope(request, bindings.rules[use.rule].scopes[scope])) {
    return refuse(*reason, use.rule);
  }
  return allow_reverse(request, {use.rule, scope, kFirstPlace});
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
  const Use& use = verdict.uses.front();
  const auto [match, scope] =
      request.bindings.match_scope(use.rule, use.place, destination, readings);
  const bool is_allowed = match == Match::matched && scope == use.scope;
  return is_allowed ? std::nullopt : std::optional(Reason::binding_scope_violation);
}

std::vector<PlaceOf> places_of(const Verdict& verdict) {
  std::vector<PlaceOf> places;
  for (const Use& use : verdict.uses) {
    if (const PlaceOf place{use.rule, use.place}; places.empty() || places.back() != place) {
      places.push_back(place);
    }
  }
  return places;
}

std::string shown_path(std::string_view target, const bindings::Bindings& bindings) {
  const std::string_view path = http::path_of(target);
  if (!bindings::has_percent(path)) {
    return shown_text(path, bindings);
  }
  // Where each byte stood tells what of the path as it came the name stands for.
  const auto decoded = bindings::decode_percent(path);
  std::string shown;
  std::size_t at = 0;
  while (const auto hit = bindings.next_placeholder(decoded.text, at)) {
    shown += path.substr(decoded.places[at], decoded.places[hit->at] - decoded.places[at]);
    shown += name_of(*hit, bindings);
    at = hit->at + hit->size;
  }
  return shown.append(path.substr(decoded.places[at]));
}

}  // namespace keyswap::flow
