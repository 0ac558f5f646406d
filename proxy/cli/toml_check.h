// SPDX-License-Identifier: Apache-2.0
//
// What a TOML text must not have for the parser to bear it. The parser bounds the nesting of arrays
// and inline tables, but makes a table inside another for each part of a dotted key, however many,
// and needs the stack to take them down again (I10). It takes for granted that a table's header
// begins with a key, and is undefined for some letters beyond ASCII where it looks for blanks, in a
// text, too. All else that is no TOML it says itself.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace keyswap::cli {

struct TomlMistake {
  std::size_t line = 0;  // from 1
  const char* what = "";
};

// The first statement with more than bounds::kImportDotsMax dots outside of texts and comments,
// with a header that names nothing, or with a letter beyond ASCII outside of comments. A statement
// is a header or a key with its value, which may go over several lines. Up to where a text is no
// TOML any more, this and the parser read it alike.
std::optional<TomlMistake> check_toml(std::string_view toml);

}  // namespace keyswap::cli
