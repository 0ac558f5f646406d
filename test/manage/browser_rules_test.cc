// SPDX-License-Identifier: Apache-2.0
//
// What a browser is led to do by others, each once wrong and once right.
#include "proxy/manage/browser_rules.h"

#include "test/manage/support.h"

namespace keyswap::manage {

namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

const Fields::value_type kHost{"Host", "127.0.0.1:8474"};
const Fields::value_type kJson{"Content-Type", "application/json"};

// 0: it may go on.
int get(const Fields& fields, std::string_view target = "/api/status") {
  const auto refused =
      BrowserRules::of_address("127.0.0.1:8474").check(test::head_of("GET", target, fields));
  return refused ? refused->status : 0;
}

int post(const Fields& fields) {
  const auto refused = BrowserRules::of_address("127.0.0.1:8474")
                           .check(test::head_of("POST", "/api/reload", fields, true));
  return refused ? refused->status : 0;
}

}  // namespace

TEST_CASE("a name that DNS leads here is refused") {
  for (const char* const host :
       {"127.0.0.1:8474", "localhost:8474", "LOCALHOST:8474", "[::1]:8474"}) {
    CHECK(get({{"Host", host}}) == 0);
  }
  for (const char* const host : {"evil.test:8474",
                                 "127.0.0.1:P.evil.test",
                                 "127.0.0.1:8474.evil.test",
                                 "127.0.0.1",
                                 "127.0.0.1:8472",
                                 "127.1:8474",
                                 ""}) {
    CHECK(get({{"Host", host}}) == 421);
  }
  CHECK(get({}) == 421);
  CHECK(get({kHost, kHost}) == 421);
  CHECK(get({kHost}, "http://127.0.0.1:8474/api/status") == 0);
  CHECK(get({kHost}, "http://evil.test:8474/api/status") == 421);
  CHECK(get({kHost}, "https://127.0.0.1:8474/api/status") == 421);
  CHECK_FALSE(BrowserRules::of_unix_socket().check(
      test::head_of("GET", "/api/status", {{"Host", "keyswap"}})));
}

TEST_CASE("the address that is listened on is a name, and at the port of http each is without it") {
  const auto status_of = [](const std::string& address, const Fields& fields) {
    const auto refused =
        BrowserRules::of_address(address).check(test::head_of("GET", "/api/status", fields));
    return refused ? refused->status : 0;
  };
  CHECK(status_of("127.0.0.2:8474", {{"Host", "127.0.0.2:8474"}}) == 0);
  CHECK(status_of("127.0.0.2:8474",
                  {{"Host", "127.0.0.2:8474"}, {"Origin", "http://127.0.0.2:8474"}}) == 0);
  CHECK(status_of("127.0.0.2:8474", {{"Host", "localhost:8474"}}) == 0);
  CHECK(status_of("127.0.0.2:8474", {{"Host", "127.0.0.2"}}) == 421);
  CHECK(status_of("127.0.0.2:8474", {{"Host", "127.0.0.3:8474"}}) == 421);
  CHECK(status_of("[::1]:8474", {{"Host", "[::1]:8474"}}) == 0);
  for (const char* const host : {"127.0.0.1", "127.0.0.1:80", "localhost", "[::1]", "[::1]:80"}) {
    CHECK(status_of("127.0.0.1:80", {{"Host", host}}) == 0);
  }
  CHECK(status_of("127.0.0.1:80", {{"Host", "localhost"}, {"Origin", "http://localhost"}}) == 0);
  CHECK(status_of("127.0.0.1:80", {{"Host", "evil.test"}}) == 421);
  CHECK(status_of("127.0.0.1:8080", {{"Host", "localhost"}}) == 421);
}

TEST_CASE("another origin is refused, another port of this machine too") {
  CHECK(post({kHost, kJson}) == 0);
  CHECK(post({kHost, kJson, {"Origin", "http://127.0.0.1:8474"}}) == 0);
  CHECK(
      post(
          {kHost, kJson, {"Origin", "http://127.0.0.1:8474"}, {"Sec-Fetch-Site", "same-origin"}}) ==
      0);
  for (const char* const origin : {"null",
                                   "http://127.0.0.1:9999",
                                   "https://127.0.0.1:8474",
                                   "http://localhost:8474",
                                   "http://127.0.0.1:8474.evil.test",
                                   "http://evil.test"}) {
    CHECK(post({kHost, kJson, {"Origin", origin}}) == 403);
    CHECK(get({kHost, {"Origin", origin}}) == 403);
  }
  for (const char* const site : {"same-site", "cross-site", "none"}) {
    CHECK(post({kHost, kJson, {"Sec-Fetch-Site", site}}) == 403);
  }
  CHECK(get({kHost, {"Sec-Fetch-Site", "none"}}) == 0);
  CHECK(get({kHost, {"Sec-Fetch-Site", "same-site"}}) == 403);
}

TEST_CASE("no form changes anything, and no preflight is granted") {
  CHECK(post({kHost}) == 415);
  for (const char* const type :
       {"text/plain", "application/x-www-form-urlencoded", "text/plain;application/json"}) {
    CHECK(post({kHost, {"Content-Type", type}}) == 415);
  }
  CHECK(post({kHost, {"Content-Type", "application/json; charset=utf-8"}}) == 0);
  const auto refused = BrowserRules::of_address("127.0.0.1:8474")
                           .check(test::head_of("OPTIONS", "/api/reload", {kHost}));
  REQUIRE(refused);
  CHECK(refused->status == 403);
  CHECK(BrowserRules::of_address("127.0.0.1:8474")
            .check(test::head_of("GET", "/api/status", {kHost}, true)));
}

}  // namespace keyswap::manage
