// SPDX-License-Identifier: Apache-2.0
//
// Reading an audit log that is judged meanwhile, for `audit export` and `audit stats`: they take
// the records that were asked for, up to the first bad one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "audit/verify.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/audit_filter.h"

namespace keyswap::cli {

struct JudgedOptions {
  LogOptions log;
  FilterOptions chosen;
  std::string key_hex;
};

struct JudgedLog {
  std::string folder;
  audit::Verdict verdict;
};

// Hands over each record that was asked for.
Outcome<JudgedLog> read_judged(const JudgedOptions& options,
                               const std::function<void(std::string_view line)>& take);

// Says what is wrong with it, or that it goes further back; gives the exit status.
int end_judged(const JudgedLog& read);

}  // namespace keyswap::cli
