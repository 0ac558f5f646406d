// SPDX-License-Identifier: Apache-2.0
//
// The keys of an entry of `inject:` that do not depend on its scheme or its placement.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/parse_sections.h"
#include "bindings/schemes.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 5> kPlaceKeys = {
    "max_occurrences", "on_existing", "require", "companions", "bindings"};
constexpr std::array<std::string_view, 2> kOnExisting = {"replace", "fail"};

void parse_occurrences(const YamlNode& node, ConfigIssues& issues, SecretPlace& place) {
  constexpr NumberRange kRange{1, static_cast<std::int64_t>(bounds::kOccurrencesMax)};
  if (const auto number = read_number(node, "max_occurrences", kRange, issues)) {
    place.occurrences_max = static_cast<std::size_t>(*number);
  }
}

// What is wrong with a companion; "" nothing.
std::string problem_of(const CredentialHeader& header,
                       std::string_view value,
                       const SecretPlace& place) {
  if (!header.problem.empty()) {
    return header.problem;
  }
  if (place.placement != nullptr && place.placement->is_whole() &&
      place.placement->name() == header.name) {
    return "the credential itself stands in that header";
  }
  return !value.empty() && http::is_field_value(value) ? "" : "this is no value of a header";
}

void parse_companions(const YamlNode& node, ConfigIssues& issues, SecretPlace& place) {
  if (node.kind != YamlNode::Kind::mapping || node.items.empty() ||
      node.items.size() > bounds::kCompanionsMax) {
    issues.error(node.place,
                 "`companions` must be a mapping of 1 to 8 headers",
                 "as in { anthropic-version: \"2023-06-01\" }");
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    auto header = credential_header(node.keys[i].text);
    const auto value = read_text(node.items[i], "companions", issues);
    const auto problem = problem_of(header, value.value_or(""), place);
    if (!problem.empty()) {
      issues.error(node.keys[i].place, "`companions`: " + problem);
    } else if (value) {
      place.companions.push_back({std::move(header.name), *value});
    }
  }
}

// A reverse route puts the secret into its first place.
void check_no_route(const YamlNode& entry, ConfigIssues& issues) {
  for (const YamlNode& key : entry.keys) {
    if (key.text == "route") {
      issues.error(key.place,
                   "`route` is only for the first entry of `inject`",
                   "a reverse route puts the secret into that place");
    }
  }
}

// Scopes of its own: those of the rule's from now on that have its number.
void parse_own_scopes(const YamlNode& node,
                      std::uint32_t number,
                      ParseContext& context,
                      SecretRule& rule,
                      SecretPlace& place) {
  const auto first = rule.scopes.size();
  const auto* const list = read_list(node, "bindings", context.issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_scope((*list)[i], context, rule);
    check_trading_keys((*list)[i], rule, context);
    if (number > 0) {
      check_no_route((*list)[i], context.issues);
    }
  }
  for (auto i = first; i < rule.scopes.size(); ++i) {
    rule.scopes[i].place = number;
  }
  place.has_scopes = true;
}

// A body is read when its head is decided already.
void check_body_place(const YamlSection& section, ConfigIssues& issues) {
  for (const std::string_view key : {"on_existing", "require", "companions"}) {
    if (const auto* const node = section.find(key)) {
      issues.error(node->place, "`" + std::string(key) + "` is not for the placement `body`");
    }
  }
}

}  // namespace

std::span<const std::string_view> place_keys() {
  return kPlaceKeys;
}

void parse_place(const YamlSection& section,
                 std::uint32_t number,
                 ParseContext& context,
                 SecretRule& rule,
                 SecretPlace& place) {
  auto& issues = context.issues;
  if (const auto* const node = section.find("max_occurrences")) {
    parse_occurrences(*node, issues, place);
  }
  if (const auto* const node = section.find("on_existing")) {
    const auto choice = read_choice(*node, "on_existing", kOnExisting, issues);
    place.on_existing = choice == 1U ? OnExisting::fail : OnExisting::replace;
    if (place.placement != nullptr && place.placement->in_body() == nullptr &&
        !place.placement->can_be_filled()) {
      issues.error(
          node->place,
          "`on_existing` is not for the placement `" + std::string(place.placement->kind()) + "`",
          "a reverse route puts nothing there by itself");
    }
  }
  if (const auto* const node = section.find("require")) {
    place.is_required = read_flag(*node, "require", issues).value_or(false);
  }
  if (const auto* const node = section.find("companions")) {
    parse_companions(*node, issues, place);
  }
  if (place.placement != nullptr && place.placement->in_body() != nullptr) {
    check_body_place(section, issues);
  }
  if (const auto* const node = section.find("bindings")) {
    parse_own_scopes(*node, number, context, rule, place);
  }
}

}  // namespace keyswap::bindings
