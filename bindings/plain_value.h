// SPDX-License-Identifier: Apache-2.0
//
// What a credential's value must be wherever it stands, for the placements that write it in another
// spelling. (A header takes what RFC 9110 lets a field say.)
#pragma once

#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::bindings {

// Not empty, no control characters (a vault entry pasted with its line break is none), UTF-8, and
// not longer than a field may be. invalid_input or limit_exceeded.
base::Status check_plain_value(std::string_view value);

}  // namespace keyswap::bindings
