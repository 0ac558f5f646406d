// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/date.h"

#include <catch2/catch.hpp>

namespace keyswap::http {
namespace {

TEST_CASE("a date is of one form, and of a day that there is") {
  CHECK(parse_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK(parse_date("Thu, 29 Feb 2024 00:00:00 GMT") == 1709164800);
  for (const char* none : {"Mon, 06 Nov 1994 08:49:37 GMT",  // it was a Sunday
                           "Xyz, 06 Nov 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994",
                           "Wed, 29 Feb 2023 00:00:00 GMT",
                           "Sun, 06 Nov 1994 24:49:37 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, +6 Nov 1994 08:49:37 GMT",
                           ""}) {
    INFO(none);
    CHECK_FALSE(parse_date(none));
  }
}

}  // namespace
}  // namespace keyswap::http
