// SPDX-License-Identifier: Apache-2.0
//
// Why a request is refused whose bytes the decoder did not accept.
#pragma once

#include "audit/record.h"
#include "proxy/base/assert.h"
#include "proxy/http/decoder.h"

namespace keyswap::flow {

inline audit::Reason reason_of(http::DecodeError error) {
  switch (error) {
    case http::DecodeError::none:
    case http::DecodeError::malformed:
    case http::DecodeError::status_out_of_range:
      return audit::Reason::malformed_request;
    case http::DecodeError::too_many_fields:
    case http::DecodeError::field_too_long:
    case http::DecodeError::head_too_large:
      return audit::Reason::header_too_large;
    case http::DecodeError::target_too_long:
      return audit::Reason::target_too_long;
    case http::DecodeError::method_not_supported:
      return audit::Reason::method_not_supported;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::flow
