// SPDX-License-Identifier: Apache-2.0
#include "bindings/edits.h"

namespace keyswap::bindings {

void Edits::set_target(EditText target) {
  all_.emplace_back(TargetEdit{std::move(target)});
}

}  // namespace keyswap::bindings
