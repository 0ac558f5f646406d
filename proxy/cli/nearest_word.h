// SPDX-License-Identifier: Apache-2.0
//
// What somebody meant who mistyped a command, an option or a name. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

// The one of `known` that `word` was probably meant to be (bindings::nearest_word), or that it
// begins; "" if there is none.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

// An unknown word as a message shows it, in quotes; `nearest`: what it was probably meant to be.
// Not shown where it could be a value that was typed in the wrong place, and would end up in a log.
std::string shown_word(std::string_view word, std::string_view nearest);

}  // namespace keyswap::cli
