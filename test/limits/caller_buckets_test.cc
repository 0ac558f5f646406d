// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/caller_buckets.h"

#include <atomic>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::limits {

TEST_CASE("each caller has a bucket of its own, and keeps it") {
  CallerBuckets buckets;
  auto* const anna = buckets.bucket_of("anna");
  auto* const bert = buckets.bucket_of("bert");
  auto* const nobody = buckets.bucket_of("");
  CHECK(anna != bert);
  CHECK(anna != nobody);
  CHECK(bert != nobody);
  CHECK(buckets.bucket_of("anna") == anna);
  CHECK(buckets.bucket_of("bert") == bert);
  CHECK(buckets.bucket_of("") == nobody);
}

TEST_CASE("buckets are all full only when each is") {
  CallerBuckets buckets;
  const Rate rate = Rate::of(1, 1'000);
  CHECK(buckets.are_full(0));
  CHECK_FALSE(buckets.bucket_of("anna")->take(rate, 0));
  CHECK_FALSE(buckets.are_full(0));
  CHECK(buckets.are_full(1'000'000));
  CHECK_FALSE(buckets.bucket_of("")->take(rate, 1'000'000));
  CHECK_FALSE(buckets.are_full(1'000'000));
}

TEST_CASE("callers past the bound get none; those before it keep theirs", "[I10]") {
  CallerBuckets buckets;
  for (std::size_t i = 0; i < base::bounds::kCallersPerLimitMax; ++i) {
    REQUIRE(buckets.bucket_of("caller-" + std::to_string(i)) != nullptr);
  }
  CHECK(buckets.bucket_of("one-more") == nullptr);
  CHECK(buckets.bucket_of("caller-0") != nullptr);
  CHECK(buckets.bucket_of("") != nullptr);
}

TEST_CASE("callers that come first at the same moment share one bucket") {
  constexpr int kThreads = 4;
  constexpr int kCallers = 50;
  CallerBuckets buckets;
  const Rate rate = Rate::of(1, 3'600'000);
  std::atomic<int> passed = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int caller = 0; caller < kCallers; ++caller) {
        passed += buckets.bucket_of("caller-" + std::to_string(caller))->take(rate, 0) ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(passed == kCallers);
}

}  // namespace keyswap::limits
