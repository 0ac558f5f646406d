// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/rfc3339.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap {
namespace {

using vault::parse_rfc3339;

TEST_CASE("a time is read with its fraction and its offset (RFC 3339 section 5.8)") {
  CHECK(parse_rfc3339("1985-04-12T23:20:50.52Z") == 482196050);
  CHECK(parse_rfc3339("1996-12-19T16:39:57-08:00") == 851042397);
  CHECK(parse_rfc3339("1996-12-20T00:39:57Z") == 851042397);
  CHECK(parse_rfc3339("1937-01-01T12:00:27.87+00:20") == -1041337173);
  CHECK(parse_rfc3339("1970-01-01t00:00:00z") == 0);
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z") == 1709164800);
  CHECK(parse_rfc3339("2026-01-02T03:04:05.123456789Z") == 1767323045);
}

TEST_CASE("what is no time, or of no day, is none") {
  for (const char* none : {"",
                           "2026-01-02",
                           "2026-01-02T03:04:05",
                           "2026-01-02 03:04:05Z",
                           "2026-1-2T03:04:05Z",
                           "2026-01-02T03:04Z",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:04:05,1Z",
                           "2026-01-02T24:04:05Z",
                           "2026-01-02T03:60:05Z",
                           "2026-01-02T03:04:61Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-02T03:04:05+0200",
                           "2026-01-02T03:04:05+24:00",
                           "2026-01-02T03:04:05+02:00 ",
                           "2026-01-02T03:04:05ZZ",
                           "-026-01-02T03:04:05Z",
                           "1767323045"}) {
    INFO(none);
    CHECK_FALSE(parse_rfc3339(none));
  }
}

}  // namespace
}  // namespace keyswap
