// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_body.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "bindings/body_place.h"
#include "bindings/bounds.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/caller.h"
#include "proxy/flow/reason_elsewhere.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::BodyPlace;
using bindings::BodyText;
using bindings::Match;
using bindings::RequestReadings;

// Of the request's body; nothing: there are several, so it is not clear what it is.
std::optional<std::string> media_type(const http::HeaderList& fields) {
  if (fields.count("content-type") > 1) {
    return std::nullopt;
  }
  const auto* const field = fields.find("content-type");
  return bindings::media_type_of(field == nullptr ? std::string_view() : field->value);
}

// Is it such that its text can be read?
bool is_encoded(const http::HeaderList& fields) {
  return std::ranges::any_of(fields, [](const http::Field& field) {
    return base::equal_ignoring_case(field.name, "content-encoding") &&
           !base::equal_ignoring_case(field.value, "identity");
  });
}

bool is_for(const BodyPlace& place, const std::string& type, BodyText text) {
  return (place.media_type.empty() || place.media_type == type) &&
         (!place.pointer || text == BodyText::json) && (!place.field || text == BodyText::form);
}

void add_places(const Request& request,
                std::uint32_t number,
                const RequestReadings& readings,
                const std::string& type,
                BodyPlaces& found) {
  const auto& rule = request.bindings.rules[number];
  for (std::uint32_t place = 0; place < rule.places.size(); ++place) {
    const auto* const in_body = rule.places[place].placement->in_body();
    if (in_body == nullptr || !is_for(*in_body, type, found.text)) {
      continue;
    }
    const auto [match, scope] =
        request.bindings.match_scope(number, place, request.destination.authority, readings);
    if (match == Match::matched) {
      found.places.push_back({number, place, scope});
    }
  }
}

// How often it stands in the places of the head.
std::size_t occurrences_in_head(std::span<const Use> head, std::uint32_t rule) {
  std::size_t count = 0;
  for (const Use& use : head) {
    count += use.rule == rule && use.spot ? use.spot->occurrences : 0;
  }
  return count;
}

bool refuses(const Request& request) {
  return request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse;
}

// What was seen of honeytokens is told all the same.
Verdict refused_for(const Denial& denial,
                    const Request& request,
                    Verdict verdict,
                    const BodyFound& found) {
  verdict.decision = Decision::refused;
  verdict.reason = denial.reason;
  verdict.rule = denial.rule;
  verdict.uses.clear();
  verdict.others.clear();
  std::ranges::copy_if(
      found.seen, std::back_inserter(verdict.honeytokens), [&](std::uint32_t rule) {
        return request.bindings.rules[rule].kind == bindings::RuleKind::honeytoken;
      });
  std::ranges::sort(verdict.honeytokens);
  verdict.honeytokens.erase(std::unique(verdict.honeytokens.begin(), verdict.honeytokens.end()),
                            verdict.honeytokens.end());
  return verdict;
}

}  // namespace

BodyPlaces find_body_places(const Request& request) {
  BodyPlaces found;
  const auto& bindings = request.bindings;
  // I5: never over plain http.
  if (bindings.body_placeholders().is_empty() || request.destination.protocol == Protocol::http ||
      is_encoded(request.head.fields)) {
    return found;
  }
  const auto type = media_type(request.head.fields);
  if (!type) {
    return found;
  }
  found.text = bindings::body_text_of(*type);
  std::optional<RequestReadings> readings;
  for (const std::uint32_t number : bindings.rules_binding(request.destination.authority)) {
    if (bindings.rules[number].has_place_in_body()) {
      if (!readings) {
        readings.emplace(request.head.method, request.target, request.head.fields);
      }
      add_places(request, number, *readings, *type, found);
    }
  }
  return found;
}

Use use_of(const SwapPlace& place) {
  Use use{.rule = place.rule, .scope = place.scope, .place = place.place};
  use.is_in_body = true;
  return use;
}

std::optional<Reason> check_occurrence(const Request& request,
                                       std::span<const Use> head,
                                       const Occurrence& occurrence) {
  const SwapPlace& place = occurrence.place;
  const auto& rule = request.bindings.rules[place.rule];
  const auto& scope = rule.scopes[place.scope];
  if (occurrences_in_head(head, place.rule) + occurrence.count_before >=
      rule.places[place.place].occurrences_max) {
    return Reason::ambiguous_placeholder_match;
  }
  if (!serves(scope, request.caller)) {
    return Reason::caller_not_allowed;
  }
  const http::Framing& framing = request.head.framing;
  const std::uint64_t bytes =
      framing.kind == http::Framing::Kind::length ? framing.length : occurrence.body_bytes;
  const bool is_past_scope = scope.max_body_bytes && bytes > *scope.max_body_bytes;
  // What is sent on as it comes is not judged whole.
  const bool is_past_rules = (scope.body_rules != nullptr || scope.models != nullptr) &&
                             bytes > base::bounds::kSwapHoldBytes;
  return is_past_scope || is_past_rules ? std::optional(Reason::body_too_large) : std::nullopt;
}

bool has_body_rules(const Request& request, std::span<const Use> uses) {
  return std::ranges::any_of(uses, [&](const Use& use) {
    return request.bindings.rules[use.rule].scopes[use.scope].body_rules != nullptr;
  });
}

std::optional<bindings::BrokenRule> find_broken_rule(const Request& request,
                                                     std::span<const Use> uses,
                                                     std::string_view body) {
  for (const Use& use : uses) {
    const auto& rules = request.bindings.rules[use.rule].scopes[use.scope].body_rules;
    if (rules == nullptr) {
      continue;
    }
    if (auto broken = bindings::find_broken(
            *rules, {request.head.method, request.target, request.head.fields, body})) {
      return broken;
    }
  }
  return std::nullopt;
}

Denial deny_in_body(const Request& request, std::uint32_t rule) {
  if (request.destination.protocol == Protocol::http) {
    return {rule, Reason::insecure_scheme};
  }
  const RequestReadings readings(request.head.method, request.target, request.head.fields);
  const auto match = request.bindings.match(rule, request.destination.authority, readings);
  if (match == Match::other_destination) {
    return {rule, reason_elsewhere(request.bindings.rules[rule])};
  }
  const bool is_outside =
      match == Match::out_of_scope && request.bindings.rules[rule].has_place_in_body();
  return {rule, is_outside ? Reason::binding_scope_violation : Reason::untargeted_location};
}

bool is_denied(const Verdict& verdict, std::uint32_t rule) {
  return (verdict.decision != Decision::allowed && verdict.rule == rule) ||
         std::ranges::any_of(verdict.others,
                             [&](const Denial& other) { return other.rule == rule; });
}

Verdict decide_with_body(const Request& request, Verdict head, const BodyFound& found) {
  Verdict verdict = std::move(head);
  if (verdict.decision == Decision::refused) {
    return verdict;
  }
  if (found.refusal) {
    return refused_for(*found.refusal, request, std::move(verdict), found);
  }
  if (found.seen.size() > bindings::bounds::kSecretsNamedInBodyMax) {
    const Denial crowd{found.seen.front(), Reason::ambiguous_placeholder_match};
    return refused_for(crowd, request, std::move(verdict), found);
  }
  if (!found.uses.empty() && verdict.decision == Decision::denied) {
    // What the head has beside it travels on inert, also of a secret that the body uses.
    verdict.others.insert(verdict.others.begin(), {*verdict.rule, verdict.reason});
  }
  for (const Use& use : found.uses) {
    if (verdict.decision != Decision::allowed) {
      verdict.decision = Decision::allowed;
      verdict.reason = Reason::binding_matched;
      verdict.rule = use.rule;
    }
    verdict.uses.push_back(use);
  }
  for (const std::uint32_t rule : found.seen) {
    if (is_denied(verdict, rule)) {
      continue;
    }
    const Denial denial = deny_in_body(request, rule);
    if (refuses(request)) {
      return refused_for(denial, request, std::move(verdict), found);
    }
    if (verdict.decision == Decision::pass) {
      verdict.decision = Decision::denied;
      verdict.reason = denial.reason;
      verdict.rule = rule;
    } else {
      verdict.others.push_back(denial);
    }
  }
  return verdict;
}

}  // namespace keyswap::flow
