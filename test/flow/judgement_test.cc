// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/judgement.h"

#include <catch2/catch.hpp>

#include "test/support/fake_venue.h"

namespace keyswap::flow {

TEST_CASE("F28 what an answer says of an order, its venue knows; without one nothing is an order") {
  CHECK(fate_by(&test::bazaar(), 422) == ChargeFate::refused);
  for (const int status : {0, 200, 400, 500}) {
    CHECK(fate_by(&test::bazaar(), status) == ChargeFate::keep);
  }
  CHECK(fate_by(nullptr, 422) == ChargeFate::keep);
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
