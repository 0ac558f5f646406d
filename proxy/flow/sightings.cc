// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/sightings.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "bindings/basic_text.h"
#include "bindings/bounds.h"
#include "bindings/percent_text.h"
#include "proxy/flow/placeholder_watch.h"

namespace keyswap::flow {

namespace {

using bindings::Match;
using bindings::RequestReadings;
using bindings::ScopeMatch;
using bindings::SecretRule;

using Rules = std::vector<std::uint32_t>;  // ascending, each once

// The rules whose placeholders stand in that part in any form (I2). All that a place could hold is
// among them; which one does, it says itself.
void find_rules(const Request& request, std::size_t part, Rules& found) {
  found.clear();
  see_placeholders(request.bindings, request.parts()[part], found);
  if (found.size() > 1) {
    std::ranges::sort(found);
  }
}

// False: it is there already.
bool note_rule(std::uint32_t rule, std::vector<std::uint32_t>& rules) {
  if (std::ranges::find(rules, rule) != rules.end()) {
    return false;
  }
  rules.push_back(rule);
  return true;
}

// I2: what is no part that a place could be in is seen, too: the names of fields, and the method.
void look_at_rest(const Request& request, Sightings& sightings) {
  SeenRules seen;
  for (const http::Field& field : request.head.fields) {
    see_placeholders(request.bindings, field.name, seen);
  }
  see_placeholders(request.bindings, request.head.method, seen);
  for (const std::uint32_t rule : seen) {
    if (sightings.are_too_many()) {
      return;
    }
    note_rule(rule, sightings.rules);
    if (note_rule(rule, sightings.outside)) {
      sightings.all.push_back({.rule = rule, .part = request.parts().size(), .spot = {}});
    }
  }
}

// A sighting for each spot that a place of the rule finds there.
void add_held(const Request& request,
              const Sighting& seen,
              std::vector<bindings::Spot>& spots,
              std::vector<Sighting>& all) {
  const SecretRule& rule = request.bindings.rules[seen.rule];
  for (std::uint32_t place = 0; place < rule.places.size(); ++place) {
    spots.clear();
    rule.places[place].placement->find(request.parts(), seen.part, rule.searched(), spots);
    // I10: one more than any place may have is one too many already.
    spots.resize(std::min(spots.size(), bindings::bounds::kOccurrencesMax + 1));
    for (const bindings::Spot& spot : spots) {
      Sighting& held = all.emplace_back(seen);
      held.spot = spot;
      held.place = place;
    }
  }
}

// Is `test` true of a spot where the placeholder stands in that part: as it is, or as the places
// read it that look into it?
template <typename Test>
bool any_occurrence(const Request& request,
                    std::size_t part,
                    std::string_view placeholder,
                    Test test) {
  const bindings::HeadParts head = request.parts();
  const auto look = [&](std::string_view text, auto spot_of) {
    for (auto at = text.find(placeholder); at != std::string_view::npos;
         at = text.find(placeholder, at + placeholder.size())) {
      if (test(spot_of(at, at + placeholder.size()))) {
        return true;
      }
    }
    return false;
  };
  if (!head.is_field(part)) {
    const auto decoded = bindings::decode_percent(head[part]);
    return look(decoded.text, [&](std::size_t begin, std::size_t end) {
      return bindings::Spot{part, decoded.places[begin], decoded.places[end]};
    });
  }
  const auto basic = bindings::read_basic(head[part]);
  return look(head[part],
              [&](std::size_t begin, std::size_t end) {
                return bindings::Spot{part, begin, end};
              }) ||
         (basic && look(basic->text, [&](std::size_t begin, std::size_t end) {
            return bindings::Spot{part, begin, end, /*is_in_basic=*/true};
          }));
}

// Does it stand in that part once more, beside the spots that `held` are about?
bool stands_beside(const Request& request, std::span<const Sighting> held) {
  // I10: of those that are too many not all were kept.
  if (held.size() > bindings::bounds::kOccurrencesMax) {
    return false;
  }
  const Sighting& one = held.front();
  const std::string_view placeholder = request.bindings.rules[one.rule].searched();
  return any_occurrence(request, one.part, placeholder, [&](const bindings::Spot& spot) {
    return std::ranges::none_of(held, [&](const Sighting& other) {
      return other.spot->is_in_basic == spot.is_in_basic && other.spot->begin <= spot.begin &&
             spot.end <= other.spot->end;
    });
  });
}

void look_at(const Request& request, std::size_t part, Rules& found, Sightings& sightings) {
  find_rules(request, part, found);
  if (found.empty()) {
    return;
  }
  std::vector<bindings::Spot> spots;
  const std::size_t before = sightings.all.size();
  std::vector<Sighting> again;  // in no place, and not for the first time
  for (const std::uint32_t rule : found) {
    if (sightings.are_too_many()) {
      return;
    }
    const Sighting seen{.rule = rule, .part = part, .spot = {}};
    note_rule(rule, sightings.rules);
    const std::size_t count = sightings.all.size();
    add_held(request, seen, spots, sightings.all);
    if (sightings.all.size() == count) {
      (note_rule(rule, sightings.outside) ? sightings.all : again).push_back(seen);
    } else if (stands_beside(request, std::span(sightings.all).subspan(count)) &&
               note_rule(rule, sightings.outside)) {
      sightings.all.push_back(seen);
    }
  }
  // Once more beside nothing that could be swapped says nothing new.
  const bool is_credential_here =
      std::any_of(sightings.all.begin() + static_cast<std::ptrdiff_t>(before),
                  sightings.all.end(),
                  [](const Sighting& seen) { return seen.spot.has_value(); });
  if (is_credential_here) {
    sightings.all.insert(sightings.all.end(), again.begin(), again.end());
  }
}

// I10: each rule is held against the request once for each set of scopes that its places have, in
// however many fields its placeholder stands.
class Matcher {
 public:
  Matcher(const Request& request, const RequestReadings& readings)
      : request_(request), readings_(readings) {}

  ScopeMatch match(const Sighting& sighting) {
    const SecretRule& rule = request_.bindings.rules[sighting.rule];
    const bool has_own = std::ranges::any_of(rule.places, &bindings::SecretPlace::has_scopes);
    // Places without scopes of their own share the rule's.
    const bool is_common = !has_own || (sighting.spot && !rule.places[sighting.place].has_scopes);
    const Key key{sighting.rule, is_common, sighting.spot ? sighting.place : kAnyPlace};
    const auto known = std::ranges::find_if(known_, [&](const Known& one) {
      return one.key.rule == key.rule && one.key.is_common == key.is_common &&
             (key.is_common || one.key.place == key.place);
    });
    if (known != known_.end()) {
      return known->match;
    }
    const auto place = has_own && sighting.spot ? std::optional(sighting.place) : std::nullopt;
    const auto match = request_.bindings.match_scope(
        sighting.rule, place, request_.destination.authority, readings_);
    known_.push_back({key, match});
    return match;
  }

 private:
  static constexpr std::uint32_t kAnyPlace = UINT32_MAX;

  struct Key {
    std::uint32_t rule = 0;
    bool is_common = false;
    std::uint32_t place = 0;
  };

  struct Known {
    Key key;
    ScopeMatch match;
  };

  const Request& request_;
  const RequestReadings& readings_;
  std::vector<Known> known_;
};

int rank_of(Match match) {
  return match == Match::matched ? 0 : match == Match::out_of_scope ? 1 : 2;
}

// Of sightings of one placeholder that several places of its rule hold, one stays.
void drop_overlapped(std::vector<Sighting>& all) {
  const auto loses_to = [](const Sighting& a, const Sighting& b, bool is_later) {
    return a.rule == b.rule && a.spot && b.spot && a.spot->overlaps(*b.spot) &&
           (rank_of(b.match) < rank_of(a.match) ||
            (is_later && rank_of(b.match) == rank_of(a.match)));
  };
  std::vector<Sighting> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool is_beaten = false;
    // Those of one rule in one part follow one another.
    const auto is_near = [&](std::size_t j) {
      return all[j].part == all[i].part && all[j].rule == all[i].rule;
    };
    for (std::size_t j = i; j > 0 && is_near(j - 1); --j) {
      is_beaten = is_beaten || loses_to(all[i], all[j - 1], /*is_later=*/true);
    }
    for (std::size_t j = i + 1; j < all.size() && is_near(j); ++j) {
      is_beaten = is_beaten || loses_to(all[i], all[j], /*is_later=*/false);
    }
    if (!is_beaten) {
      kept.push_back(all[i]);
    }
  }
  all = std::move(kept);
}

}  // namespace

bool Sightings::are_too_many() const {
  return rules.size() > bindings::bounds::kSecretsNamedMax;
}

// The target is looked at in any case: it is the last part.
Sightings find_sightings(const Request& request) {
  Sightings sightings;
  Rules found;
  const std::size_t target = request.head.fields.size();
  for (std::size_t part = 0; part < target && !sightings.are_too_many(); ++part) {
    look_at(request, part, found, sightings);
  }
  look_at(request, target, found, sightings);
  look_at_rest(request, sightings);
  return sightings;
}

std::vector<std::uint32_t> rules_seen_in(const Request& request, std::size_t part) {
  Rules found;
  find_rules(request, part, found);
  return found;
}

void match_sightings(const Request& request,
                     const RequestReadings& readings,
                     Sightings& sightings) {
  Matcher matcher(request, readings);
  bool has_several_places = false;
  for (Sighting& sighting : sightings.all) {
    const auto [match, scope] = matcher.match(sighting);
    sighting.match = match;
    sighting.scope = scope;
    has_several_places =
        has_several_places || request.bindings.rules[sighting.rule].places.size() > 1;
  }
  if (has_several_places) {
    drop_overlapped(sightings.all);
  }
}

}  // namespace keyswap::flow
