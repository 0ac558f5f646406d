// SPDX-License-Identifier: Apache-2.0
//
// How often a test of random inputs goes round: what is enough for every day, or as often as
// KEYSWAP_ROUNDS says (CONTRIBUTING.md).
#pragma once

#include <cstddef>
#include <cstdlib>

namespace keyswap::test {

inline std::size_t rounds(std::size_t usual) {
  const char* const asked = std::getenv("KEYSWAP_ROUNDS");
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

}  // namespace keyswap::test
