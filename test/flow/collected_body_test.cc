// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/collected_body.h"

#include <optional>
#include <string>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

constexpr std::size_t kMax = base::bounds::kSignedBodiesBytesMax;

}  // namespace

TEST_CASE("what is collected is counted for all, and no longer once it is let go", "[I10]") {
  CollectedBytes all;
  {
    CollectedBody one(CollectedShare(all), 5);
    CollectedBody other(CollectedShare(all), 5);
    CHECK(one.add("abc") == CollectedBody::Added::all);
    CHECK(other.add("de") == CollectedBody::Added::all);
    CHECK(all == 5);
    CHECK(one.add("def") == CollectedBody::Added::too_large);
    CHECK(one.view() == "abc");
    one.release();
    CHECK(all == 2);
    CHECK(one.size() == 0);
  }
  CHECK(all == 0);
}

TEST_CASE("past what all may hold together there is room for none", "[I10]") {
  CollectedBytes all;
  std::optional<CollectedShare> others(std::in_place, all);
  REQUIRE(others->take(kMax - 2));
  CollectedBody body(CollectedShare(all), 100);
  CHECK(body.add("abc") == CollectedBody::Added::no_room);
  CHECK(body.add("ab") == CollectedBody::Added::all);
  others.reset();
  CHECK(body.add("abc") == CollectedBody::Added::all);
  CHECK(all == 5);
}

TEST_CASE("a share that is handed on is counted once") {
  CollectedBytes all;
  CollectedShare first(all);
  REQUIRE(first.take(3));
  {
    const CollectedShare second(std::move(first));
    CHECK(all == 3);
  }
  CHECK(all == 0);
}

}  // namespace keyswap::flow
