// SPDX-License-Identifier: Apache-2.0
//
// What a machine does with an event in a situation, and how its table of all pairs is written: a
// row a situation, a letter an event.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/assert.h"

namespace keyswap::flow {

enum class Fit : std::uint8_t {
  taken,
  ignored,  // it may come, and changes nothing
  misfit,   // nobody may hand it in: a mistake of ours, or a way to one for somebody else
};

template <typename Situation>
struct FitRow {
  Situation situation;
  std::string_view fits;  // t: taken; -: ignored; !: misfit; blanks do not count
};

// Fails to compile where a situation is not in its place, or a row has not a letter for each event.
template <std::size_t kEvents, typename Situation, std::size_t kRows>
consteval std::array<std::array<Fit, kEvents>, kRows> read_fits(
    const std::array<FitRow<Situation>, kRows>& table) {
  std::array<std::array<Fit, kEvents>, kRows> fits{};
  for (std::size_t row = 0; row < kRows; ++row) {
    std::size_t event = 0;
    for (const char letter : table[row].fits) {
      if (letter != ' ') {
        fits[row].at(event++) = letter == 't'   ? Fit::taken
                                : letter == '-' ? Fit::ignored
                                                : Fit::misfit;
      }
    }
    if (static_cast<std::size_t>(table[row].situation) != row || event != kEvents) {
      base::assertion_failed(__FILE__, __LINE__);
    }
  }
  return fits;
}

}  // namespace keyswap::flow
