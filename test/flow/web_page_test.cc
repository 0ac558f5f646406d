// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/web_page.h"

#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr const char* kRules =
    "secrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
    "    inject: { header: Authorization, format: \"{secret}\" }\n"
    "    bindings: [ { host: h.example.test } ]\n";

// What becomes of a request with that Host and those fields.
std::optional<Reason> checked(const std::string& host,
                              const std::string& fields,
                              const std::string& top = "",
                              const std::string& target = "/proxy/openai/v1/models") {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step =
      decoder.next("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
  INFO(host << " " << fields);
  REQUIRE(step.kind == http::Step::Kind::head);
  return check_web_page(decoder.take_request(), *test::bindings_of(top + kRules));
}

std::optional<Reason> visited(const std::string& host, const std::string& fields, bool from_here) {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next("GET / HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
  INFO(host << " " << fields);
  REQUIRE(step.kind == http::Step::Kind::head);
  return check_visit(decoder.take_request(), *test::bindings_of(kRules), from_here);
}

const std::string kOurs = "127.0.0.1:8472";
const std::string kOrigin = "Origin: http://localhost:3000\r\n";
const std::string kListed = "allow_origins: [\"http://localhost:3000\", \"tauri://localhost\"]\n";

}  // namespace

TEST_CASE("a program that asks the listener by a name of this machine is no web page") {
  for (const char* host : {"127.0.0.1:8472",
                           "127.0.0.1",
                           "localhost:8472",
                           "LOCALHOST",
                           "localhost:9000",
                           "[::1]:8472",
                           "127.0.1.1:8472"}) {
    CAPTURE(host);
    CHECK_FALSE(checked(host, ""));
  }
  // As the fetch of Node says it.
  CHECK_FALSE(checked(kOurs, "Sec-Fetch-Mode: cors\r\nUser-Agent: node\r\n"));
}

TEST_CASE("a name that somebody made lead here is refused (DNS rebinding)") {
  for (const char* host : {"evil.example:8472",
                           "127.0.0.1.evil.example:8472",
                           "127.evil.example",
                           "localhost.evil.example",
                           "10.0.0.1:8472",
                           "[::2]:8472",
                           "0.0.0.0:8472"}) {
    CAPTURE(host);
    CHECK(checked(host, "") == Reason::origin_not_allowed);
  }
}

TEST_CASE("what a browser says of a page is refused, whatever the page") {
  for (const char* fields : {"Origin: http://evil.example\r\n",
                             "Origin: null\r\n",
                             "Origin: http://127.0.0.1:8472\r\n",
                             "origin:\r\n",
                             "Sec-Fetch-Site: cross-site\r\n",
                             "Sec-Fetch-Site: same-origin\r\n",
                             "sec-fetch-site: none\r\n"}) {
    CAPTURE(fields);
    CHECK(checked(kOurs, fields) == Reason::origin_not_allowed);
  }
}

TEST_CASE("who types the listener's address into a browser may look, and no page lets him") {
  CHECK_FALSE(visited(kOurs, "Sec-Fetch-Site: none\r\n", true));
  CHECK(visited("evil.example:8472", "Sec-Fetch-Site: none\r\n", true) ==
        Reason::origin_not_allowed);
  for (const std::string fields : {"Sec-Fetch-Site: cross-site\r\n",
                                   "Sec-Fetch-Site: same-origin\r\n",
                                   "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
                                   "Sec-Fetch-Site: none\r\nOrigin: null\r\n",
                                   "Origin: http://evil.example\r\n"}) {
    CAPTURE(fields);
    CHECK(visited(kOurs, fields, true) == Reason::origin_not_allowed);
    CHECK(visited(kOurs, fields, false) == Reason::origin_not_allowed);
  }
}

TEST_CASE("F42 from elsewhere the listener is looked at by any name") {
  for (const char* host :
       {"keyswap.internal:9000", "172.17.0.1:8472", "host.docker.internal:8472"}) {
    CAPTURE(host);
    CHECK_FALSE(visited(host, "", false));
    CHECK(visited(host, "", true) == Reason::origin_not_allowed);
  }
}

TEST_CASE("an origin that is listed may come, and no other") {
  CHECK_FALSE(checked(kOurs, kOrigin, kListed));
  CHECK_FALSE(checked(kOurs, kOrigin + "Sec-Fetch-Site: cross-site\r\n", kListed));
  CHECK_FALSE(checked(kOurs, "Origin: tauri://localhost\r\n", kListed));
  for (const std::string fields : {"Origin: http://localhost:3001\r\n",
                                   "Origin: https://localhost:3000\r\n",
                                   "Origin: http://localhost:3000.evil.example\r\n",
                                   "Origin: null\r\n",
                                   "Sec-Fetch-Site: cross-site\r\n"}) {
    CAPTURE(fields);
    CHECK(checked(kOurs, fields, kListed) == Reason::origin_not_allowed);
  }
  CHECK(checked(kOurs, kOrigin + kOrigin, kListed) == Reason::origin_not_allowed);
  CHECK(checked("evil.example:8472", kOrigin, kListed) == Reason::origin_not_allowed);
}

TEST_CASE("a listed origin is also a name of the listener") {
  const std::string named = "allow_origins: [\"http://host.example:8472\"]\n";
  CHECK_FALSE(checked("host.example:8472", "", named));
  CHECK(checked("host.example:8473", "", named) == Reason::origin_not_allowed);
  CHECK(checked("other.example:8472", "", named) == Reason::origin_not_allowed);
}

TEST_CASE("what is asked of the proxy as a proxy names the host that is asked for") {
  const std::string health = "http://healthz.keyswap.invalid/healthz";
  CHECK_FALSE(checked("healthz.keyswap.invalid", "", "", health));
  CHECK(checked("healthz.keyswap.invalid", kOrigin, "", health) == Reason::origin_not_allowed);
}

}  // namespace keyswap::flow
