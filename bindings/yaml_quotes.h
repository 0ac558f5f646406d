// SPDX-License-Identifier: Apache-2.0
//
// Quoted texts in YAML that has no tree, because it is broken: most often one of them does not end
// where it was meant to, and the parser complains far behind it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace keyswap::bindings {

// Where the quoted text ends that begins at `begin`; npos if it does not.
std::size_t end_of_quoted(std::string_view text, std::size_t begin);

// Where the quoted text begins that goes over several lines and ends in that of `before`, or
// behind it: there a parser complains of what was meant to be the next text's beginning. A guess:
// what stands in block scalars is looked at like all else.
std::optional<std::size_t> open_quote_before(std::string_view text, std::size_t before);

}  // namespace keyswap::bindings
