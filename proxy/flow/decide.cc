// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide.h"

#include <algorithm>

#include "proxy/base/bytes.h"

namespace keyswap::flow {

namespace {

using audit::Decision;
using audit::Reason;
using bindings::Match;

// One placeholder seen in the request.
struct Sighting {
  std::uint32_t rule = 0;
  std::optional<std::size_t> field;  // of which field; none: in the target
  bool is_credential = false;        // the field is the one this rule writes to
  Match match = Match::other_destination;
};

struct Request {
  const http::RequestHead& head;
  std::string_view target;
  const Destination& destination;
  const bindings::Bindings& bindings;
};

void look_at(const Request& request,
             std::string_view text,
             std::optional<std::size_t> field,
             std::vector<Sighting>& sightings) {
  std::vector<std::uint32_t> found;
  request.bindings.find_placeholders(text, found);
  for (const std::uint32_t rule : found) {
    const bool is_credential =
        field && base::equal_ignoring_case(request.head.fields[*field].name,
                                           request.bindings.rules[rule].injection->header());
    const Match match = request.bindings.match(
        rule, request.destination.authority, request.head.method, request.target);
    sightings.push_back({rule, field, is_credential, match});
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
          sighting.rule,
          0,
          {}};
}

Verdict allow(const Sighting& chosen,
              const std::vector<Sighting>& sightings,
              const Request& request) {
  const std::string_view header = request.head.fields[*chosen.field].name;
  if (request.head.fields.count(header) > 1) {
    return {Decision::refused, Reason::duplicate_credential_header, chosen.rule, 0, {}};
  }
  Verdict verdict{Decision::allowed, Reason::binding_matched, chosen.rule, *chosen.field, {}};
  for (const Sighting& other : sightings) {
    const bool is_new = std::ranges::none_of(
        verdict.others, [&](const Denial& denial) { return denial.rule == other.rule; });
    if (other.rule == chosen.rule || !is_new) {
      continue;
    }
    if (request.bindings.misplaced_placeholder == bindings::MisplacedPlaceholder::refuse) {
      return deny(other, request);
    }
    verdict.others.push_back({other.rule, reason_to_deny(other, request.destination)});
  }
  return verdict;
}

}  // namespace

Verdict decide(const http::RequestHead& head,
               std::string_view target,
               const Destination& destination,
               const bindings::Bindings& bindings) {
  const Request request{head, target, destination, bindings};
  const std::vector<Sighting> sightings = find_sightings(request);
  if (sightings.empty()) {
    return {Decision::pass, Reason::no_placeholder, std::nullopt, 0, {}};
  }
  if (destination.scheme == Scheme::http) {
    return deny(sightings.front(), request);
  }
  if (is_ambiguous(sightings)) {
    return {Decision::refused, Reason::ambiguous_placeholder_match, sightings.front().rule, 0, {}};
  }
  const auto matched = std::ranges::find_if(sightings, [](const Sighting& sighting) {
    return sighting.is_credential && sighting.match == Match::matched;
  });
  if (matched != sightings.end()) {
    return allow(*matched, sightings, request);
  }
  // Of several reasons the one nearest to being allowed tells the operator most.
  const auto nearest = std::ranges::find_if(sightings, may_be_swapped);
  return deny(nearest != sightings.end() ? *nearest : sightings.front(), request);
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
