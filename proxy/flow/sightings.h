// SPDX-License-Identifier: Apache-2.0
//
// The placeholders in a head: where each was seen, which place of its rule holds it there, and
// whether that place is in scope. What follows from that is decided in proxy/flow/decide.cc. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bindings/binding.h"
#include "bindings/request_readings.h"
#include "proxy/flow/decide.h"

namespace keyswap::flow {

// One placeholder seen in the request.
struct Sighting {
  std::uint32_t rule = 0;
  std::size_t part = 0;  // of the head, as in bindings::HeadParts
  // Where it stands in a place of the rule, and which one that is; nothing: in none.
  std::optional<bindings::Spot> spot;
  std::uint32_t place = 0;
  bindings::Match match = bindings::Match::other_destination;
  std::uint32_t scope = 0;  // if it matched

  [[nodiscard]] bool may_be_swapped() const {
    return spot && match != bindings::Match::other_destination;
  }

  [[nodiscard]] bool is_swapped() const { return spot && match == bindings::Match::matched; }
};

// All that were seen, in the order of the parts, and the rules whose they are, each once in the
// order seen. In no place of its rule a placeholder is there once, and again beside what is in one.
struct Sightings {
  std::vector<Sighting> all;
  std::vector<std::uint32_t> rules;
  std::vector<std::uint32_t> outside;  // those with one in no place

  // I10: each secret that is named costs a judgement and a record.
  [[nodiscard]] bool are_too_many() const;
};

Sightings find_sightings(const Request& request);

// The rules of all placeholders in that part of the head, ascending, each once: as it is, and as
// the places read it that look into it. No bound counts: for those who only look.
std::vector<std::uint32_t> rules_seen_in(const Request& request, std::size_t part);

// Says of each whether its place is in scope. Where several places of a rule hold the same
// placeholder, the first that is in scope keeps it, else the first that is bound to this host.
void match_sightings(const Request& request,
                     const bindings::RequestReadings& readings,
                     Sightings& sightings);

}  // namespace keyswap::flow
