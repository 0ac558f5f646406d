// SPDX-License-Identifier: Apache-2.0
//
// What a policy changes, shown to the operator, and the question whether it may come into force.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/failure.h"

namespace keyswap::cli {

// Asks on the controlling terminal; true for "y" or "yes", in any case. No terminal, or a job in
// the background: false.
bool ask_yes(std::string_view question);

// The lines on stderr, control bytes escaped; past `shown_max` how many are left out.
void show_changes(const std::vector<std::string>& changes, std::size_t shown_max);

// Nothing if the operator says yes to what was shown, or said it before (`--yes`).
Problem confirm(bool says_yes, std::string_view question);

}  // namespace keyswap::cli
