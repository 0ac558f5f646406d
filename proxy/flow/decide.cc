// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide.h"

#include <algorithm>
#include <span>
#include <utility>

#include "bindings/bounds.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/reason_elsewhere.h"
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

void add_rule(std::uint32_t rule, Rules& rules) {
  if (!has_rule(rules, rule)) {
    rules.push_back(rule);
  }
}

// The rules of some sightings, each once.
template <typename Wanted>
Rules rules_of(std::span<const Sighting> sightings, Wanted wanted) {
  Rules rules;
  for (const Sighting& sighting : sightings) {
    if (wanted(sighting)) {
      add_rule(sighting.rule, rules);
    }
  }
  return rules;
}

// I10: one of a rule whose placeholder stands in more spots than any place may have. That is
// refused before anything is held against anything else.
const Sighting* find_crowd(const std::vector<Sighting>& sightings, const Rules& swapped) {
  if (sightings.size() <= bindings::bounds::kOccurrencesMax) {
    return nullptr;
  }
  for (const std::uint32_t rule : swapped) {
    std::size_t count = 0;
    for (const Sighting& one : sightings) {
      count += one.rule == rule && one.is_swapped() ? 1 : 0;
      if (count > bindings::bounds::kOccurrencesMax) {
        return &one;
      }
    }
  }
  return nullptr;
}

// May all of these rules be used in one request? Of each two one has to name the other.
bool may_all_go_together(const bindings::Bindings& bindings, const Rules& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!bindings.may_go_together(rules[i], rules[j])) {
        return false;
      }
    }
  }
  return true;
}

// A secret in its place here, and another one in the same part that is not swapped, or where both
// stand in the same bytes.
bool is_part_ambiguous(std::span<const Sighting> part) {
  const Rules placed = rules_of(part, [](const Sighting& one) { return one.may_be_swapped(); });
  return std::ranges::any_of(part, [&](const Sighting& other) {
    if (!other.is_swapped() && !has_rule(placed, other.rule)) {
      return !placed.empty();
    }
    if (!other.is_swapped()) {
      return false;  // it stands beside its own place; whether that goes with others was judged
    }
    return std::ranges::any_of(part, [&](const Sighting& one) {
      return one.rule != other.rule && one.is_swapped() && one.spot->overlaps(*other.spot);
    });
  });
}

// Two secrets in one part, or in two places bound here: which one is meant? `swapped`: the rules of
// those that would be.
bool is_ambiguous(const Request& request,
                  const std::vector<Sighting>& sightings,
                  const Rules& swapped) {
  if (sightings.size() == 1) {
    return false;  // nearly always
  }
  const Rules placed =
      rules_of(sightings, [](const Sighting& one) { return one.may_be_swapped(); });
  const bool are_all_swapped = std::ranges::all_of(
      sightings, [](const Sighting& one) { return one.is_swapped() || !one.may_be_swapped(); });
  if (placed.size() > 1 && (!are_all_swapped || !may_all_go_together(request.bindings, swapped))) {
    return true;
  }
  const std::span all(sightings);
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() && all[end].part == all[begin].part) {
      ++end;
    }
    if (is_part_ambiguous(all.subspan(begin, end - begin))) {
      return true;
    }
    begin = end;
  }
  return false;
}

Reason reason_to_deny(const Sighting& sighting, const Request& request) {
  if (request.destination.protocol != Protocol::https) {
    return Reason::insecure_scheme;  // I5: never over plain http
  }
  if (sighting.match == Match::other_destination) {
    return reason_elsewhere(request.bindings.rules[sighting.rule]);
  }
  return sighting.spot ? Reason::binding_scope_violation : Reason::untargeted_location;
}

Verdict deny(const Sighting& sighting, const Request& request) {
  // I2: inert by default; the operator may choose refusal.
  const bool refuses =
      request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse;
  return {refuses ? Decision::refused : Decision::denied,
          reason_to_deny(sighting, request),
          sighting.rule};
}

// The secrets whose placeholders travel on inert at some of these sightings, each once. `told`: of
// those it is said already.
template <typename Inert>
std::vector<Denial> denials_of(const std::vector<Sighting>& sightings,
                               const Request& request,
                               Rules told,
                               Inert is_inert) {
  std::vector<Denial> denials;
  for (const Sighting& one : sightings) {
    if (is_inert(one) && !has_rule(told, one.rule)) {
      told.push_back(one.rule);
      denials.push_back({one.rule, reason_to_deny(one, request)});
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
    verdict.others =
        denials_of(sightings, request, {decisive.rule}, [](const Sighting&) { return true; });
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
  for (const Use& use : uses) {
    if (const auto reason = check_use(request, use, uses)) {
      return refuse(*reason, use.rule);
    }
  }
  // Whatever stays is told of, also where the same secret is swapped elsewhere in the request.
  const auto is_inert = [](const Sighting& sighting) {
    return !sighting.is_swapped();
  };
  const auto other = std::ranges::find_if(sightings, is_inert);
  if (other != sightings.end() &&
      request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse) {
    return deny(*other, request);
  }
  const std::uint32_t first = uses.front().rule;
  Verdict verdict{Decision::allowed, Reason::binding_matched, first, std::move(uses)};
  verdict.others = denials_of(sightings, request, {}, is_inert);
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
  const Rules swapped = rules_of(sightings, [](const Sighting& one) { return one.is_swapped(); });
  if (const Sighting* const one = find_crowd(sightings, swapped)) {
    return refuse(request.parts().is_field(one->part) ? Reason::duplicate_credential_header
                                                      : Reason::ambiguous_placeholder_match,
                  one->rule);
  }
  if (is_ambiguous(request, sightings, swapped)) {
    return refuse(Reason::ambiguous_placeholder_match, sightings.front().rule);
  }
  if (auto uses = uses_of(sightings); !uses.empty()) {
    return allow(std::move(uses), sightings, request);
  }
  // Of several reasons the one nearest to being allowed tells the operator most.
  const auto nearest = std::ranges::find_if(sightings, &Sighting::may_be_swapped);
  return deny_all(nearest != sightings.end() ? *nearest : sightings.front(), sightings, request);
}

// A request that a scheme takes for its client's by what is signed in it: it has no placeholder,
// or one that stays, and its signer judges it.
Verdict allow_proven(const Request& request, const RequestReadings& readings, Verdict verdict) {
  const bool is_open =
      (verdict.decision == Decision::pass || verdict.decision == Decision::denied) &&
      request.destination.protocol == Protocol::https;
  const auto use =
      is_open ? request.bindings.proven_use(request.destination.authority, readings, request.caller)
              : std::nullopt;
  if (!use) {
    return verdict;
  }
  if (const auto reason =
          check_scope(request, request.bindings.rules[use->rule].scopes[use->scope])) {
    return refuse(*reason, use->rule);
  }
  Verdict allowed{Decision::allowed, Reason::binding_matched, use->rule};
  allowed.uses.push_back({use->rule, use->scope, kFirstPlace});
  allowed.others = std::move(verdict.others);
  if (verdict.decision == Decision::denied) {
    allowed.others.insert(allowed.others.begin(), Denial{verdict.rule.value(), verdict.reason});
  }
  return allowed;
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
      rule.placement().find(head, part, rule.searched(), spots);
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
  // One that is the placeholder is the client's wish; any other is not replaced.
  const std::size_t expected = spots.empty() ? 0 : 1;
  if (!replaces && place.placement->count(request.parts()) > expected) {
    return refuse(Reason::duplicate_credential_header, use.rule);
  }
  verdict.uses.push_back(use);
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
  Verdict verdict = allow_proven(request, readings, decide_sightings(request, readings, found));
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
  bindings::read_body_overrides(request.head.fields, body, named);
  if (named.are_none()) {
    return std::nullopt;
  }
  const auto& destination = request.destination.authority;
  const RequestReadings readings(request.head.method, request.target, request.head.fields, body);
  if (request.bindings.forbidding_rule(destination, readings)) {
    return Reason::endpoint_blocked;
  }
  const bool are_allowed = std::ranges::all_of(verdict.uses, [&](const Use& use) {
    const auto [match, scope] =
        request.bindings.match_scope(use.rule, use.place, destination, readings);
    return match == Match::matched && scope == use.scope;
  });
  return are_allowed ? std::nullopt : std::optional(Reason::binding_scope_violation);
}

std::vector<PlaceOf> places_of(std::span<const Use> uses) {
  std::vector<PlaceOf> places;
  for (const Use& use : uses) {
    if (const PlaceOf place{use.rule, use.place}; places.empty() || places.back() != place) {
      places.push_back(place);
    }
  }
  return places;
}

void refuse_real_values(const bindings::Bindings& bindings,
                        const http::Authority& destination,
                        Verdict& verdict) {
  if (verdict.decision == Decision::refused && verdict.reason != Reason::real_secret_sent) {
    return;
  }
  const auto rule = refusing_rule(bindings, destination, verdict.real_values);
  if (rule) {
    verdict.decision = Decision::refused;
    verdict.reason = Reason::real_secret_sent;
    verdict.rule = rule;
    verdict.uses.clear();
    verdict.others.clear();
  }
}

}  // namespace keyswap::flow
