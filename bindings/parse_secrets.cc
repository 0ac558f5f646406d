// SPDX-License-Identifier: Apache-2.0
//
// `secrets:`, and what must be true of all of them together.
#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "bindings/bounds.h"
#include "bindings/parse_sections.h"
#include "bindings/signer.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 12> kSecretKeys = {"placeholder",
                                                          "stand_in",
                                                          "honeytoken",
                                                          "inject",
                                                          "compose",
                                                          "bindings",
                                                          "capture",
                                                          "together_with",
                                                          "source",
                                                          "key",
                                                          "field",
                                                          "fields"};

// What the checks across secrets need to know of each.
struct SecretEntry {
  std::string name;
  Place place;
  Place placeholder_place;
  std::string placeholder;  // as it is looked for; "" if it was refused
  const YamlNode* compose = nullptr;
  const YamlNode* together_with = nullptr;
};

struct ReadPlaceholder {
  std::string text;
  std::string_view mark;  // what it is looked for with
};

// Why a placeholder is refused, in the words of check_placeholder.
std::optional<ReadPlaceholder> read_placeholder(const YamlSection& section, ConfigIssues& issues) {
  const auto* const flag = section.find("stand_in");
  const bool stand_in = flag != nullptr && read_flag(*flag, "stand_in", issues).value_or(false);
  const auto* const node = section.require("placeholder", issues);
  auto text = node == nullptr ? std::nullopt : read_text(*node, "placeholder", issues);
  if (!text) {
    return std::nullopt;
  }
  const auto mark = mark_of_short(*text, section.find("inject"));
  const auto checked = mark.empty() ? check_placeholder(*text, stand_in)
                                    : check_placeholder(*text, stand_in, text->size());
  if (checked) {
    return ReadPlaceholder{std::move(*text), mark};
  }
  const std::string why = checked.error().note.text();
  if (!stand_in && looks_like_key(*text)) {
    issues.error(
        node->place,
        "this looks like a live key: " + why,
        "the key goes into the vault (keyswap secret add), and never into this file; if it "
        "is nobody's key: `stand_in: true`");
  } else {
    issues.error(node->place, why);
  }
  return std::nullopt;
}

void read_scopes(const YamlSection& section, ParseContext& context, SecretRule& rule) {
  const bool have_own =
      !rule.places.empty() && std::ranges::all_of(rule.places, &SecretPlace::has_scopes);
  const auto* const node =
      have_own ? section.find("bindings") : section.require("bindings", context.issues);
  if (node == nullptr) {
    return;
  }
  if (have_own) {
    context.issues.error(node->place,
                         "`bindings` counts for no place of this secret",
                         "each entry of `inject` has its own; remove one or the other");
  }
  if (node->kind == YamlNode::Kind::sequence && node->items.empty()) {
    context.issues.error(node->place,
                         "`bindings` is an empty list: this secret could go nowhere",
                         "name a host, or remove the secret");
    return;
  }
  const auto* const list = read_list(*node, "bindings", context.issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_scope((*list)[i], context, rule);
  }
  check_trading(*node, rule, context);
}

bool is_honeytoken(const YamlSection& section, ConfigIssues& issues) {
  const auto* const flag = section.find("honeytoken");
  return flag != nullptr && read_flag(*flag, "honeytoken", issues).value_or(false);
}

// A honeytoken goes nowhere: what would say where to is a mistake. So is each key but those that it
// is known by.
void refuse_use(const YamlSection& section, ConfigIssues& issues) {
  constexpr std::array<std::string_view, 3> kKnownBy = {"placeholder", "stand_in", "honeytoken"};
  for (const std::string_view key : kSecretKeys) {
    const auto* const node = section.find(key);
    if (node != nullptr && std::ranges::find(kKnownBy, key) == kKnownBy.end()) {
      issues.error(node->place,
                   "a honeytoken has no `" + std::string(key) + "`: it goes nowhere",
                   "remove it, or remove `honeytoken: true`");
    }
  }
}

// A placeholder that could never be found where the rule wants it.
void check_places(const SecretEntry& entry, const SecretRule& rule, ConfigIssues& issues) {
  for (const SecretPlace& place : rule.places) {
    if (!entry.placeholder.empty() && !place.placement->can_hold(entry.placeholder)) {
      const auto kind = "`" + std::string(place.placement->kind()) + "`";
      issues.error(entry.placeholder_place,
                   "this placeholder has a character that cannot stand in " + kind,
                   "letters, digits, '-' and '_' can stand anywhere");
    }
  }
}

// What stands in a message is one secret.
void check_messages(const SecretEntry& entry, const SecretRule& rule, ConfigIssues& issues) {
  if (rule.message_place && entry.compose != nullptr) {
    issues.error(entry.compose->place,
                 "`compose` makes one credential of several secrets, and `ws_text` of an entry of "
                 "`bindings` puts one secret into messages",
                 "make an entry of `secrets` without `compose` for the WebSocket");
  }
}

void parse_secret(const YamlNode& node,
                  vault::SecretName name,
                  ParseContext& context,
                  Bindings& bindings,
                  SecretEntry& entry) {
  const YamlSection section(node, entry.name, kSecretKeys, context.issues);
  SecretRule rule;
  rule.name = std::move(name);
  if (const auto* const placeholder = section.find("placeholder")) {
    entry.placeholder_place = placeholder->place;
  }
  if (auto placeholder = read_placeholder(section, context.issues)) {
    rule.marked =
        placeholder->mark.empty() ? "" : std::string(placeholder->mark) + placeholder->text;
    rule.placeholder = std::move(placeholder->text);
    entry.placeholder = rule.searched();
  }
  if (is_honeytoken(section, context.issues)) {
    rule.kind = RuleKind::honeytoken;
    refuse_use(section, context.issues);
    bindings.rules.push_back(std::move(rule));
    return;
  }
  entry.compose = section.find("compose");
  if (const auto* const inject = section.require("inject", context.issues)) {
    parse_inject(*inject, entry.compose, context, rule);
  }
  read_scopes(section, context, rule);
  add_message_place(rule);
  if (const auto* const capture = section.find("capture")) {
    parse_capture(*capture, context, rule);
  }
  parse_secret_source(section, rule, context);
  check_messages(entry, rule, context.issues);
  check_places(entry, rule, context.issues);
  entry.together_with = section.find("together_with");
  bindings.rules.push_back(std::move(rule));
}

// --- checks across secrets ---

void report_contained(const SecretEntry& inner, const SecretEntry& outer, ConfigIssues& issues) {
  issues.error(
      inner.placeholder_place,
      "the placeholder of '" + inner.name + "' is contained in that of '" + outer.name + "'",
      "neither could be told from the other; change one");
}

// The entries whose placeholders are good and unlike, sorted by placeholder; repeats are reported.
std::vector<const SecretEntry*> unlike_placeholders(const std::vector<SecretEntry>& entries,
                                                    ConfigIssues& issues) {
  std::unordered_map<std::string_view, const SecretEntry*> known;
  std::vector<const SecretEntry*> unlike;
  for (const auto& entry : entries) {
    if (entry.placeholder.empty()) {
      continue;
    }
    const auto [first, is_new] = known.try_emplace(entry.placeholder, &entry);
    if (is_new) {
      unlike.push_back(&entry);
    } else {
      issues.error(entry.placeholder_place,
                   "'" + entry.name + "' has the same placeholder as '" + first->second->name + "'",
                   "each secret needs its own");
    }
  }
  std::sort(unlike.begin(), unlike.end(), [](const SecretEntry* a, const SecretEntry* b) {
    return a->placeholder < b->placeholder;
  });
  return unlike;
}

// None inside another. What begins with another sorts right behind it or behind one that does, too;
// the rest is found by the index itself, which may hold only placeholders that do not begin one
// another.
void check_containment(const std::vector<SecretEntry>& entries, ConfigIssues& issues) {
  const auto sorted = unlike_placeholders(entries, issues);
  std::vector<const SecretEntry*> shortest;
  std::vector<std::string_view> texts;
  for (const auto* const entry : sorted) {
    if (!shortest.empty() && entry->placeholder.starts_with(shortest.back()->placeholder)) {
      report_contained(*shortest.back(), *entry, issues);
    } else {
      shortest.push_back(entry);
      texts.emplace_back(entry->placeholder);
    }
  }
  PlaceholderIndex index;
  index.build(texts);
  std::vector<std::uint32_t> found;
  for (const auto* const outer : sorted) {
    found.clear();
    index.find(std::string_view(outer->placeholder).substr(1), found);
    for (const auto number : found) {
      report_contained(*shortest[number], *outer, issues);
    }
  }
}

// A part is a leaf: what `compose` names must not be put together itself.
void check_parts(const YamlNode& compose,
                 const std::unordered_set<std::string_view>& composites,
                 ConfigIssues& issues) {
  for (const auto& part : compose.items) {
    if (composites.count(part.text) != 0) {
      issues.error(part.place,
                   "'" + part.text + "' has a `compose` of its own and cannot be a part",
                   "name the secrets themselves");
    }
  }
}

void check_composition(const std::vector<SecretEntry>& entries, ConfigIssues& issues) {
  std::unordered_set<std::string_view> composites;
  for (const auto& entry : entries) {
    if (entry.compose != nullptr) {
      composites.insert(entry.name);
    }
  }
  for (const auto& entry : entries) {
    if (entry.compose != nullptr) {
      check_parts(*entry.compose, composites, issues);
    }
  }
}

// --- together_with ---

using RulesByName = std::unordered_map<std::string_view, const SecretRule*>;

// The secret that is named there, or nullptr after an error.
const SecretRule* find_company(const YamlNode& node,
                               const SecretRule& rule,
                               const RulesByName& rules,
                               ConfigIssues& issues) {
  const auto found = rules.find(node.text);
  if (found == rules.end() || found->second == &rule) {
    issues.error(node.place, "an entry of `together_with` must name another secret of this file");
    return nullptr;
  }
  return found->second;
}

bool signs(const SecretRule& rule) {
  return !rule.places.empty() && rule.signer() != nullptr;
}

void read_company(const YamlNode& node,
                  const RulesByName& rules,
                  ConfigIssues& issues,
                  SecretRule& rule) {
  const auto* const list = read_list(node, "together_with", issues);
  if (list != nullptr && list->size() > bounds::kTogetherMax) {
    issues.error(node.place, "`together_with` has more than 8 names");
    return;
  }
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto* const other = find_company((*list)[i], rule, rules, issues);
    if (other == nullptr) {
      continue;
    }
    if (signs(rule) || signs(*other)) {
      issues.error((*list)[i].place, "nothing else goes with a request that a scheme signs");
    } else {
      rule.together_with.push_back(other->name);
    }
  }
}

// --- what is signed as it came ---

// Is there a host that both patterns match?
bool overlap(const HostPattern& a, const HostPattern& b) {
  const auto takes = [](const HostPattern& wildcard, const HostPattern& exact) {
    const auto dot = exact.host.find('.');
    return wildcard.is_wildcard && !exact.is_wildcard && dot != std::string::npos &&
           std::string_view(exact.host).substr(dot + 1) == wildcard.host;
  };
  return (a.is_wildcard == b.is_wildcard && a.host == b.host) || takes(a, b) || takes(b, a);
}

bool share_a_host(const SecretRule& a, const SecretRule& b) {
  return std::ranges::any_of(a.scopes, [&](const Scope& one) {
    return std::ranges::any_of(b.scopes, [&](const Scope& other) {
      return one.port == other.port && overlap(one.host, other.host);
    });
  });
}

// The body that a client signed cannot have a secret put into it.
void check_signed_bodies(const std::vector<SecretEntry>& entries,
                         const Bindings& bindings,
                         ConfigIssues& issues) {
  std::vector<const SecretRule*> in_bodies;
  for (const SecretRule& rule : bindings.rules) {
    if (rule.has_place_in_body()) {
      in_bodies.push_back(&rule);
    }
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const SecretRule& rule = bindings.rules[i];
    if (!signs(rule) || !rule.signer()->signs_what_leaves()) {
      continue;
    }
    for (const SecretRule* const other : in_bodies) {
      if (share_a_host(rule, *other)) {
        issues.error(entries[i].place,
                     "'" + entries[i].name + "' signs what its client signed, and '" +
                         other->name.text() + "' goes into bodies at the same host",
                     "such a body would no longer be the one that was signed");
      }
    }
  }
}

// Of all secrets, once all are read. Each entry has its rule, at the same place.
void read_companies(const std::vector<SecretEntry>& entries,
                    ConfigIssues& issues,
                    Bindings& bindings) {
  RulesByName rules;
  for (const SecretRule& rule : bindings.rules) {
    rules.emplace(rule.name.text(), &rule);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].together_with != nullptr) {
      read_company(*entries[i].together_with, rules, issues, bindings.rules[i]);
    }
  }
}

}  // namespace

void parse_secrets(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  auto& issues = context.issues;
  if (node.kind == YamlNode::Kind::null) {
    return;
  }
  if (node.kind != YamlNode::Kind::mapping) {
    issues.error(node.place, "`secrets` must be a mapping from names to secrets");
    return;
  }
  if (node.keys.size() > base::bounds::kSecretRulesMax) {
    issues.error(node.place, "`secrets` has more than 10000 entries");
    return;
  }
  std::vector<SecretEntry> entries;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    auto name = vault::SecretName::parse(node.keys[i].text);
    if (!name) {
      issues.error(node.keys[i].place,
                   "this is no name of a secret",
                   "letters, digits, '_', '.', '-'; at most 128; a letter, digit or '_' first");
      continue;
    }
    entries.push_back({name->text(), node.keys[i].place, {}, {}});
    parse_secret(node.items[i], std::move(name).value(), context, bindings, entries.back());
  }
  check_containment(entries, issues);
  check_composition(entries, issues);
  read_companies(entries, issues, bindings);
  check_signed_bodies(entries, bindings, issues);
}

}  // namespace keyswap::bindings
