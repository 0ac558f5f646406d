// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/token_bucket.h"

#include <atomic>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::limits {

namespace {

constexpr std::int64_t kSecond = 1'000'000;  // microseconds
const Rate kTwoInTen = Rate::of(2, 10'000);

// How many pass at `now_us` before one does not.
int burst_at(TokenBucket& bucket, const Rate& rate, std::int64_t now_us) {
  int passed = 0;
  while (!bucket.take(rate, now_us)) {
    ++passed;
  }
  return passed;
}

}  // namespace

TEST_CASE("F34: two calls in ten seconds: the third waits five, then one more passes") {
  TokenBucket bucket;
  const std::int64_t start = GENERATE(std::int64_t{0}, std::int64_t{77} * 3600 * kSecond);
  CHECK_FALSE(bucket.take(kTwoInTen, start));
  CHECK_FALSE(bucket.take(kTwoInTen, start));
  CHECK(bucket.take(kTwoInTen, start) == 5 * kSecond);
  // To be refused costs nothing.
  CHECK(bucket.take(kTwoInTen, start + 1 * kSecond) == 4 * kSecond);
  CHECK(bucket.take(kTwoInTen, start + 5 * kSecond - 1) == 1);
  CHECK_FALSE(bucket.take(kTwoInTen, start + 5 * kSecond));
  CHECK(bucket.take(kTwoInTen, start + 5 * kSecond) == 5 * kSecond);
}

TEST_CASE("F34: the burst is back after the whole time, and never more than that is saved up") {
  TokenBucket bucket;
  CHECK(burst_at(bucket, kTwoInTen, 0) == 2);
  CHECK(burst_at(bucket, kTwoInTen, 10 * kSecond) == 2);
  CHECK(burst_at(bucket, kTwoInTen, 10'000 * kSecond) == 2);
  CHECK(burst_at(bucket, kTwoInTen, 10'000 * kSecond) == 0);
}

TEST_CASE("refill is by fractions: seven in ten seconds give not one more in a long run") {
  TokenBucket bucket;
  const Rate rate = Rate::of(7, 10'000);
  int passed = 0;
  for (std::int64_t now = 0; now < 1'000 * kSecond; now += 250'000) {
    passed += bucket.take(rate, now) ? 0 : 1;
  }
  CHECK(passed <= 7 + 700);
  CHECK(passed >= 7 + 698);
}

TEST_CASE("the largest and the smallest rate neither overflow nor let more through") {
  TokenBucket fast;
  CHECK(burst_at(fast, Rate::of(1'000'000, 1'000), 0) == 1'000'000);
  TokenBucket slow;
  const std::int64_t per_ms = std::int64_t{31} * 24 * 3600 * 1000;
  CHECK(burst_at(slow, Rate::of(1, per_ms), 0) == 1);
  CHECK(slow.take(Rate::of(1, per_ms), 0) == per_ms * 1000);
}

TEST_CASE("asking what a token would cost takes none") {
  TokenBucket bucket;
  CHECK_FALSE(bucket.wait_us(kTwoInTen, 0));
  CHECK_FALSE(bucket.wait_us(kTwoInTen, 0));
  CHECK(bucket.is_full(0));
  CHECK(burst_at(bucket, kTwoInTen, 0) == 2);
  CHECK(bucket.wait_us(kTwoInTen, 0) == 5 * kSecond);
  CHECK_FALSE(bucket.is_full(10 * kSecond - 1));
  CHECK(bucket.is_full(10 * kSecond));
}

TEST_CASE("a changed rate goes on from what was used") {
  TokenBucket bucket;
  CHECK(burst_at(bucket, kTwoInTen, 0) == 2);
  SECTION("a larger one gives no fresh burst") {
    CHECK(bucket.take(Rate::of(100, 10'000), 0));
    CHECK(burst_at(bucket, Rate::of(100, 10'000), kSecond) == 10);
  }
  SECTION("a smaller one neither") {
    CHECK(bucket.take(Rate::of(1, 10'000), kSecond));
  }
  SECTION("after a slower one nobody waits longer than the new one asks") {
    TokenBucket daily;
    CHECK_FALSE(daily.take(Rate::of(1, std::int64_t{86'400'000}), 0));
    CHECK(daily.take(kTwoInTen, 0) == 5 * kSecond);
    CHECK_FALSE(daily.take(kTwoInTen, 5 * kSecond));
  }
}

TEST_CASE("F34: threads that take at the same moment get exactly the burst") {
  constexpr int kThreads = 4;
  constexpr int kTries = 5'000;
  TokenBucket bucket;
  const Rate rate = Rate::of(1'000, 3'600'000);
  std::atomic<int> passed = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int try_number = 0; try_number < kTries; ++try_number) {
        passed += bucket.take(rate, 42) ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(passed == 1'000);
}

}  // namespace keyswap::limits
