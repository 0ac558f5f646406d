// SPDX-License-Identifier: Apache-2.0
#include "bindings/note_merge.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "proxy/base/assert.h"

namespace keyswap::bindings {

namespace {

constexpr std::uint16_t kNotesPort = 443;

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

  // What the file says of it stays as it is.
  void leave(std::string why) {
    refuse(std::move(why));
    state.standing = NoteStanding::file_counts;
  }

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

// The operator bound it there, whatever may be named; notes name no port but 443.
bool is_bound_in_file(const Claim& claim, const HostPattern& host) {
  return claim.in_file != nullptr &&
         std::ranges::any_of(claim.in_file->scopes, [&](const Scope& scope) {
           return scope.port == kNotesPort && scope.host == host;
         });
}

// What a note cannot say: it would be lost with the note in place of it.
bool guards(const Scope& scope) {
  return !scope.callers.empty() || !scope.blocked.empty() || scope.rate_limit ||
         scope.quota_per_day || scope.max_body_bytes || scope.trading != nullptr ||
         scope.body_rules != nullptr || scope.models != nullptr || scope.approval != nullptr ||
         scope.real_value != RealValue::forward || scope.port != kNotesPort;
}

// A note sends its secret as it is. One that signs, or is made into something else, never left.
bool says_more_than_notes(const SecretRule& rule) {
  return !rule.captures.empty() || std::ranges::any_of(rule.scopes, guards) ||
         std::ranges::any_of(rule.places, [](const SecretPlace& place) {
           return place.is_required || !place.injection->shows_secrets();
         });
}

// Why a secret of that name is not the one that the note is of; "" it is.
std::string why_another(const Bindings& file, const NotesRule& rule, const Claim& claim) {
  const bool is_part_of_another = std::ranges::any_of(file.rules, [&](const SecretRule& other) {
    const auto needs = other.needs();
    return (other.kind == RuleKind::custom || other.name != claim.name) &&
           std::ranges::find(needs, claim.name) != needs.end();
  });
  if (is_part_of_another) {
    return "something else in the bindings file is made with it";
  }
  if (claim.in_file == nullptr || claim.in_file->kind == RuleKind::honeytoken ||
      file.sources == nullptr) {
    return "";
  }
  const auto* const route = file.sources->find(claim.name);
  return route != nullptr && route->source == rule.spec
             ? ""
             : "the bindings file has one of that name from elsewhere";
}

void judge_hosts(const NotesRule& rule, Claim& claim) {
  for (const HostPattern& host : claim.note.hosts) {
    const bool is_any_listed = !rule.allowed || !rule.allowed->empty();
    const bool is_kept = may_be_named(host, rule) ||
                         (rule.is_with_file && is_any_listed && is_bound_in_file(claim, host) &&
                          (rule.allows_wildcards || !host.is_wildcard));
    (is_kept ? claim.state.hosts : claim.state.refused_hosts).push_back(host);
  }
  if (claim.state.hosts.empty()) {
    claim.state.standing = NoteStanding::host_not_listed;
  }
}

void judge_note(const Bindings& file, const NotesRule& rule, Claim& claim) {
  claim.state.placeholder = claim.derived;
  claim.state.why = claim.note.why;
  if (claim.note.kind == Note::Kind::none) {
    return;
  }
  if (auto why = why_another(file, rule, claim); !why.empty()) {
    claim.leave(std::move(why));
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
  } else if (claim.in_file != nullptr && says_more_than_notes(*claim.in_file)) {
    claim.leave(
        "the bindings file says more of it than a note can: a scheme, callers, limits, rules on "
        "bodies or models, approve, captures");
  } else {
    claim.state.standing = NoteStanding::bound;
    judge_hosts(rule, claim);
  }
}

// --- the whole of the source ---

// Nobody can tell which of two secrets of one name a note is of. Where neither has one, or the file
// counts whatever notes say, nobody has to.
void claim_again(const Bindings& file,
                 const NotesRule& rule,
                 const SourceNote& other,
                 Claim& claim) {
  const bool has_note = claim.note.kind != Note::Kind::none ||
                        read_note(claim.name, other.text).kind != Note::Kind::none;
  if (!has_note || claim.state.standing == NoteStanding::file_counts) {
    return;
  }
  if (auto why = why_another(file, rule, claim); !why.empty()) {
    claim.leave(std::move(why));
  } else {
    claim.refuse("the source has several secrets of that name");
  }
}

// What is no name of a secret has no binding.
Claims claims_of(const Bindings& file, const NotesRule& rule, std::span<const SourceNote> notes) {
  Claims claims;
  for (const SourceNote& one : notes) {
    auto name = vault::SecretName::parse(one.name);
    if (!name) {
      continue;
    }
    if (const auto other = claims.find(one.name); other != claims.end()) {
      claim_again(file, rule, one, other->second);
      continue;
    }
    Claim& claim = claims[one.name];
    claim.name = *name;
    claim.note = read_note(*name, one.text);
    claim.derived = one.derived;
    claim.in_file = rule_of(file, *name);
    claim.state.name = one.name;
    judge_note(file, rule, claim);
  }
  return claims;
}

// --- placeholders ---

// What the file has a placeholder for stays its: a note cannot take it away.
void refuse_one_of_the_file(const Bindings& file, Claim& claim) {
  const auto taken = std::ranges::find_if(file.rules, [&](const SecretRule& other) {
    return other.name != claim.name && do_overlap(claim.state.placeholder, other.searched());
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
  std::map<Claim*, const Claim*> lost;  // each to one of those that it loses to
  const auto hold_against = [&lost](const Known& one, const Known& other) {
    if (one.claim != other.claim && one.loses_to(other)) {
      lost.emplace(one.claim, other.claim);
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

OutOfForce why_of(NoteStanding standing) {
  switch (standing) {
    case NoteStanding::bound:
    case NoteStanding::no_note:
    case NoteStanding::file_counts:
      return OutOfForce::no_note;
    case NoteStanding::invalid:
      return OutOfForce::invalid_note;
    case NoteStanding::host_not_listed:
      return OutOfForce::host_not_listed;
  }
  KS_UNREACHABLE();
}

// Neither its note binds it, nor does what the file says of it count.
bool is_unbound(const Claim& claim, const NotesRule& rule) {
  const bool is_in_file = claim.in_file != nullptr && claim.in_file->kind != RuleKind::honeytoken;
  switch (claim.state.standing) {
    case NoteStanding::bound:
      return false;
    case NoteStanding::no_note:
      return !rule.is_with_file || !is_in_file;
    case NoteStanding::file_counts:
      return !rule.is_with_file;
    case NoteStanding::invalid:
    case NoteStanding::host_not_listed:
      return true;
  }
  KS_UNREACHABLE();
}

// The placeholders of notes that are in use, to which others are added that are free. As above, one
// is in another just where it begins it; so in order it stands right behind that.
class Unbound {
 public:
  Unbound(const Bindings& file, const Claims& claims) : file_(file) {
    for (const auto& [name, claim] : claims) {
      if (claim.is_bound()) {
        known_.insert(claim.state.placeholder);
      }
    }
  }

  void add(const Claim& claim, const std::string& placeholder) {
    if (is_free(placeholder)) {
      known_.insert(placeholder);
      all_.push_back({claim.name, placeholder, why_of(claim.state.standing)});
    }
  }

  [[nodiscard]] std::vector<UnboundSecret> take() { return std::move(all_); }

 private:
  [[nodiscard]] bool is_free(const std::string& placeholder) const {
    const auto after = known_.lower_bound(placeholder);
    return !placeholder.empty() && (after == known_.end() || !after->starts_with(placeholder)) &&
           (after == known_.begin() || !placeholder.starts_with(*std::prev(after))) &&
           std::ranges::none_of(file_.rules, [&](const SecretRule& rule) {
             return do_overlap(placeholder, rule.searched());
           });
  }

  const Bindings& file_;
  std::set<std::string> known_;
  std::vector<UnboundSecret> all_;
};

// What a secret's name makes is its, whatever the note of another says.
std::vector<UnboundSecret> unbound_of(const Bindings& file,
                                      const NotesRule& rule,
                                      const Claims& claims) {
  Unbound unbound(file, claims);
  for (const auto& [name, claim] : claims) {
    if (is_unbound(claim, rule)) {
      unbound.add(claim, claim.derived);
    }
  }
  for (const auto& [name, claim] : claims) {
    if (claim.state.standing == NoteStanding::host_not_listed) {
      unbound.add(claim, claim.state.placeholder);
    }
  }
  return unbound.take();
}

}  // namespace

OutOfForce why_unbound(const MergedNotes& merged, const vault::SecretName& name) {
  const auto state = std::ranges::find(merged.states, name.text(), &NoteState::name);
  return state == merged.states.end() ? OutOfForce::no_note : why_of(state->standing);
}

bool may_be_named(const HostPattern& host, const NotesRule& rule) {
  if (host.is_wildcard && !rule.allows_wildcards) {
    return false;
  }
  return !rule.allowed || std::ranges::any_of(*rule.allowed, [&](const HostPattern& listed) {
    return listed == host || listed.covers(host);
  });
}

MergedNotes merge_notes(const Bindings& file,
                        const NotesRule& rule,
                        std::span<const SourceNote> notes) {
  auto claims = claims_of(file, rule, notes);
  for (auto& [name, claim] : claims) {
    refuse_one_of_the_file(file, claim);
  }
  refuse_contested(claims);
  MergedNotes merged;
  merged.unbound = unbound_of(file, rule, claims);
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
