// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/address_order.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

using Addresses = std::vector<std::string>;

TEST_CASE("the families of a name's addresses take turns, the first one's family first") {
  CHECK(
      in_turns_by_family({"2001:4860::1", "2001:4860::2", "2001:4860::3", "8.8.8.8", "8.8.4.4"}) ==
      Addresses{"2001:4860::1", "8.8.8.8", "2001:4860::2", "8.8.4.4", "2001:4860::3"});
  CHECK(in_turns_by_family({"8.8.8.8", "8.8.4.4", "2001:4860::1"}) ==
        Addresses{"8.8.8.8", "2001:4860::1", "8.8.4.4"});
}

TEST_CASE("one family alone keeps its order") {
  CHECK(in_turns_by_family({"8.8.8.8", "1.1.1.1", "9.9.9.9"}) ==
        Addresses{"8.8.8.8", "1.1.1.1", "9.9.9.9"});
  CHECK(in_turns_by_family({}).empty());
}

TEST_CASE("an address that a name has twice is tried once") {
  CHECK(in_turns_by_family({"8.8.8.8", "2001:4860::1", "8.8.8.8", "2001:4860::1"}) ==
        Addresses{"8.8.8.8", "2001:4860::1"});
}

}  // namespace

}  // namespace keyswap::flow
