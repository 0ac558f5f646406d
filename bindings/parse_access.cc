// SPDX-License-Identifier: Apache-2.0
//
// Who may use what: `callers:` and `route:`.
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

void parse_scope_access(const YamlSection& section, ParseContext& context, Scope& scope) {
  static_cast<void>(section);
  static_cast<void>(context);
  static_cast<void>(scope);
}

void parse_callers(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  static_cast<void>(node);
  static_cast<void>(context);
  static_cast<void>(bindings);
}

}  // namespace keyswap::bindings
