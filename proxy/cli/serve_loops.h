// SPDX-License-Identifier: Apache-2.0
//
// How many event loops `serve` has: as many as --threads says, or one a core. Each takes locked
// memory and open files (I10), so more than fit are refused when somebody asked for them, and left
// out with a warning when nobody did.
#pragma once

#include <cstddef>

#include "proxy/cli/failure.h"

namespace keyswap::cli {

struct LoopWish {
  unsigned count = 1;
  bool is_said = false;  // by --threads
};

// `asked`: 0 is one a core.
LoopWish wish_loops(unsigned asked);

// The locked memory that so many loops want, and what waits besides.
std::size_t locked_bytes_wanted(const LoopWish& wish);

// How many of them fit into locked memory of `bytes`, of bounds::kLockedArenaBytesMin at least.
Outcome<unsigned> fit_into_memory(const LoopWish& wish, std::size_t bytes);
// The same for so many open files, kOpenFilesMin (proxy/cli/serve_parts.h) at least.
Outcome<unsigned> fit_into_files(const LoopWish& wish, std::size_t allowed);

}  // namespace keyswap::cli
