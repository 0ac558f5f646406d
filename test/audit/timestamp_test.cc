// SPDX-License-Identifier: Apache-2.0
#include "audit/timestamp.h"

#include <array>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

namespace keyswap::audit {

namespace {

std::string written(std::int64_t us) {
  std::array<char, kTimestampBytes> text{};
  write_timestamp(us, text.data());
  return {text.data(), text.size()};
}

}  // namespace

TEST_CASE("times are written in UTC with microseconds") {
  CHECK(written(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(written(1'795'314'309'123'456) == "2026-11-22T02:25:09.123456Z");
  CHECK(written(951'782'400'000'000) == "2000-02-29T00:00:00.000000Z");
  CHECK(written(951'868'800'000'000 - 1) == "2000-02-29T23:59:59.999999Z");
  CHECK(written(4'107'542'400'000'000) == "2100-03-01T00:00:00.000000Z");
  CHECK(written(-1) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("AU-21 a clock that is far off still gives a time of the one form") {
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "0000-01-01T00:00:00.000000Z");
  CHECK(written(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59.999999Z");
}

TEST_CASE("every day of ten thousand years comes back as it was", "[every]") {
  constexpr std::int64_t kDayUs = 86'400'000'000;
  std::int64_t days = 0;
  // A step that is odd against weeks, months and leap cycles.
  for (std::int64_t us = -62'167'219'200'000'000; us < 253'402'300'800'000'000;
       us += 3 * kDayUs + 1'234'567'891) {
    REQUIRE(parse_timestamp(written(us)) == us);
    ++days;
  }
  CHECK(days > 1'000'000);
}

TEST_CASE("a text that is not exactly a time is none") {
  const std::string text = GENERATE("",
                                    "2026-11-22T02:25:09.123456",
                                    "2026-11-22T02:25:09.123456z",
                                    "2026-11-22 02:25:09.123456Z",
                                    "2026-11-22T02:25:09.12345Z",
                                    "2026-11-22T02:25:09.1234567Z",
                                    "2026-13-22T02:25:09.123456Z",
                                    "2026-00-22T02:25:09.123456Z",
                                    "2026-06-31T02:25:09.123456Z",
                                    "2026-02-29T02:25:09.123456Z",
                                    "2026-11-00T02:25:09.123456Z",
                                    "2026-11-22T24:25:09.123456Z",
                                    "2026-11-22T02:60:09.123456Z",
                                    "2026-11-22T02:25:60.123456Z",
                                    "2026-11-22T02:25:+9.123456Z",
                                    "-026-11-22T02:25:09.123456Z");
  CAPTURE(text);
  CHECK_FALSE(parse_timestamp(text));
}

}  // namespace keyswap::audit
