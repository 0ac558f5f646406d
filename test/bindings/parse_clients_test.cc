// SPDX-License-Identifier: Apache-2.0
//
// `allow_users:` and `allow_origins:` (bindings/parse_clients.cc).
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using Catch::Matchers::Contains;
using test::accepted;
using test::errors_of;
using test::warnings_of;
using test::with_top;

TEST_CASE("Users are named as the machine knows them, or by number") {
  const auto users = accepted(with_top("allow_users: [root, 1001, \"70000\"]\n")).allow_users;
  CHECK_FALSE(users.is_everybody);
  for (const std::uint32_t number : {0U, 1001U, 70'000U}) {
    CHECK(users.has(number));
  }
  CHECK_FALSE(users.has(1U));
  CHECK_FALSE(users.has(std::nullopt));
}

TEST_CASE("Without the key no other user is served") {
  const auto users = accepted(with_top("")).allow_users;
  CHECK_FALSE(users.has(0U));
  CHECK_FALSE(users.has(std::nullopt));
}

TEST_CASE("A star is everybody, also whose user is not known, and warns") {
  const std::string yaml = with_top("allow_users: [\"*\"]\n");
  const auto users = accepted(yaml).allow_users;
  CHECK(users.has(1001U));
  CHECK(users.has(std::nullopt));
  CHECK_THAT(warnings_of(yaml), Contains("1:15 every user of this machine may use the secrets"));
  CHECK_THAT(errors_of(with_top("allow_users: [\"*\", root]\n")),
             Contains("1:15 '*' is everybody"));
  CHECK(warnings_of(with_top("allow_users: [root]\n")).empty());
}

TEST_CASE("A list of users that is not one is an error with its place") {
  CHECK_THAT(errors_of(with_top("allow_users: []\n")),
             Contains("1:14 `allow_users` is an empty list"));
  CHECK_THAT(errors_of(with_top("allow_users: root\n")),
             Contains("1:14 `allow_users` must be a list"));
  CHECK_THAT(errors_of(with_top("allow_users: [nobody-of-that-name]\n")),
             Contains("1:15 'nobody-of-that-name' is no user of this machine"));
  CHECK_THAT(errors_of(with_top("allow_users: [-1]\n")), Contains("is no user of this machine"));
  for (const std::string number : {"4294967295", "4294967296", "99999999999999999999"}) {
    CHECK_THAT(errors_of(with_top("allow_users: [" + number + "]\n")),
               Contains("is no user of this machine"));
  }
  CHECK_THAT(errors_of(with_top("allow_users: [root, 0]\n")), Contains("1:21 '0' is listed twice"));
}

TEST_CASE("Where everybody shows a token, a list of users says nothing, and that is told") {
  CHECK_THAT(warnings_of(with_top("allow_users: [root]\ncallers: [ci]\n")),
             Contains("`allow_users` changes nothing here"));
}

TEST_CASE("Origins are written as browsers write them") {
  const auto bindings = accepted(with_top(
      "allow_origins: [\"http://localhost:3000\", \"https://app.example.com\", "
      "\"http://[::1]:3000\", \"chrome-extension://abcdefghijklmnop\", \"tauri://localhost\"]\n"));
  CHECK(bindings.allow_origins.size() == 5);
  CHECK(bindings.allow_origins.front() == "http://localhost:3000");
}

TEST_CASE("What no browser sends as an origin is an error, so that it is not trusted in vain") {
  for (const std::string origin : {"null",
                                   "*",
                                   "localhost",
                                   "localhost:3000",
                                   "http://",
                                   "http://localhost:3000/",
                                   "http://localhost/app",
                                   "http://Localhost:3000",
                                   "http://localhost:80",
                                   "https://app.example.com:443",
                                   "https://me@app.example.com",
                                   "https://*.example.com",
                                   "HTTP://localhost",
                                   "x y://z",
                                   "://a"}) {
    CAPTURE(origin);
    CHECK_THAT(errors_of(with_top("allow_origins: [\"" + origin + "\"]\n")),
               Contains("1:17 this is no origin of a web page"));
  }
  CHECK_THAT(errors_of(with_top("allow_origins: [\"http://a.example\", \"http://a.example\"]\n")),
             Contains("1:37 this origin is listed twice"));
  CHECK_THAT(errors_of(with_top("allow_origins: []\n")), Contains("is an empty list"));
}

TEST_CASE("More users or origins than the bounds are refused") {
  std::string users = "allow_users: [1";
  for (int i = 2; i <= 257; ++i) {
    users += ", " + std::to_string(i);
  }
  CHECK_THAT(errors_of(with_top(users + "]\n")),
             Contains("`allow_users` has more than 256 entries"));
  std::string origins = "allow_origins: [\"http://a0.example\"";
  for (int i = 1; i <= 64; ++i) {
    origins += ", \"http://a" + std::to_string(i) + ".example\"";
  }
  CHECK_THAT(errors_of(with_top(origins + "]\n")),
             Contains("`allow_origins` has more than 64 entries"));
}

}  // namespace keyswap::bindings
