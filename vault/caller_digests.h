// SPDX-License-Identifier: Apache-2.0
//
// The digests of the callers' tokens, as the event loops may ask for them. They are keyswap's own
// and lie in its own vault, whatever source the secrets of others come from. So there is nothing to
// wait for, and the answer comes at once: who sends a request is known before it is looked at.
#pragma once

#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::vault {

// Thread-safe; nothing here touches a disk.
class CallerDigests {
 public:
  virtual ~CallerDigests() = default;

  // Is that what keyswap itself keeps under that name? Takes the same time whatever differs.
  // not_found, corrupt, unavailable; locked while the vault's file is not what was opened.
  [[nodiscard]] virtual base::Result<bool> matches_system(std::string_view name,
                                                          std::string_view value) const = 0;

 protected:
  CallerDigests() = default;
  CallerDigests(const CallerDigests&) = default;
  CallerDigests& operator=(const CallerDigests&) = default;
  CallerDigests(CallerDigests&&) = default;
  CallerDigests& operator=(CallerDigests&&) = default;
};

}  // namespace keyswap::vault
