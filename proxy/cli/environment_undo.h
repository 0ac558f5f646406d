// SPDX-License-Identifier: Apache-2.0
//
// How a shell takes back what `eval "$(keyswap env)"` did. What its variables held before stays in
// variables of the shell that it does not export: no program that it starts sees them, real keys
// among them. Which they are says one that it does export, KEYSWAP_ENV_NAMES. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/environment_format.h"

namespace keyswap::cli {

inline constexpr const char* kSetNamesVariable = "KEYSWAP_ENV_NAMES";

// Can a text of this format be undone? Only a shell's.
bool can_undo(EnvironmentFormat format);

// What goes before the plan's own text; names in the plan what it sets and removes. What an earlier
// one changed already is remembered as it was before that.
std::string remember_text(const Variables& inherited,
                          EnvironmentPlan& plan,
                          EnvironmentFormat format);

// The variables that an earlier one changed; empty when there was none.
std::vector<std::string> changed_names(const Variables& inherited);

// Puts them back.
std::string undo_text(const std::vector<std::string>& names, EnvironmentFormat format);

}  // namespace keyswap::cli
