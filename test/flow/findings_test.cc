// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/findings.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::flow {

TEST_CASE("what came back is counted by secret, place and encoding, so many kinds apart", "[I10]") {
  Findings findings;
  findings.add("A", FoundIn::body, Encoding::plain);
  findings.add("A", FoundIn::body, Encoding::plain);
  findings.add("A", FoundIn::head, Encoding::plain);
  findings.add("A", FoundIn::body, Encoding::hex);
  REQUIRE(findings.list().size() == 3);
  CHECK(findings.list().front().count == 2);
  for (std::size_t i = 0; i < 2 * base::bounds::kFindingsMax; ++i) {
    findings.add("B" + std::to_string(i), FoundIn::message, Encoding::escaped);
  }
  CHECK(findings.list().size() == base::bounds::kFindingsMax);
  CHECK(findings.list().back().count > 1);
  CHECK(to_string(FoundIn::message) == "message");
  CHECK(to_string(Encoding::base64) == "base64");
}

}  // namespace keyswap::flow
