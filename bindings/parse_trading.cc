// SPDX-License-Identifier: Apache-2.0
//
// What a binding of the scheme `binance` may trade.
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

void parse_scope_trading(const YamlSection& section, ParseContext& context, Scope& scope) {
  static_cast<void>(section);
  static_cast<void>(context);
  static_cast<void>(scope);
}

}  // namespace keyswap::bindings
