// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a secret that comes back in an answer, or that the client has itself: `scrub`,
// `uninspectable` and `real_value`.
#include <array>

#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 2> kScrub = {"on", "off"};
// In the order of the enumerators.
constexpr std::array<std::string_view, 2> kUninspectable = {"forward", "block"};
constexpr std::array<std::string_view, 2> kRealValue = {"forward", "refuse"};

void parse_scrub(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const auto choice = read_choice(node, "scrub", kScrub, issues);
  if (!choice || *choice == 0) {
    return;
  }
  scope.is_scrubbed = false;
  issues.warning(node.place,
                 "`scrub: off`: a secret that an answer says back reaches the client",
                 "leave it out unless the answers must go on byte by byte");
}

}  // namespace

void parse_scope_answers(const YamlSection& section, ParseContext& context, Scope& scope) {
  if (const auto* const scrub = section.find("scrub")) {
    parse_scrub(*scrub, context.issues, scope);
  }
  if (const auto* const node = section.find("uninspectable")) {
    if (const auto choice = read_choice(*node, "uninspectable", kUninspectable, context.issues)) {
      scope.uninspectable = static_cast<Uninspectable>(*choice);
    }
  }
  if (const auto* const node = section.find("real_value")) {
    if (const auto choice = read_choice(*node, "real_value", kRealValue, context.issues)) {
      scope.real_value = static_cast<RealValue>(*choice);
    }
  }
}

}  // namespace keyswap::bindings
