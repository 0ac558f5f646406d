// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `keyswap bindings`, one file each.
#pragma once

#include "proxy/cli/command.h"

namespace keyswap::cli {

int run_bindings_add(const Arguments& arguments);
int run_bindings_approve(const Arguments& arguments);
int run_bindings_edit(const Arguments& arguments);
int run_bindings_check(const Arguments& arguments);
int run_bindings_explain(const Arguments& arguments);

}  // namespace keyswap::cli
