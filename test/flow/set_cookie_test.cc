// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/set_cookie.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

constexpr std::int64_t kNovember = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

// Of "sid"; -1: as long as the session; -2: it is cleared, or another one.
std::int64_t life_of(const std::string& attributes,
                     std::optional<std::int64_t> sent_s = std::nullopt) {
  const auto read = read_set_cookie("sid=a-value-0001" + attributes, "sid", sent_s);
  return read ? read->life_s.value_or(-1) : -2;
}

}  // namespace

TEST_CASE("the value of a cookie is what stands between its name and its attributes") {
  const auto value = [](std::string_view field) {
    const auto read = read_set_cookie(field, "sid", std::nullopt);
    return read ? std::string(read->value) : "none";
  };
  CHECK(value("sid=abc") == "abc");
  CHECK(value(" sid = a=b ; Path=/; Secure") == "a=b");
  CHECK(value("sid=\"abc\"; HttpOnly") == "abc");
  CHECK(value("sid=") == "");
  CHECK(value("SID=abc") == "none");
  CHECK(value("sid") == "none");
  CHECK(value("x=1; sid=abc") == "none");
  CHECK(value("") == "none");
}

TEST_CASE("a cookie is good for its Max-Age, and else until it expires") {
  CHECK(life_of("") == -1);
  CHECK(life_of("; Max-Age=3600") == 3600);
  CHECK(life_of(";max-age = 06 ;x") == 6);
  CHECK(life_of("; Max-Age=1; Max-Age=2") == 2);
  CHECK(life_of("; Max-Age=99999999999999999999999") == std::int64_t{100} * 366 * 24 * 3600);
  CHECK(life_of("; Expires=Sun, 06 Nov 1994 08:49:37 GMT", kNovember - 60) == 60);
  CHECK(life_of("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5", kNovember) == 5);
  CHECK(life_of("; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kNovember) == 5);
  // What cannot be read says nothing.
  for (const auto* const other : {"; Max-Age",
                                  "; Max-Age=",
                                  "; Max-Age=1.5",
                                  "; Max-Age=-",
                                  "; Max-Age=+5",
                                  "; Expires=soon",
                                  "; Expires",
                                  "; Age=0"}) {
    INFO(other);
    CHECK(life_of(other, kNovember) == -1);
  }
  CHECK(life_of("; Max-Age=7; Max-Age=never") == 7);
}

TEST_CASE("a cookie that is over already is cleared, and has no value") {
  for (const auto* const cleared : {"; Max-Age=0",
                                    "; path=/; max-age = 00",
                                    "; Max-Age=-1; Secure",
                                    "; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
                                    "; Expires=Thu, 01-Jan-1970 00:00:01 GMT",
                                    "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=x"}) {
    INFO(cleared);
    CHECK(life_of(cleared, kNovember) == -2);
  }
  // The server does not say what time it is.
  CHECK(life_of("; Expires=Thu, 01-Jan-1970 00:00:01 GMT") == -2);
  CHECK(life_of("; Expires=Tue, 31 Dec 2019 23:59:59 GMT") == -2);
  CHECK(life_of("; Expires=Wed, 01 Jan 2020 00:00:00 GMT") == -1);
}

TEST_CASE("the ways in which a cookie's day is written") {
  for (const auto* const same : {"Sun, 06 Nov 1994 08:49:37 GMT",
                                 "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994",
                                 "Sun, 06-Nov-1994 08:49:37 GMT",
                                 "6 nov 94 8:49:37",
                                 "08:49:37 1994 November 06",
                                 "Nov/6/1994;08:49:37UTC"}) {
    INFO(same);
    CHECK(parse_cookie_date(same) == kNovember);
  }
  CHECK(parse_cookie_date("01 Jan 69 00:00:00") == 3'124'224'000);  // 2069
  CHECK(parse_cookie_date("01 Jan 70 00:00:00") == 0);
  for (const auto* const none : {"",
                                 "Nov",
                                 "06 Nov 1994",
                                 "06 Nov 08:49:37",
                                 "31 Feb 1994 08:49:37",
                                 "0 Nov 1994 08:49:37",
                                 "06 Nov 1994 24:00:00",
                                 "06 Nov 1994 08:60:00",
                                 "06 Nov 1600 08:49:37",
                                 "06 Nov 19945 08:49:37",
                                 "006 Nov 1994 08:49:37",
                                 "06 Now 1994 08:49:37"}) {
    INFO(none);
    CHECK(parse_cookie_date(none) == std::nullopt);
  }
}

}  // namespace keyswap::flow
