// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/real_value_mask.h"

#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "vault/secret.h"

namespace keyswap::net {

TEST_CASE("a text shows names in place of real values, and is itself where it has none", "[I1]") {
  REQUIRE(vault::lock_memory());
  flow::RealValues real;
  RealValueMask before(&real);
  CHECK_FALSE(before.is_needed());
  CHECK(before("the-real-key-00001") == "the-real-key-00001");
  CHECK_FALSE(RealValueMask(nullptr).is_needed());
  const std::array wanted = {flow::WantedSecret{"the-real-key-00001", "K", {}},
                             flow::WantedSecret{"pin-42", "PIN", {}}};
  real.add(wanted);
  RealValueMask mask(&real);
  REQUIRE(mask.is_needed());
  const std::string clean = "/v1/models";
  CHECK(mask(clean).data() == clean.data());
  const std::string_view first = mask("/a/the-real-key-00001/dGhlLXJlYWwta2V5LTAwMDAx");
  CHECK(first == "/a/<K>/<K>");
  CHECK(mask("/pin-42/pin-423") == "/<PIN>/pin-423");
  CHECK(first == "/a/<K>/<K>");  // it lives on
}

}  // namespace keyswap::net
