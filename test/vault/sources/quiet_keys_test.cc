// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/quiet_keys.h"

#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

Failed no_value() {
  return {FetchFault::not_found, "not_found", 0};
}

std::uint64_t no_jitter(std::uint64_t /*below*/) {
  return 0;
}

}  // namespace

TEST_CASE("a key that has no good value is asked for after a second, two, and then a minute") {
  QuietKeys keys;
  std::int64_t now_us = 0;
  std::vector<std::int64_t> waits_s;
  for (int i = 0; i < 8; ++i) {
    const auto quiet = keys.hush("tK", now_us, no_value(), no_jitter);
    waits_s.push_back(quiet.again_s);
    now_us += quiet.again_s * kSecondUs - 1;
    REQUIRE(keys.find("tK", now_us).has_value());
    CHECK(keys.find("tK", now_us)->fault == FetchFault::not_found);
    CHECK(keys.find("tK", now_us)->again_s == 1);
    CHECK_FALSE(keys.find("tL", now_us).has_value());
    CHECK_FALSE(keys.find("tK", ++now_us).has_value());
  }
  CHECK(waits_s == std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60});
}

TEST_CASE("a key that has a value again, or that nobody asked for in a minute, begins anew") {
  QuietKeys keys;
  const auto hush = [&](std::int64_t at_s) {
    return keys.hush("tK", at_s * kSecondUs, no_value(), no_jitter).again_s;
  };
  CHECK(hush(0) == 1);
  CHECK(hush(1) == 2);
  keys.erase("tK");
  CHECK_FALSE(keys.find("tK", kSecondUs).has_value());
  CHECK(hush(2) == 1);
  CHECK(hush(3) == 2);
  keys.clear();
  CHECK(hush(4) == 1);
  CHECK(hush(5) == 2);
  CHECK(hush(7 + 59) == 4);
  CHECK(hush(66 + 4 + 60) == 1);
}

TEST_CASE("a key is asked for no sooner than its source says, up to a quarter of an hour") {
  QuietKeys keys;
  const auto hush = [&](std::int64_t at_s, std::int64_t retry_after_ms) {
    const Failed failed{FetchFault::unavailable, "server_error", retry_after_ms};
    return keys.hush("tK", at_s * kSecondUs, failed, no_jitter).again_s;
  };
  CHECK(hush(0, 30'000) == 30);
  CHECK(hush(10, 0) == 20);  // as it was said before
  CHECK(hush(30, 0) == 4);
  CHECK(hush(34, INT64_MAX) == 900);
}

}  // namespace keyswap::vault
