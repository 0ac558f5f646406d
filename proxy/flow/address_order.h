// SPDX-License-Identifier: Apache-2.0
//
// In which order the addresses of a name are tried (RFC 8305 section 4): the families take turns,
// so that one that leads nowhere costs one attempt and not all of them. Pure.
#pragma once

#include <string>
#include <vector>

namespace keyswap::flow {

// `addresses`: canonical text, each family in its own best order. The family of the first one
// begins, each address comes once.
std::vector<std::string> in_turns_by_family(std::vector<std::string> addresses);

}  // namespace keyswap::flow
