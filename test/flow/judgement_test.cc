// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/judgement.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

TEST_CASE("F28 only an answer that says the order was refused gives its volume back") {
  for (const int status : {400, 401, 403, 404, 407, 410, 418, 429, 499}) {
    CHECK(fate_by(status) == ChargeFate::refused);
  }
  for (const int status : {0, 200, 201, 302, 399, 408, 409, 500, 503, 504}) {
    CHECK(fate_by(status) == ChargeFate::keep);
  }
}

TEST_CASE("a scope without limits costs nothing, each limit alone does") {
  CHECK_FALSE(costs({}, {}));
  bindings::Judgement order;
  order.volume_e8 = 1;
  CHECK(costs(order, {}));
  bindings::Judgement nonce;
  nonce.wants_nonce = true;
  CHECK(costs(nonce, {}));
  bindings::Scope rate;
  rate.rate_limit = bindings::RateLimit{1, 1000};
  CHECK(costs({}, rate));
  bindings::Scope quota;
  quota.quota_per_day = 5;
  CHECK(costs({}, quota));
}

}  // namespace keyswap::flow
