// SPDX-License-Identifier: Apache-2.0
//
// Where the files lie that tests read: vectors, documents, examples. A function and not a macro, so
// that where the tree lies is compiled into one file alone (a compiler cache serves every
// checkout).
#pragma once

#include <string>

namespace keyswap::test {

// The full path of `name`, which is relative to the top of the tree ("docs/binance.md").
std::string tree_path(const std::string& name);

}  // namespace keyswap::test
