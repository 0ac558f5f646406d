// SPDX-License-Identifier: Apache-2.0
//
// Is an address one of this machine's own? Asked of the kernel each time, since interfaces come and
// go: by which address of ours it would be reached. Nothing is sent.
#pragma once

#include <string>

namespace keyswap::uv {

// An IP literal. false also when it is none, or no way leads there.
bool is_own_address(const std::string& address);

}  // namespace keyswap::uv
