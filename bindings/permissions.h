// SPDX-License-Identifier: Apache-2.0
//
// What bindings allow, in people's words, a sentence for each thing that they allow: so that two
// bindings can be compared by what they mean. It does not say everything; whoever compares files
// looks at their lines as well (bindings/policy_changes.h).
#pragma once

#include <string>
#include <vector>

#include "bindings/binding.h"

namespace keyswap::bindings {

// In the order of the file, each without a full stop: "GITHUB_TOKEN may go to api.github.com, POST,
// /repos/**".
std::vector<std::string> permissions_of(const Bindings& bindings);

}  // namespace keyswap::bindings
