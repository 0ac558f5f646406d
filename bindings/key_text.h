// SPDX-License-Identifier: Apache-2.0
//
// Keys as people paste them: PEM or base64 that went through a file, a variable or JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace keyswap::bindings {

// Writes `text` without white space, and without line ends written as "\n" or "\r", to `out`, which
// has room for all of `text` (it may be a secret, and then `out` is locked memory). Gives how many
// bytes that are.
std::size_t write_without_space(std::string_view text, std::span<char> out);

}  // namespace keyswap::bindings
