// SPDX-License-Identifier: Apache-2.0
//
// What a passphrase that somebody chooses has to have at least. One that is made at random, as a
// key file's, and one that opens a vault which is there already are not judged.
#pragma once

#include <string_view>

#include "proxy/cli/failure.h"

namespace keyswap::cli {

// Nothing, or why it is too weak. `passphrase` lies in locked memory, and stays there.
Problem check_strength(std::string_view passphrase);

}  // namespace keyswap::cli
