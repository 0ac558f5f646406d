// SPDX-License-Identifier: Apache-2.0
//
// `source`, `key` and `field` of a secret. Its source is that of all entries that its places need;
// `key` and `field` say what the secret itself is called there.
#include <algorithm>

#include "bindings/parse_sections.h"
#include "proxy/base/bounds.h"
#include "vault/source_kind.h"

namespace keyswap::bindings {

namespace {

// What a secret says of where it comes from.
struct SecretSource {
  Place place;
  bool is_said = false;                 // it has a `source:` of its own
  std::optional<std::uint32_t> source;  // nothing: the vault of this machine
};

std::optional<std::string> read_source_name(const YamlSection& section,
                                            std::string_view key,
                                            ConfigIssues& issues) {
  const auto* const node = section.find(key);
  auto text = node == nullptr ? std::nullopt : read_text(*node, key, issues);
  constexpr char kDelete = 0x7f;
  if (text &&
      (text->size() > base::bounds::kSourceKeyBytesMax || std::ranges::any_of(*text, [](char c) {
         return static_cast<unsigned char>(c) < ' ' || c == kDelete;
       }))) {
    issues.error(node->place,
                 "`" + std::string(key) + "` is longer than 512 bytes, or has control characters");
    return std::nullopt;
  }
  return text;
}

// Nothing after an error.
std::optional<SecretSource> read_source(const YamlSection& section, ParseContext& context) {
  const auto* const node = section.find("source");
  if (node == nullptr) {
    return SecretSource{section.place(), false, context.sources.of_all()};
  }
  const auto text = read_text(*node, "source", context.issues);
  if (!text) {
    return std::nullopt;
  }
  if (*text == vault::kLocalKind) {
    return SecretSource{node->place, true, std::nullopt};
  }
  const auto source = context.sources.find(*text);
  if (!source) {
    const auto ids = context.sources.ids();
    const auto nearest = nearest_word(*text, ids);
    context.issues.error(node->place,
                         "`source` names no entry of `sources`",
                         nearest.empty() ? "`local` is the vault of this machine"
                                         : "did you mean '" + std::string(nearest) + "'?");
    return std::nullopt;
  }
  return SecretSource{node->place, true, source};
}

}  // namespace

void parse_secret_source(const YamlSection& section,
                         const SecretRule& rule,
                         ParseContext& context) {
  const auto from = read_source(section, context);
  const auto key = read_source_name(section, "key", context.issues);
  const auto field = read_source_name(section, "field", context.issues);
  if (!from || rule.places.empty()) {
    return;
  }
  if (from->source && !rule.captures.empty()) {
    context.issues.error(from->place,
                         "a secret with `capture` is kept in the vault of this machine",
                         "write `source: local`, or remove `capture`");
    return;
  }
  const auto needs = rule.needs();
  const bool needs_itself = std::ranges::find(needs, rule.name) != needs.end();
  if ((key || field) && (!from->source || !needs_itself)) {
    context.issues.error(
        (section.find("key") == nullptr ? section.find("field") : section.find("key"))->place,
        from->source ? "no place of this secret needs an entry of its own name"
                     : "`key` and `field` are for a secret that has a `source`");
    return;
  }
  if (from->is_said && std::ranges::all_of(needs, &vault::SecretName::is_internal)) {
    context.issues.error(from->place,
                         "`source` is not for a secret that `inject` mints",
                         "what it is minted with is in the vault of this machine");
    return;
  }
  for (const vault::SecretName& name : needs) {
    const bool is_itself = name == rule.name;
    if (name.is_internal()) {
      continue;
    }
    if (from->source) {
      context.sources.route(name,
                            vault::Route{*from->source,
                                         is_itself ? key.value_or(name.text()) : name.text(),
                                         is_itself ? field.value_or("") : ""},
                            is_itself && from->is_said,
                            from->place);
    } else if (from->is_said) {
      context.sources.route(name, std::nullopt, is_itself, from->place);
    }
  }
}

}  // namespace keyswap::bindings
