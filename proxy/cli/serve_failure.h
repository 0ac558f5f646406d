// SPDX-License-Identifier: Apache-2.0
//
// Why `keyswap serve` cannot serve, in words, and what to do about it.
#pragma once

#include <string>

#include "proxy/base/result.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

// `listen`: what could not be listened on, or all. `manage`: where management is asked to, else "".
Failure serve_failure(const std::string& listen,
                      const std::string& manage,
                      const base::Error& error);

}  // namespace keyswap::cli
