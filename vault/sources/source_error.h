// SPDX-License-Identifier: Apache-2.0
//
// Why a source gave nothing, as those who ask it are told (vault/source.h).
#pragma once

#include <cstdint>

#include "proxy/base/assert.h"
#include "proxy/base/error.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// `again_s`: after so many seconds it is asked again.
inline base::Error source_is_down(std::int64_t again_s) {
  return {base::Errc::network, "the source of the secret is down", again_s};
}

inline base::Error error_of(FetchFault fault, std::int64_t again_s) {
  using base::Errc;
  switch (fault) {
    case FetchFault::not_found:
      return {Errc::not_found, "the source has no such secret"};
    case FetchFault::unavailable:
    case FetchFault::no_turn:
      return source_is_down(again_s);
    case FetchFault::auth_lost:
    case FetchFault::needs_login:
      return {Errc::wrong_passphrase, "the source takes what it is opened with no more"};
    case FetchFault::bad_answer:
      return {Errc::corrupt, "the answer of the secret's source cannot be read"};
    case FetchFault::no_room:
      return {Errc::unavailable, "no locked memory left for what a source gives"};
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::vault
