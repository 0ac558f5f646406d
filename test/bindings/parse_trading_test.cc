// SPDX-License-Identifier: Apache-2.0
//
// The keys of trading (bindings/parse_trading.cc), with a venue that takes all of them but one.
#include <catch2/catch.hpp>

#include "bindings/trading_rules.h"
#include "test/bindings/support.h"
#include "test/support/fake_venue.h"

namespace keyswap::bindings {

namespace {

using keyswap::test::bazaar_alone;
using keyswap::test::bazaar_yaml;

std::string errors_with(const std::string& keys) {
  return test::errors_of(bazaar_yaml("{ host: a.bazaar.test, " + keys + " }"), bazaar_alone());
}

}  // namespace

TEST_CASE("the keys of trading are read exactly, words in upper case, endpoints as they stand") {
  const auto bindings = test::accepted(
      bazaar_yaml("{ host: a.bazaar.test, max_order_usd: 499.99, daily_volume_usd: 1000.00000001, "
                  "symbols: [rug], endpoints: [post /sell/All] }, { host: b.bazaar.test }"),
      bazaar_alone());
  const auto& scopes = bindings.rules[0].scopes;
  REQUIRE(scopes[0].trading != nullptr);
  CHECK(scopes[0].trading->max_order_e8 == 49'999'000'000);
  CHECK(scopes[0].trading->daily_volume_e8 == 100'000'000'001);
  CHECK(scopes[0].trading->symbols == std::vector<std::string>{"RUG"});
  CHECK(scopes[0].trading->order_types.empty());
  REQUIRE(scopes[0].trading->endpoints.size() == 1);
  CHECK(scopes[0].trading->endpoints[0].method == "POST");
  CHECK(scopes[0].trading->endpoints[0].path == "/sell/All");
  CHECK(scopes[1].trading == nullptr);
}

TEST_CASE("an amount is decimal digits above zero") {
  const auto* const key = GENERATE("max_order_usd", "daily_volume_usd");
  const auto* const amount = GENERATE("0",
                                      "0.0",
                                      "-5",
                                      "1e3",
                                      "$5",
                                      "5 USD",
                                      "0.000000001",
                                      "1,000",
                                      "99999999999999999999",
                                      "[5]",
                                      "",
                                      ".inf");
  INFO(key << ": " << amount);
  CHECK_FALSE(errors_with(std::string(key) + ": " + amount).empty());
}

TEST_CASE("empty lists would allow nothing and are refused") {
  const auto* const key = GENERATE("symbols", "order_types", "endpoints");
  CHECK(errors_with(std::string(key) + ": []").find("is an empty list") != std::string::npos);
}

TEST_CASE("what an endpoint may be, the venue says, and at its place") {
  CHECK(errors_with("endpoints: [GET /x, POST /withdraw]") ==
        "6:60 the bazaar pays nothing out | \n");
}

TEST_CASE("which hosts may be bound, the venue says") {
  CHECK(test::errors_of(bazaar_yaml("{ host: till.bazaar.test }"), bazaar_alone())
            .find("till cannot be bound") != std::string::npos);
}

TEST_CASE("a key is for the venues that take it, and none at all where there are none") {
  const auto foreign = test::with_binding("{ host: a.bazaar.test, symbols: [RUG] }");
  CHECK(test::errors_of(foreign, bazaar_alone())
            .find("`symbols` is only for secrets with `inject: { type: bazaar, ... }`") !=
        std::string::npos);
  CHECK(test::errors_of(foreign).find("'symbols' is no key of `bindings`") != std::string::npos);
  CHECK(errors_with("order_types: [A]").find("'order_types' is no key of `bindings`") !=
        std::string::npos);
}

}  // namespace keyswap::bindings
