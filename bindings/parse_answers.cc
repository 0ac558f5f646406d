// SPDX-License-Identifier: Apache-2.0
//
// What becomes of the answers to requests that a binding lets a secret into: `scrub` and
// `uninspectable`.
#include <array>

#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 2> kScrub = {"on", "off"};
// In the order of the enumerators.
constexpr std::array<std::string_view, 2> kUninspectable = {"forward", "block"};

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
}

}  // namespace keyswap::bindings
