// SPDX-License-Identifier: Apache-2.0
//
// The options by which the commands of the audit log choose records, the same for all of them.
#pragma once

#include <string>

#include "proxy/cli/audit_lines.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

class CommandLine;

struct FilterOptions {
  LineFilter filter;
  std::string since;  // as given; "" not
  std::string until;
};

void add_filter_options(CommandLine& app, FilterOptions& options);

// To be called once the options are parsed: the times count from `now_us` on, and a host is spelled
// as records spell it.
Problem settle_filter(FilterOptions& options, std::int64_t now_us);

}  // namespace keyswap::cli
