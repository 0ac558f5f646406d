// SPDX-License-Identifier: Apache-2.0
//
// Why a secret that a request needs cannot be used. Different things, and each is told as
// itself: an entry that is there is never said to be missing.
#pragma once

#include <cstdint>

#include "audit/record.h"
#include "proxy/base/assert.h"
#include "proxy/base/cause.h"
#include "proxy/base/error.h"

namespace keyswap::flow {

enum class SecretFault : std::uint8_t {
  missing,   // the vault has no such entry
  unusable,  // it does not open, or cannot be what it is needed for
  no_room,   // there is no locked memory for it now
  late,      // its source gave no answer in time
  locked,    // the vault's file is not what was opened
  expired,   // it was captured with an end, and that is over
  // Of a source elsewhere:
  source_down,   // it gives no answer now
  source_shut,   // it takes what it is opened with no more
  not_there,     // it has no such secret
  not_readable,  // what it gave is no value
  // Of what came in an answer:
  not_kept,  // it is not in the vault, durably
};

// Of an error of the vault, of rendering, or of signing.
inline SecretFault fault_of(const base::Error& error) {
  return error.code == base::Errc::not_found     ? SecretFault::missing
         : error.code == base::Errc::unavailable ? SecretFault::no_room
         : error.code == base::Errc::timed_out   ? SecretFault::late
         : error.code == base::Errc::locked      ? SecretFault::locked
         : error.code == base::Errc::expired     ? SecretFault::expired
                                                 : SecretFault::unusable;
}

// Of an error of a source elsewhere (vault/source.h).
inline SecretFault fault_of_source(const base::Error& error) {
  return error.code == base::Errc::network            ? SecretFault::source_down
         : error.code == base::Errc::wrong_passphrase ? SecretFault::source_shut
         : error.code == base::Errc::not_found        ? SecretFault::not_there
         : error.code == base::Errc::corrupt          ? SecretFault::not_readable
                                                      : fault_of(error);
}

// What a record says of it beside the reason.
inline base::Cause cause_of(SecretFault fault) {
  switch (fault) {
    case SecretFault::missing:
    case SecretFault::unusable:
    case SecretFault::no_room:
    case SecretFault::locked:
      return base::Cause::none;
    case SecretFault::expired:
      return base::Cause::secret_expired;
    case SecretFault::late:
      return base::Cause::secret_timed_out;
    case SecretFault::source_down:
      return base::Cause::secret_source_down;
    case SecretFault::source_shut:
      return base::Cause::secret_source_shut;
    case SecretFault::not_there:
      return base::Cause::secret_not_at_source;
    case SecretFault::not_readable:
      return base::Cause::secret_unreadable;
    case SecretFault::not_kept:
      return base::Cause::captured_not_kept;
  }
  KS_UNREACHABLE();
}

inline audit::Reason reason_of(SecretFault fault) {
  switch (fault) {
    case SecretFault::missing:
    case SecretFault::unusable:
    case SecretFault::late:
    case SecretFault::expired:
    case SecretFault::source_down:
    case SecretFault::source_shut:
    case SecretFault::not_there:
    case SecretFault::not_readable:
    case SecretFault::not_kept:
      return audit::Reason::secret_unavailable;
    case SecretFault::no_room:
      return audit::Reason::too_busy;
    case SecretFault::locked:
      return audit::Reason::vault_locked;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::flow
