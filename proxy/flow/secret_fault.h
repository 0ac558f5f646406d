// SPDX-License-Identifier: Apache-2.0
//
// Why a secret that a request needs cannot be used. Different things, and each is told as
// itself: an entry that is there is never said to be missing.
#pragma once

#include <cstdint>

#include "audit/record.h"
#include "proxy/base/assert.h"
#include "proxy/base/error.h"

namespace keyswap::flow {

enum class SecretFault : std::uint8_t {
  missing,   // the vault has no such entry
  unusable,  // it does not open, or cannot be what it is needed for
  no_room,   // there is no locked memory for it now
  late,      // its source gave no answer in time
  locked,    // the vault's file is not what was opened
};

// Of an error of the vault, of rendering, or of signing.
inline SecretFault fault_of(const base::Error& error) {
  return error.code == base::Errc::not_found     ? SecretFault::missing
         : error.code == base::Errc::unavailable ? SecretFault::no_room
         : error.code == base::Errc::timed_out   ? SecretFault::late
         : error.code == base::Errc::locked      ? SecretFault::locked
                                                 : SecretFault::unusable;
}

inline audit::Reason reason_of(SecretFault fault) {
  switch (fault) {
    case SecretFault::missing:
    case SecretFault::unusable:
    case SecretFault::late:
      return audit::Reason::secret_unavailable;
    case SecretFault::no_room:
      return audit::Reason::too_busy;
    case SecretFault::locked:
      return audit::Reason::vault_locked;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::flow
