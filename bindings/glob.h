// SPDX-License-Identifier: Apache-2.0
//
// The one matcher of globs over paths. All but stars is literal; bytes are compared as they are.
#pragma once

#include <cstdint>
#include <string_view>

namespace keyswap::bindings {

// What a star stands for.
enum class Star : std::uint8_t {
  within_segment,  // anything but '/', also nothing; two or more in a row: anything at all
  anything,        // anything at all
};

// Does `glob` match the whole of `text`? Allocates nothing. Time: the text's length for each piece
// of the glob at worst, whatever the text is: nothing is tried in every combination.
bool glob_matches(std::string_view glob, std::string_view text, Star star);

}  // namespace keyswap::bindings
