// SPDX-License-Identifier: Apache-2.0
//
// The records of what is done from the management listener. I6: a change is durable in the audit
// log before it takes effect; where it cannot be recorded, it is not made (I13).
#pragma once

#include <functional>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/manage/manager.h"
#include "proxy/manage/request.h"

namespace keyswap::manage {

// Is the record durable? It takes as long as the disk does.
[[nodiscard]] bool record(Manager& manager,
                          const Request& request,
                          std::string_view action,
                          std::string_view outcome,
                          std::string_view object = {});

// Records that it begins, makes the change, and records where that failed. unavailable: it could
// not be recorded, and was not made.
base::Status change(Manager& manager,
                    const Request& request,
                    std::string_view action,
                    std::string_view object,
                    const std::function<base::Status()>& make);

}  // namespace keyswap::manage
