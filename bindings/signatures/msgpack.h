// SPDX-License-Identifier: Apache-2.0
//
// MessagePack (github.com/msgpack/msgpack, spec.md) of what JSON said, in its order and each value
// in the shortest form: as venues hash it.
#pragma once

#include <string>

#include "bindings/json.h"

namespace keyswap::bindings {

// Appends it. False for a number that is no whole one of 64 bits, or is not written as JSON's
// shortest ("-0", "1.0", "1e3"): two readers could take it for two.
[[nodiscard]] bool append_msgpack(const JsonValue& value, std::string& out);

}  // namespace keyswap::bindings
