// SPDX-License-Identifier: Apache-2.0
//
// How deeply a TOML text nests, before it is parsed. The parser bounds the nesting of arrays and
// inline tables, but makes a table inside another for each part of a dotted key, however many, and
// needs the stack to take them down again (I10).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace keyswap::cli {

// The line (from 1) of a statement with more than bounds::kImportDotsMax dots outside of texts and
// comments, if there is one. A statement is a header or a key with its value, which may go over
// several lines. What is no TOML is for the parser to say: up to there the two read alike.
std::optional<std::size_t> find_deep_line(std::string_view toml);

}  // namespace keyswap::cli
