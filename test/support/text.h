// SPDX-License-Identifier: Apache-2.0
//
// What tests ask of texts.
#pragma once

#include <string_view>

namespace keyswap::test {

// Whether `part` stands somewhere in `text`.
inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace keyswap::test
