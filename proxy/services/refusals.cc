// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/refusals.h"

namespace keyswap::services {

flow::Reply Refusals::answer(const http::RequestHead& /*head*/, std::string_view /*body*/) const {
  return flow::make_refusal(
      {.reason = reason_, .request_id = request_id_, .secret = {}, .can_do_no_harm = true});
}

}  // namespace keyswap::services
