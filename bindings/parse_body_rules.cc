// SPDX-License-Identifier: Apache-2.0
//
// What an entry of `bindings:` says of bodies: `graphql` and `json` (bindings/body_rules.h).
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "bindings/body_rules.h"
#include "bindings/bounds.h"
#include "bindings/parse_sections.h"
#include "bindings/signer.h"

namespace keyswap::bindings {

namespace {

using Kind = JsonCondition::Kind;

constexpr std::array<std::string_view, 2> kBodyKeys = {"graphql", "json"};
constexpr std::array<std::string_view, 6> kGraphqlKeys = {
    "operations", "fields", "names", "introspection", "max_depth", "persisted"};
constexpr std::array<std::string_view, 8> kConditionKeys = {
    "pointer", "equals", "in", "range", "matches", "absent", "present", "optional"};
constexpr std::array<std::string_view, 2> kRangeKeys = {"min", "max"};
// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kOperations = {"query", "mutation", "subscription"};
constexpr std::array<Kind, 6> kKinds = {
    Kind::equals, Kind::in, Kind::range, Kind::matches, Kind::absent, Kind::present};

// The elements of a list, or one that stands for a list; empty after an error.
std::vector<const YamlNode*> read_nodes(const YamlNode& node,
                                        std::string_view what,
                                        ConfigIssues& issues) {
  if (node.kind == YamlNode::Kind::scalar) {
    return {&node};
  }
  std::vector<const YamlNode*> nodes;
  const auto* const list = read_list(node, what, issues);
  if (list != nullptr && list->size() > bounds::kBodyRuleWordsMax) {
    issues.error(node.place, "more than 1000 entries", "use * to say them together");
    return {};
  }
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    nodes.push_back(&(*list)[i]);
  }
  return nodes;
}

std::vector<std::string> read_words(const YamlNode& node,
                                    std::string_view what,
                                    ConfigIssues& issues) {
  std::vector<std::string> words;
  for (const YamlNode* const one : read_nodes(node, what, issues)) {
    if (auto text = read_text(*one, what, issues)) {
      words.push_back(std::move(*text));
    }
  }
  return words;
}

// --- graphql ---

void parse_operations(const YamlNode& node, ConfigIssues& issues, GraphqlRules& rules) {
  rules.operations.clear();
  for (const YamlNode* const one : read_nodes(node, "operations", issues)) {
    if (const auto choice = read_choice(*one, "operations", kOperations, issues)) {
      rules.operations.push_back(static_cast<GraphqlType>(*choice));
    }
  }
}

bool is_name_glob(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '*';
  });
}

// "viewer", "create*", "mutation.addComment".
void parse_field(const YamlNode& node, ConfigIssues& issues, GraphqlRules& rules) {
  const auto text = read_text(node, "fields", issues);
  if (!text) {
    return;
  }
  GraphqlRules::Field field;
  const auto dot = text->find('.');
  const auto type =
      std::find(kOperations.begin(), kOperations.end(), std::string_view(*text).substr(0, dot));
  field.glob = dot == std::string::npos ? *text : text->substr(dot + 1);
  if (!is_name_glob(field.glob) || (dot != std::string::npos && type == kOperations.end())) {
    issues.error(
        node.place, "this is no field of GraphQL", "like: viewer, get*, mutation.addComment");
    return;
  }
  if (dot != std::string::npos) {
    field.type = static_cast<GraphqlType>(type - kOperations.begin());
    if (std::find(rules.operations.begin(), rules.operations.end(), *field.type) ==
        rules.operations.end()) {
      issues.error(node.place,
                   "`operations` does not have the type of this field",
                   "operations: [query] is what counts where nothing is said");
    }
  }
  rules.fields.push_back(std::move(field));
}

void parse_names(const YamlNode& node, ConfigIssues& issues, GraphqlRules& rules) {
  rules.names = read_words(node, "names", issues);
  if (!std::all_of(rules.names.begin(), rules.names.end(), is_name_glob)) {
    issues.error(node.place, "this is no name of an operation", "like: GetIssue, Get*");
  }
}

void parse_graphql(const YamlNode& node, ConfigIssues& issues, BodyRules& body) {
  const YamlSection section(node, "graphql", kGraphqlKeys, issues);
  GraphqlRules& rules = body.graphql.emplace();
  if (const auto* const operations = section.find("operations")) {
    parse_operations(*operations, issues, rules);
  }
  if (const auto* const fields = section.find("fields")) {
    for (const YamlNode* const one : read_nodes(*fields, "fields", issues)) {
      parse_field(*one, issues, rules);
    }
  }
  if (const auto* const names = section.find("names")) {
    parse_names(*names, issues, rules);
  }
  if (const auto* const persisted = section.find("persisted")) {
    rules.persisted = read_words(*persisted, "persisted", issues);
  }
  if (const auto* const flag = section.find("introspection")) {
    rules.introspection = read_flag(*flag, "introspection", issues).value_or(false);
  }
  if (const auto* const depth = section.find("max_depth")) {
    constexpr auto kMost = static_cast<std::int64_t>(bounds::kGraphqlDepthMax);
    if (const auto number = read_number(*depth, "max_depth", {1, kMost}, issues)) {
      rules.max_depth = static_cast<std::size_t>(*number);
    }
  }
}

// --- json ---

// Would somebody have meant a number?
bool is_like_number(std::string_view text) {
  const bool is_signed = text.starts_with('-') || text.starts_with('+');
  const auto rest = text.substr(is_signed ? 1 : 0);
  return !rest.empty() && rest.find_first_not_of("0123456789.") == std::string_view::npos;
}

// What is plain is a number, true, false or null where it is written so; all else is a string.
std::optional<JsonScalar> read_scalar(const YamlNode& node,
                                      std::string_view what,
                                      ConfigIssues& issues) {
  using JsonKind = JsonValue::Kind;
  if (node.kind == YamlNode::Kind::null) {
    return JsonScalar{JsonKind::null, "null", std::nullopt};
  }
  if (node.kind != YamlNode::Kind::scalar) {
    issues.error(node.place, "`" + std::string(what) + "` must be one value");
    return std::nullopt;
  }
  if (!node.is_plain) {
    return JsonScalar{JsonKind::string, node.text, std::nullopt};
  }
  if (node.text == "true" || node.text == "false" || node.text == "null") {
    return JsonScalar{
        node.text == "null" ? JsonKind::null : JsonKind::boolean, node.text, std::nullopt};
  }
  if (auto number = ExactNumber::parse(node.text)) {
    return JsonScalar{JsonKind::number, node.text, std::move(number)};
  }
  if (is_like_number(node.text)) {
    issues.error(node.place,
                 "this is no number that JSON has, or one that not all servers can hold",
                 "in quotes it is a string");
    return std::nullopt;
  }
  return JsonScalar{JsonKind::string, node.text, std::nullopt};
}

std::optional<JsonScalar> read_bound(const YamlSection& section,
                                     std::string_view key,
                                     ConfigIssues& issues) {
  const auto* const node = section.find(key);
  auto value = node == nullptr ? std::nullopt : read_scalar(*node, key, issues);
  if (value && value->kind != JsonValue::Kind::number) {
    issues.error(node->place, "`" + std::string(key) + "` must be a number");
    return std::nullopt;
  }
  return value;
}

void parse_range(const YamlNode& node, ConfigIssues& issues, JsonCondition& condition) {
  const YamlSection section(node, "range", kRangeKeys, issues);
  if (!section.is_mapping()) {
    return;
  }
  if (section.find("min") == nullptr && section.find("max") == nullptr) {
    issues.error(node.place, "`range` needs `min` or `max`", "like: { max: 100 }");
    return;
  }
  condition.min = read_bound(section, "min", issues);
  condition.max = read_bound(section, "max", issues);
  if (condition.min && condition.max &&
      condition.min->number->compare(*condition.max->number) > 0) {
    issues.error(node.place, "`min` is greater than `max`: no number is between them");
  }
}

// `absent` and `present` say true, or are not there.
void check_true(const YamlNode& node, std::string_view what, ConfigIssues& issues) {
  if (read_flag(node, what, issues) == false) {
    issues.error(node.place,
                 "`" + std::string(what) + "` is true or is left out",
                 what == "absent" ? "the other way round is `present: true`"
                                  : "the other way round is `absent: true`");
  }
}

void parse_values(const YamlNode& node, ConfigIssues& issues, JsonCondition& condition) {
  const auto word = to_string(condition.kind);
  switch (condition.kind) {
    case Kind::equals:
      if (auto value = read_scalar(node, word, issues)) {
        condition.values.push_back(std::move(*value));
      }
      return;
    case Kind::in:
      for (const YamlNode* const one : read_nodes(node, word, issues)) {
        if (auto value = read_scalar(*one, word, issues)) {
          condition.values.push_back(std::move(*value));
        }
      }
      return;
    case Kind::range:
      parse_range(node, issues, condition);
      return;
    case Kind::matches:
      condition.globs = read_words(node, word, issues);
      return;
    case Kind::absent:
    case Kind::present:
      check_true(node, word, issues);
      return;
  }
}

void parse_pointer(const YamlNode& node, ConfigIssues& issues, JsonCondition& condition) {
  if (node.kind == YamlNode::Kind::scalar && node.text.empty()) {
    return;  // the whole body
  }
  const auto text = read_text(node, "pointer", issues);
  auto pointer = text ? parse_json_pointer(*text) : std::nullopt;
  if (!text) {
    return;
  }
  if (!pointer || text->size() > bounds::kPathGlobBytesMax) {
    issues.error(node.place,
                 "this is no JSON pointer (RFC 6901)",
                 "like: /model, /to/0/email, /to/*/email for each of a list");
    return;
  }
  condition.where = *text;
  condition.pointer = std::move(*pointer);
}

void parse_condition(const YamlNode& node, ConfigIssues& issues, BodyRules& body) {
  const YamlSection section(node, "json", kConditionKeys, issues);
  if (!section.is_mapping()) {
    return;
  }
  JsonCondition condition;
  if (const auto* const pointer = section.require("pointer", issues)) {
    parse_pointer(*pointer, issues, condition);
  }
  std::size_t count = 0;
  for (const Kind kind : kKinds) {
    if (const auto* const values = section.find(to_string(kind))) {
      ++count;
      condition.kind = kind;
      parse_values(*values, issues, condition);
    }
  }
  if (count != 1) {
    issues.error(node.place,
                 "a condition is one of equals, in, range, matches, absent and present",
                 "several of one value are several entries");
    return;
  }
  if (const auto* const optional = section.find("optional")) {
    condition.is_optional = read_flag(*optional, "optional", issues).value_or(false);
    if (condition.kind == Kind::absent || condition.kind == Kind::present) {
      issues.error(optional->place, "`optional` does not go with `absent` and `present`");
    }
  }
  body.json.push_back(std::move(condition));
}

void parse_json(const YamlNode& node, ConfigIssues& issues, BodyRules& body) {
  const auto* const list = read_list(node, "json", issues);
  if (list != nullptr && list->size() > bounds::kJsonConditionsMax) {
    issues.error(node.place, "more than 64 conditions");
    return;
  }
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_condition((*list)[i], issues, body);
  }
}

}  // namespace

std::span<const std::string_view> body_keys() {
  return kBodyKeys;
}

void parse_scope_bodies(const YamlSection& section,
                        const SecretRule& rule,
                        ParseContext& context,
                        Scope& scope) {
  auto& issues = context.issues;
  const auto* const graphql = section.find("graphql");
  const auto* const json = section.find("json");
  if (graphql == nullptr && json == nullptr) {
    return;
  }
  const Place place = graphql != nullptr ? graphql->place : json->place;
  if (scope.websocket) {
    issues.error(
        place,
        "`graphql` and `json` do not go with `websocket: true`",
        "messages of WebSockets are not held to them: give WebSockets an entry of their own");
  }
  if (rule.signer() != nullptr && rule.signer()->signs_what_leaves()) {
    issues.error(place,
                 "`graphql` and `json` do not go with a scheme whose bodies pass as they come",
                 "they would not be held: sigv4 and jwt sign the head as it leaves");
  }
  auto rules = std::make_shared<BodyRules>();
  if (graphql != nullptr) {
    parse_graphql(*graphql, issues, *rules);
  }
  if (json != nullptr) {
    parse_json(*json, issues, *rules);
  }
  scope.body_rules = std::move(rules);
}

}  // namespace keyswap::bindings
