// SPDX-License-Identifier: Apache-2.0
#include "bindings/note_merge.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace keyswap::bindings {

namespace {

bool is_same_host(const HostPattern& a, const HostPattern& b) {
  return a.is_wildcard == b.is_wildcard && a.host == b.host;
}

// Is it a host that the wildcard stands for?
bool covers(const HostPattern& wildcard, const HostPattern& host) {
  const auto dot = host.host.find('.');
  return wildcard.is_wildcard && !host.is_wildcard && dot != std::string::npos &&
         std::string_view(host.host).substr(dot + 1) == wildcard.host;
}

bool do_overlap(std::string_view a, std::string_view b) {
  return !a.empty() && !b.empty() &&
         (a.find(b) != std::string_view::npos || b.find(a) != std::string_view::npos);
}

// A secret on the way through the merge.
struct Claim {
  vault::SecretName name;
  Note note;
  std::string derived;
  const SecretRule* in_file = nullptr;
  NoteState state;

  [[nodiscard]] bool is_bound() const { return state.standing == NoteStanding::bound; }

  // Its placeholder is made of its name, so nobody else can have meant it.
  [[nodiscard]] bool is_own() const { return state.placeholder == derived; }

  void refuse(std::string why) {
    state.standing = NoteStanding::invalid;
    state.why = std::move(why);
    state.hosts.clear();
  }
};

using Claims = std::map<std::string, Claim>;  // by name

const SecretRule* rule_of(const Bindings& file, const vault::SecretName& name) {
  const auto found = std::ranges::find_if(file.rules, [&](const SecretRule& rule) {
    return rule.kind != RuleKind::custom && rule.name == name;
  });
  return found == file.rules.end() ? nullptr : &*found;
}

// The operator bound it there, whatever may be named.
bool is_bound_in_file(const Claim& claim, const HostPattern& host) {
  return claim.in_file != nullptr &&
         std::ranges::any_of(claim.in_file->scopes,
                             [&](const Scope& scope) { return is_same_host(scope.host, host); });
}

void judge_hosts(const NotesRule& rule, Claim& claim) {
  for (const HostPattern& host : claim.note.hosts) {
    const bool is_kept =
        may_be_named(host, rule) || (rule.is_with_file && is_bound_in_file(claim, host) &&
                                     (rule.allows_wildcards || !host.is_wildcard));
    (is_kept ? claim.state.hosts : claim.state.refused_hosts).push_back(host);
  }
  if (claim.state.hosts.empty()) {
    claim.state.standing = NoteStanding::host_not_listed;
  }
}

void judge_note(const NotesRule& rule, Claim& claim) {
  claim.state.placeholder = claim.derived;
  claim.state.why = claim.note.why;
  if (claim.note.kind == Note::Kind::none) {
    return;
  }
  if (claim.note.kind == Note::Kind::invalid) {
    claim.refuse(std::move(claim.note.why));
    return;
  }
  if (!claim.note.placeholder.empty()) {
    claim.state.placeholder = claim.note.placeholder;
  }
  if (claim.in_file != nullptr && claim.in_file->kind == RuleKind::honeytoken) {
    claim.refuse("the bindings file has a honeytoken of that name");
  } else if (claim.state.placeholder.empty()) {
    claim.refuse("it says no `placeholder`, and there is no salt that one is made of");
  } else {
    claim.state.standing = NoteStanding::bound;
    judge_hosts(rule, claim);
  }
}

// --- the whole of the source ---

// What is no name of a secret has no binding. Two secrets of one name are not told apart.
Claims claims_of(const Bindings& file, const NotesRule& rule, std::span<const SourceNote> notes) {
  Claims claims;
  for (const SourceNote& one : notes) {
    auto name = vault::SecretName::parse(one.name);
    if (!name) {
      continue;
    }
    if (const auto other = claims.find(one.name); other != claims.end()) {
      other->second.refuse("the source has several secrets of that name");
      continue;
    }
    Claim& claim = claims[one.name];
    claim.name = *name;
    claim.note = read_note(*name, one.text);
    claim.derived = one.derived;
    claim.in_file = rule_of(file, *name);
    claim.state.name = one.name;
    judge_note(rule, claim);
  }
  return claims;
}

// --- placeholders ---

// What the file has a placeholder for stays its: a note cannot take it away.
void refuse_one_of_the_file(const Bindings& file, const NotesRule& rule, Claim& claim) {
  const auto taken = std::ranges::find_if(file.rules, [&](const SecretRule& other) {
    const bool counts = rule.is_with_file || other.kind == RuleKind::honeytoken;
    return counts && other.name != claim.name &&
           do_overlap(claim.state.placeholder, other.searched());
  });
  if (claim.is_bound() && taken != file.rules.end()) {
    claim.refuse("its placeholder is that of " + taken->name.text() + " in the bindings file");
  }
}

// A placeholder that some secret of the source is known by, or would be.
struct Known {
  std::string_view placeholder;
  Claim* claim = nullptr;
  bool is_claimed = false;  // it is in use; else it is what the secret's name makes

  // It cannot be kept beside `other`: that one is made of its secret's name, or this one is not.
  [[nodiscard]] bool loses_to(const Known& other) const {
    const bool is_others_own = other.is_claimed && other.claim->is_own();
    return is_claimed && (!claim->is_own() || is_others_own);
  }
};

std::vector<Known> known_placeholders(Claims& claims) {
  std::vector<Known> all;
  for (auto& [name, claim] : claims) {
    if (claim.is_bound()) {
      all.push_back({claim.state.placeholder, &claim, true});
    }
    if (!claim.derived.empty() && (!claim.is_bound() || !claim.is_own())) {
      all.push_back({claim.derived, &claim, false});
    }
  }
  std::ranges::sort(all, {}, &Known::placeholder);
  return all;
}

// Who says a placeholder that is another's by its name loses it alone; of two who both say it, both
// do: nobody can tell whose it is. Placeholders of notes consist of one beginning and letters that
// are not in it, so one is in another just where it begins it, and what begins with one stands
// right behind it when they are sorted.
void refuse_contested(Claims& claims) {
  const auto all = known_placeholders(claims);
  std::vector<std::pair<Claim*, const Claim*>> lost;
  const auto hold_against = [&lost](const Known& one, const Known& other) {
    if (one.claim != other.claim && one.loses_to(other)) {
      lost.emplace_back(one.claim, other.claim);
    }
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1;
         j < all.size() && all[j].placeholder.starts_with(all[i].placeholder);
         ++j) {
      hold_against(all[i], all[j]);
      hold_against(all[j], all[i]);
    }
  }
  for (const auto& [one, other] : lost) {
    one->refuse("its placeholder is also that of " + other->state.name);
  }
}

// --- what comes of it ---

// A note that is in the way of nothing leaves the file as it is. One that cannot be used does not:
// it may have been meant to narrow what the file says.
bool is_out_of_force(const Claim& claim, const NotesRule& rule) {
  return rule.is_with_file && claim.in_file != nullptr &&
         claim.in_file->kind != RuleKind::honeytoken &&
         claim.state.standing == NoteStanding::invalid;
}

}  // namespace

bool may_be_named(const HostPattern& host, const NotesRule& rule) {
  if (host.is_wildcard && !rule.allows_wildcards) {
    return false;
  }
  return !rule.allowed || std::ranges::any_of(*rule.allowed, [&](const HostPattern& listed) {
    return is_same_host(listed, host) || covers(listed, host);
  });
}

MergedNotes merge_notes(const Bindings& file,
                        const NotesRule& rule,
                        std::span<const SourceNote> notes) {
  auto claims = claims_of(file, rule, notes);
  for (auto& [name, claim] : claims) {
    refuse_one_of_the_file(file, rule, claim);
  }
  refuse_contested(claims);
  MergedNotes merged;
  for (auto& [name, claim] : claims) {
    if (claim.is_bound()) {
      merged.entries.push_back(
          {claim.name,
           entry_of(claim.note, claim.state.placeholder, claim.state.hosts, rule.source)});
    } else if (is_out_of_force(claim, rule)) {
      merged.out_of_force.push_back(claim.name);
    }
    merged.states.push_back(std::move(claim.state));
  }
  return merged;
}

}  // namespace keyswap::bindings
