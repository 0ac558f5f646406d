// SPDX-License-Identifier: Apache-2.0
//
// `source`, `key`, `field` and `fields` of a secret. Its source is that of all entries that its
// places need; `key` and `field` say what the secret itself is called there, `fields` which fields
// of `key` the entries are.
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

struct EntryField {
  vault::SecretName entry;
  std::string field;
};

std::optional<std::string> read_source_text(const YamlNode& node,
                                            std::string_view key,
                                            ConfigIssues& issues) {
  auto text = read_text(node, key, issues);
  constexpr char kDelete = 0x7f;
  if (text &&
      (text->size() > base::bounds::kSourceKeyBytesMax || std::ranges::any_of(*text, [](char c) {
         return static_cast<unsigned char>(c) < ' ' || c == kDelete;
       }))) {
    issues.error(node.place,
                 "`" + std::string(key) + "` is longer than 512 bytes, or has control characters");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> read_source_name(const YamlSection& section,
                                            std::string_view key,
                                            ConfigIssues& issues) {
  const auto* const node = section.find(key);
  return node == nullptr ? std::nullopt : read_source_text(*node, key, issues);
}

std::vector<EntryField> read_fields(const YamlSection& section,
                                    std::span<const vault::SecretName> needs,
                                    ConfigIssues& issues) {
  std::vector<EntryField> fields;
  const auto* const node = section.find("fields");
  if (node != nullptr && node->kind != YamlNode::Kind::mapping) {
    issues.error(node->place, "`fields` must be a mapping from entries to fields (AWS_ID: id)");
    return fields;
  }
  for (std::size_t i = 0; node != nullptr && i < node->keys.size(); ++i) {
    const YamlNode& key = node->keys[i];
    const auto entry = std::ranges::find(needs, key.text, &vault::SecretName::text);
    if (entry == needs.end()) {
      issues.error(key.place, "`fields` names an entry that no place of this secret needs");
    } else if (auto field = read_source_text(node->items[i], "fields", issues)) {
      fields.push_back({*entry, std::move(*field)});
    }
  }
  return fields;
}

// The field of `name`; "" the whole value.
std::string field_in(std::span<const EntryField> fields, const vault::SecretName& name) {
  const auto found = std::ranges::find(fields, name, &EntryField::entry);
  return found == fields.end() ? "" : found->field;
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

// The vault of this machine has entries, and they no fields. False: it was told.
bool may_have_fields(const YamlSection& section, const SecretSource& from, ParseContext& context) {
  const auto* const node =
      section.find("fields") == nullptr ? section.find("field") : section.find("fields");
  if (node == nullptr) {
    return true;
  }
  if (from.source && context.sources.specs()[*from.source].kind == vault::kLocalKind) {
    context.issues.error(node->place, "the entries of the vault of this machine have no fields");
    return false;
  }
  if (section.find("field") != nullptr && section.find("fields") != nullptr) {
    context.issues.error(node->place,
                         "`field` and `fields` are not for one secret",
                         "`fields` may name the secret's own entry, too");
    return false;
  }
  return true;
}

// What a secret says of its entries needs a source that has them.
bool is_of_a_source(const YamlSection& section,
                    const SecretSource& from,
                    bool needs_itself,
                    ConfigIssues& issues) {
  for (const std::string_view key : {"key", "field", "fields"}) {
    const auto* const node = section.find(key);
    if (node != nullptr && !from.source) {
      issues.error(node->place, "`" + std::string(key) + "` is for a secret that has a `source`");
      return false;
    }
    if (node != nullptr && !needs_itself && section.find("fields") == nullptr) {
      issues.error(node->place, "no place of this secret needs an entry of its own name");
      return false;
    }
  }
  return true;
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
  if (!is_of_a_source(section, *from, needs_itself, context.issues) ||
      !may_have_fields(section, *from, context)) {
    return;
  }
  if (from->is_said && std::ranges::all_of(needs, &vault::SecretName::is_internal)) {
    context.issues.error(from->place,
                         "`source` is not for a secret that `inject` mints",
                         "what it is minted with is in the vault of this machine");
    return;
  }
  const auto fields = read_fields(section, needs, context.issues);
  for (const vault::SecretName& name : needs) {
    const bool is_itself = name == rule.name;
    const std::string own_field = field_in(fields, name);
    const bool is_of_key = is_itself || !own_field.empty();
    if (name.is_internal()) {
      continue;
    }
    if (from->source) {
      context.sources.route(name,
                            vault::Route{*from->source,
                                         is_of_key ? key.value_or(rule.name.text()) : name.text(),
                                         is_itself && field ? *field : own_field},
                            is_itself && from->is_said,
                            from->place);
    } else if (from->is_said) {
      context.sources.route(name, std::nullopt, is_itself, from->place);
    }
  }
}

}  // namespace keyswap::bindings
