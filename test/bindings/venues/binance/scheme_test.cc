// SPDX-License-Identifier: Apache-2.0
//
// The keys of `inject: { type: binance, ... }`.
#include <catch2/catch.hpp>

#include "test/bindings/venues/binance/support.h"

namespace keyswap::bindings {

using binance::test::accepted;
using binance::test::binance_yaml;
using binance::test::errors_of;

namespace {

bool has_error(const std::string& yaml, const std::string& text) {
  const auto errors = errors_of(yaml);
  INFO(errors);
  return errors.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("the keys of the scheme are checked where they stand") {
  CHECK(has_error(binance_yaml("", ", key_type: dsa"),
                  "`key_type` must be one of: hmac, rsa, ed25519"));
  CHECK(
      has_error(binance_yaml("", ", proof: maybe"), "`proof` must be one of: off, warn, require"));
  CHECK(has_error(binance_yaml("", ", proof: warn"), "`proof` needs `placeholder_secret`"));
  CHECK(has_error(binance_yaml("", ", proof: warn, placeholder_secret: x, key_type: rsa"),
                  "for `key_type: hmac` only"));
  CHECK(has_error(binance_yaml("", ", body_bytes: drop"), "must be one of: encode, keep"));
  for (const auto* const number : {"0", "60001", "-1", "05", "5s", "99999999999"}) {
    INFO(number);
    CHECK(has_error(binance_yaml("", ", recv_window: \"" + std::string(number) + "\""),
                    "from 1 to 60000"));
  }
  CHECK(errors_of(binance_yaml("", ", recv_window: 60000")).empty());
  const auto with = [](const std::string& inject) {
    return test::with_inject("{ type: binance, " + inject + " }");
  };
  CHECK(has_error(with("api_key: KEY"), "`api_secret` is missing"));
  CHECK(has_error(with("api_key: KEY, api_secret: KEY"), "name the same secret"));
  CHECK(has_error(with("api_key: \"not a name\", api_secret: S"), "must be the name of a secret"));
  CHECK(has_error(with("api_key: K, api_secret: S, header: X"), "is no key of `inject`"));
}

TEST_CASE("a rule of the scheme needs both entries, and is found by its header") {
  const auto bindings = accepted(binance_yaml());
  const auto& injection = bindings.rules[0].injection();
  CHECK(injection.scheme() == "binance");
  CHECK(bindings.rules[0].placement().name() == "x-mbx-apikey");
  REQUIRE(injection.needs().size() == 2);
  CHECK(injection.needs()[0].text() == "KEY");
  CHECK(injection.needs()[1].text() == "SECRET");
  CHECK_FALSE(test::render(bindings.rules[0], {"a", "b"}).status.has_value());
}

}  // namespace keyswap::bindings
