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

// The same of all of them, for who is asked next; below a list that is higher than a small terminal
// (24 lines) stands what is in it, in short, so that it is seen together with the question.
void show_all_changes(const std::vector<std::string>& changes);

// That: what is permitted anew and no longer, where secrets may go first, as far as it is seen at
// once, and how much else there is. Empty where the list itself is seen at once.
std::vector<std::string> in_short(const std::vector<std::string>& changes);

// Nothing if the operator says yes to what was shown, or said it before (`--yes`).
Problem confirm(bool says_yes, std::string_view question);

}  // namespace keyswap::cli
