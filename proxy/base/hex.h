// SPDX-License-Identifier: Apache-2.0
//
// A hexadecimal digit's value, by a table: it is asked for each escape of a path in each of its
// readings (I10).
#pragma once

#include <array>
#include <cstddef>

namespace keyswap::base {

namespace hex {

inline constexpr std::array<signed char, 256> kValues = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (signed char digit = 0; digit < 16; ++digit) {
    const auto at = static_cast<std::size_t>(digit);
    values.at(static_cast<unsigned char>("0123456789abcdef"[at])) = digit;
    values.at(static_cast<unsigned char>("0123456789ABCDEF"[at])) = digit;
  }
  return values;
}();

}  // namespace hex

// Of either case; -1: it is none.
constexpr int hex_value(char c) {
  return hex::kValues[static_cast<unsigned char>(c)];
}

}  // namespace keyswap::base
