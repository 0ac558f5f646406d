// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/leaves.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "test/ca/fixture.h"

namespace keyswap::test {

namespace {

struct Bench {
  OpenedAuthority root = open_new_authority();
  StandingClock clock{now_s()};
  net::Leaves leaves = made();

  net::Leaves made() {
    auto made_leaves =
        net::Leaves::create(root.authority, clock, [](const ca::LeafCache::Task& task) { task(); });
    REQUIRE(made_leaves);
    return std::move(*made_leaves);
  }
};

void mint(ca::LeafCache& cache, const std::string& host) {
  cache.request(host, false, [](const auto& leaf) { CHECK(leaf); });
}

}  // namespace

TEST_CASE("a flood of refusals drives out no leaf that requests use, and each is counted apart") {
  Bench bench;
  mint(*bench.leaves.requests, "used.test");
  for (std::size_t i = 0; i <= base::bounds::kRefusedLeavesMax; ++i) {
    mint(*bench.leaves.refusals, "refused" + std::to_string(i) + ".test");
  }
  CHECK(bench.leaves.requests->find("used.test") != nullptr);
  const auto figures = bench.leaves.figures();
  REQUIRE(figures.size() == 2);
  CHECK(figures[0].use == "requests");
  CHECK(figures[0].made == 1);
  CHECK(figures[1].use == "refusals");
  CHECK(figures[1].made == base::bounds::kRefusedLeavesMax + 1);
  CHECK(figures[1].kept <= base::bounds::kRefusedLeavesMax);
}

TEST_CASE("another authority's leaves take the place of both kinds") {
  Bench bench;
  mint(*bench.leaves.requests, "a.test");
  mint(*bench.leaves.refusals, "a.test");
  const OpenedAuthority other = open_new_authority();
  bench.leaves.replace_authority(other.authority);
  CHECK(bench.leaves.requests->find("a.test") == nullptr);
  CHECK(bench.leaves.refusals->find("a.test") == nullptr);
}

}  // namespace keyswap::test
