// SPDX-License-Identifier: Apache-2.0
//
// The audit log as the management API sees it: by the same filter, the same cells and the same
// judge as the commands about it.
#pragma once

#include <string>

#include "audit/log.h"
#include "proxy/cli/audit.h"
#include "proxy/manage/manager.h"

namespace keyswap::cli {

// Which records the parameters ask for: from and to (milliseconds since 1970), secret (or service),
// host, caller, decision, reason, method, type. invalid_input for others, and for what is none.
base::Result<manage::LogView::Wants> records_wanted(const manage::Query& query);

// `log` outlives it; its key is the one that it is judged by.
manage::LogView view_of_log(const std::string& folder, const audit::Log& log, const PublicKey& key);

}  // namespace keyswap::cli
