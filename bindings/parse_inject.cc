// SPDX-License-Identifier: Apache-2.0
//
// A secret's `inject:` and `compose:` -> its places: of each the Injection, by way of the scheme
// that `inject.type` names, and the Placement of what that makes.
#include <algorithm>
#include <array>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/parse_sections.h"
#include "bindings/placements.h"
#include "bindings/schemes.h"
#include "bindings/template.h"
#include "bindings/venue.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kTypeKey = "type";

// What agent-vault-proxy has and this program does not.
constexpr std::array<std::string_view, 2> kForeignTypes = {"body", "multi"};

// The default one first, the others by their letters.
std::vector<std::string_view> scheme_names(Venues venues) {
  std::vector<std::string_view> names;
  for (const auto* const scheme : schemes()) {
    names.push_back(scheme->name);
  }
  for (const auto* const venue : venues) {
    names.push_back(venue->name());
  }
  for (const std::string_view type : mint_types()) {
    names.push_back(type);
  }
  std::sort(names.begin() + 1, names.end());
  return names;
}

struct ChosenScheme {
  const Scheme* scheme = nullptr;  // null after an error
  const Venue* venue = nullptr;    // whose it is; null: none
  const MintType* mint = nullptr;  // its secret is minted; null: it is not
};

ChosenScheme choose_scheme(std::string_view name, Venues venues) {
  if (const auto* const venue = find_venue(venues, name)) {
    return {&venue->scheme(), venue};
  }
  return {find_scheme(name), nullptr};
}

// The value of `inject.type`; nullptr: it is not there.
const YamlNode* find_type(const YamlNode& inject) {
  const YamlNode* type = nullptr;
  for (std::size_t i = 0; i < inject.keys.size(); ++i) {
    type = inject.keys[i].text == kTypeKey ? &inject.items[i] : type;
  }
  return type;
}

// The scheme of `inject.type`; the first of the table if there is none.
ChosenScheme read_scheme(const YamlNode& inject, Venues venues, ConfigIssues& issues) {
  const YamlNode* const type = find_type(inject);
  if (type == nullptr) {
    return {schemes().front(), nullptr};
  }
  if (const auto* const mint = find_mint_type(type->text)) {
    return {schemes().front(), nullptr, mint};
  }
  const auto chosen = choose_scheme(type->text, venues);
  const bool is_foreign =
      std::find(kForeignTypes.begin(), kForeignTypes.end(), type->text) != kForeignTypes.end();
  if (chosen.scheme == nullptr && is_foreign) {
    issues.error(type->place,
                 "`inject.type` " + quoted_or(type->text, "") + " is not supported here",
                 type->text == "multi"
                     ? "write `inject` as a list, an entry a place (`keyswap import avp` does)"
                     : "write `body: text` in place of `type: body` (`keyswap import avp` does)");
  } else if (chosen.scheme == nullptr) {
    static_cast<void>(read_choice(*type, "type", scheme_names(venues), issues));
  }
  return chosen;
}

// Adds a part of `compose`, if it can be one.
void add_part(const YamlNode& node,
              const std::string& alias,
              ConfigIssues& issues,
              std::vector<ComposePart>& parts) {
  const auto text = read_text(node, "compose", issues);
  if (!text) {
    return;
  }
  auto name = vault::SecretName::parse(*text);
  const auto& used_alias = alias.empty() ? *text : alias;
  if (!name) {
    issues.error(node.place, "an entry of `compose` must be the name of a secret");
    return;
  }
  if (find_template_helper(used_alias) != nullptr) {
    issues.error(
        node.place,
        quoted_or(used_alias, "this name") + " in `compose` is the name of a helper of templates",
        "give it another: `compose: { other_name: NAME }`");
    return;
  }
  const bool is_repeated = std::any_of(parts.begin(), parts.end(), [&](const ComposePart& part) {
    return part.name == *name || part.alias == used_alias;
  });
  if (is_repeated) {
    issues.error(node.place, quoted_or(*text, "this secret") + " is in `compose` twice");
    return;
  }
  parts.push_back({used_alias, std::move(name).value()});
}

void add_named_part(const YamlNode& key,
                    const YamlNode& node,
                    ConfigIssues& issues,
                    std::vector<ComposePart>& parts) {
  if (is_template_name(key.text)) {
    add_part(node, key.text, issues, parts);
  } else {
    issues.error(
        key.place,
        "a name that templates use consists of letters, digits and '_', and does not begin with "
        "a digit");
  }
}

// The parts, or nothing after an error.
std::optional<std::vector<ComposePart>> read_compose(const YamlNode& node, ConfigIssues& issues) {
  std::vector<ComposePart> parts;
  if (node.kind != YamlNode::Kind::sequence && node.kind != YamlNode::Kind::mapping) {
    issues.error(node.place,
                 "`compose` must be a list of names of secrets, or a mapping",
                 "as in [USER, TOKEN] or { user: USER, token: TOKEN }");
    return std::nullopt;
  }
  const auto count = node.items.size();
  if (count < 1 || count > bounds::kComposePartsMax) {
    issues.error(node.place, "`compose` must have 1 to 4 entries");
    return std::nullopt;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (node.kind == YamlNode::Kind::mapping) {
      add_named_part(node.keys[i], node.items[i], issues, parts);
    } else {
      add_part(node.items[i], "", issues, parts);
    }
  }
  return parts.size() == count ? std::optional(std::move(parts)) : std::nullopt;
}

// The text of every parameter that is there; false after an error.
bool read_parameters(const YamlSection& section,
                     std::span<const SchemeParameter> parameters,
                     ConfigIssues& issues,
                     SchemeSetup& setup) {
  bool is_whole = section.is_mapping();
  for (const auto& parameter : parameters) {
    const auto* const node = parameter.is_required ? section.require(parameter.name, issues)
                                                   : section.find(parameter.name);
    if (node == nullptr) {
      is_whole = is_whole && !parameter.is_required;
      continue;
    }
    auto text = read_text(*node, parameter.name, issues);
    is_whole = is_whole && text.has_value();
    setup.values.push_back({parameter.name, std::move(text).value_or("")});
  }
  return is_whole;
}

void report(const std::vector<SchemeIssue>& found,
            const YamlSection& section,
            ParseContext& context) {
  for (const auto& issue : found) {
    const auto* const node = section.find(issue.parameter);
    const auto place =
        node == nullptr ? section.place() : place_in(*node, issue.offset, context.text);
    if (issue.is_warning) {
      context.issues.warning(place, issue.text, issue.hint);
    } else {
      context.issues.error(place, issue.text, issue.hint);
    }
  }
}

// The keys of a placement that a scheme takes.
std::span<const SchemeParameter> keys_of(const PlacementKind& kind, const Scheme& scheme) {
  return scheme.takes_any_place ? kind.parameters : kind.parameters.first(1);
}

// The placements that a scheme takes.
std::span<const PlacementKind* const> kinds_of(const Scheme& scheme) {
  if (scheme.has_own_place()) {
    return {};
  }
  return scheme.takes_any_place ? placements() : placements().first(1);
}

std::vector<std::string_view> known_keys(const Scheme& scheme) {
  std::vector<std::string_view> known = {kTypeKey};
  const auto add = [&](std::span<const SchemeParameter> parameters) {
    for (const auto& parameter : parameters) {
      if (std::ranges::find(known, parameter.name) == known.end()) {
        known.push_back(parameter.name);
      }
    }
  };
  for (const auto* const kind : kinds_of(scheme)) {
    add(keys_of(*kind, scheme));
  }
  if (scheme.takes_any_place) {
    known.insert(known.end(), place_keys().begin(), place_keys().end());
  }
  add(scheme.parameters);
  return known;
}

bool has_key(std::span<const SchemeParameter> parameters, std::string_view key) {
  return std::ranges::find(parameters, key, &SchemeParameter::name) != parameters.end();
}

// The one whose name is a key there, the default one last, because others take its key too; that
// one, if there is none.
const PlacementKind& choose_placement(const YamlSection& section, const Scheme& scheme) {
  const auto kinds = kinds_of(scheme);
  const auto chosen = std::find_if(kinds.begin() + 1, kinds.end(), [&](const PlacementKind* kind) {
    return section.find(kind->name) != nullptr;
  });
  return chosen == kinds.end() ? *kinds.front() : **chosen;
}

// A key of another placement, or its name: it would mean nothing.
void check_foreign_keys(const YamlSection& section,
                        const Scheme& scheme,
                        const PlacementKind& chosen,
                        ConfigIssues& issues) {
  for (const auto* const kind : kinds_of(scheme)) {
    for (const auto& parameter : kind->parameters) {
      const auto* const node = section.find(parameter.name);
      if (node != nullptr && !has_key(chosen.parameters, parameter.name)) {
        issues.error(node->place,
                     "`" + std::string(parameter.name) + "` is not for the placement `" +
                         std::string(chosen.name) + "`",
                     "for several places write `inject` as a list of them");
      }
    }
  }
}

// Where the scheme has its place, or else where a placement's key says; null after an error. False:
// what the placement needs is not there.
bool read_placement(const YamlSection& section,
                    const Scheme& scheme,
                    ParseContext& context,
                    const SchemeSetup& setup,
                    std::unique_ptr<const Placement>& placement) {
  if (scheme.has_own_place()) {
    placement =
        scheme.make_place != nullptr ? scheme.make_place() : make_bare_header(scheme.key_header);
    return true;
  }
  const PlacementKind& kind = choose_placement(section, scheme);
  check_foreign_keys(section, scheme, kind, context.issues);
  SchemeSetup own;
  own.name = setup.name;
  if (!read_parameters(section, keys_of(kind, scheme), context.issues, own)) {
    return false;
  }
  auto made = kind.make(own);
  report(made.issues, section, context);
  placement = std::move(made.placement);
  return true;
}

bool has_key(const YamlNode& node, std::string_view key) {
  return std::ranges::find(node.keys, key, &YamlNode::text) != node.keys.end();
}

// All keys of an entry. What is minted is put in as it is: there is nothing for a template.
std::vector<std::string_view> keys_of_entry(const ChosenScheme& chosen, vault::BackendKinds kinds) {
  auto keys = known_keys(*chosen.scheme);
  if (chosen.mint != nullptr) {
    std::erase(keys, "template");
    const auto more = mint_keys(*chosen.mint, kinds);
    keys.insert(keys.end(), more.begin(), more.end());
  }
  return keys;
}

// The format of a header that says none.
void add_minted_format(const MintType& mint, const Placement* placement, SchemeSetup& setup) {
  if (placement != nullptr && placement->kind() == placements().front()->name &&
      setup.find("format") == nullptr) {
    setup.values.push_back({"format", std::string(minted_format(mint))});
  }
}

// One entry of `inject:`. `compose`: its parts, as far as they could be read.
void parse_entry(const YamlNode& entry,
                 std::optional<std::vector<ComposePart>> compose,
                 ParseContext& context,
                 SecretRule& rule) {
  SchemeSetup setup;
  setup.name = rule.name;
  setup.compose = std::move(compose);
  const auto chosen = read_scheme(entry, context.venues, context.issues);
  const Scheme* const scheme = chosen.scheme;
  rule.venue = chosen.venue;
  if (scheme == nullptr) {
    return;
  }
  const auto keys = keys_of_entry(chosen, context.kinds);
  const YamlSection section(entry, "inject", keys, context.issues);
  if (chosen.mint != nullptr) {
    auto minted = parse_mint(section, *chosen.mint, context, rule);
    if (!minted) {
      return;
    }
    setup.name = std::move(*minted);
  }
  SecretPlace place;
  const bool has_place = read_placement(section, *scheme, context, setup, place.placement);
  const bool is_whole =
      read_parameters(section, scheme->parameters, context.issues, setup) && has_place;
  const auto number = static_cast<std::uint32_t>(rule.places.size());
  if (scheme->takes_any_place) {
    parse_place(section, number, context, rule, place);
  }
  if (!is_whole) {
    return;
  }
  setup.place = place.placement.get();
  if (chosen.mint != nullptr) {
    add_minted_format(*chosen.mint, setup.place, setup);
  }
  auto made = scheme->make(setup);
  report(made.issues, section, context);
  if (made.injection == nullptr || place.placement == nullptr) {
    return;
  }
  place.injection = chosen.mint == nullptr ? std::move(made.injection)
                                           : as_minted(*chosen.mint, std::move(made.injection));
  rule.places.push_back(std::move(place));
}

// The entries of a list.
void parse_entries(const YamlNode& inject,
                   const YamlNode* compose,
                   ParseContext& context,
                   SecretRule& rule) {
  auto& issues = context.issues;
  const auto count = inject.items.size();
  if (count < 1 || count > bounds::kPlacesMax) {
    issues.error(inject.place, "`inject` must have 1 to 8 entries");
    return;
  }
  bool has_template = false;
  for (const YamlNode& entry : inject.items) {
    // The parts are for those that put them together.
    const bool is_template = has_key(entry, "template");
    has_template = has_template || is_template;
    auto parts = compose != nullptr && is_template ? read_compose(*compose, issues)
                                                   : std::optional<std::vector<ComposePart>>();
    if (compose == nullptr || !is_template || parts) {
      parse_entry(entry, std::move(parts), context, rule);
    }
  }
  if (compose != nullptr && !has_template) {
    issues.error(compose->place, "`compose` needs a `template` in an entry of `inject`");
  }
  const bool must_be_alone = std::ranges::any_of(rule.places, [](const SecretPlace& place) {
    return place.injection->signer() != nullptr ||
           std::ranges::any_of(place.injection->needs(), &vault::SecretName::is_internal);
  });
  if (must_be_alone && count > 1) {
    issues.error(inject.place, "a scheme that signs or mints must be the only entry of `inject`");
  }
}

}  // namespace

std::string_view mark_of_short(std::string_view placeholder, const YamlNode* inject) {
  const bool is_list = inject != nullptr && inject->kind == YamlNode::Kind::sequence;
  const YamlNode* const entry = is_list && inject->items.size() == 1 ? &inject->items[0] : inject;
  const YamlNode* const type = entry == nullptr ? nullptr : find_type(*entry);
  const auto* const scheme = type == nullptr ? nullptr : find_scheme(type->text);
  const bool is_short = scheme != nullptr && scheme->is_short_placeholder != nullptr &&
                        scheme->is_short_placeholder(placeholder);
  return is_short ? scheme->placeholder_mark : std::string_view();
}

// Behind those of `inject:`; what stands there is the secret itself, as often as the first entry
// says.
void add_message_place(SecretRule& rule) {
  const bool is_wanted = std::ranges::any_of(rule.scopes, &Scope::ws_text);
  if (!is_wanted || rule.places.empty()) {
    return;
  }
  SecretPlace place;
  place.placement = make_ws_text();
  SchemeSetup setup;
  const auto& needs = rule.places.front().injection->needs();
  const bool is_minted = !needs.empty() && needs.front().is_internal();
  setup.name = is_minted ? needs.front() : rule.name;
  setup.place = place.placement.get();
  place.injection = schemes().front()->make(setup).injection;
  place.occurrences_max = rule.places.front().occurrences_max;
  rule.message_place = static_cast<std::uint32_t>(rule.places.size());
  rule.places.push_back(std::move(place));
}

void parse_inject(const YamlNode& inject,
                  const YamlNode* compose,
                  ParseContext& context,
                  SecretRule& rule) {
  if (inject.kind == YamlNode::Kind::sequence) {
    parse_entries(inject, compose, context, rule);
    return;
  }
  auto parts = compose == nullptr ? std::optional<std::vector<ComposePart>>()
                                  : read_compose(*compose, context.issues);
  if (compose == nullptr || parts) {
    parse_entry(inject, std::move(parts), context, rule);
  }
}

}  // namespace keyswap::bindings
