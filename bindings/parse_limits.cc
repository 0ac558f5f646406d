// SPDX-License-Identifier: Apache-2.0
//
// rate_limit, quota, blocked, max_body of an entry of `bindings:`.
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

void parse_scope_limits(const YamlSection& section, ParseContext& context, Scope& scope) {
  static_cast<void>(section);
  static_cast<void>(context);
  static_cast<void>(scope);
}

}  // namespace keyswap::bindings
