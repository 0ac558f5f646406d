// SPDX-License-Identifier: Apache-2.0
//
// `custom:`: services that a reverse route reaches.
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

void parse_custom(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  static_cast<void>(node);
  static_cast<void>(context);
  static_cast<void>(bindings);
}

}  // namespace keyswap::bindings
