// SPDX-License-Identifier: Apache-2.0
//
// What the descriptor says; above all of the keys of trading.
#include "bindings/venues/binance/venue.h"

#include <catch2/catch.hpp>

#include "bindings/trading_rules.h"
#include "test/bindings/venues/binance/support.h"

namespace keyswap::bindings {

using binance::test::accepted;
using binance::test::binance_yaml;
using binance::test::errors_of;
using binance::test::warnings_of;

namespace {

const TradingRules& rules_of(const Bindings& bindings) {
  const auto& rules = bindings.rules[0].scopes[0].trading;
  REQUIRE(rules != nullptr);
  return *rules;
}

bool has_error(const std::string& yaml, const std::string& text) {
  const auto errors = errors_of(yaml);
  INFO(errors);
  return errors.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("limits are read exactly, lists in upper case, endpoints as they stand") {
  const auto bindings = accepted(binance_yaml(
      ", max_order_usd: 499.99, daily_volume_usd: \"1000.00000001\", symbols: [btcusdt], "
      "order_types: [limit], endpoints: [post /sapi/v1/asset/transfer]"));
  const auto& rules = rules_of(bindings);
  CHECK(rules.max_order_e8 == 49'999'000'000);
  CHECK(rules.daily_volume_e8 == 100'000'000'001);
  CHECK(rules.symbols == std::vector<std::string>{"BTCUSDT"});
  CHECK(rules.order_types == std::vector<std::string>{"LIMIT"});
  REQUIRE(rules.endpoints.size() == 1);
  CHECK(rules.endpoints[0].method == "POST");
  CHECK(rules.endpoints[0].path == "/sapi/v1/asset/transfer");
  CHECK(accepted(binance_yaml()).rules[0].scopes[0].trading == nullptr);
}

TEST_CASE("an endpoint is a method and a whole path") {
  const auto* const text = GENERATE("/sapi/v1/asset/transfer",
                                    "POST",
                                    "POST sapi/v1/asset/transfer",
                                    "POST /sapi/v1/simple-earn/*",
                                    "POST  /sapi/v1/x",
                                    "POST /sapi/v1/x/",
                                    "POST /sapi//x",
                                    "POST /sapi/v1/x?y=z",
                                    "POST /sapi/%78",
                                    "CONNECT /sapi/v1/x",
                                    "* /sapi/v1/x");
  INFO(text);
  CHECK(has_error(binance_yaml(", endpoints: [\"" + std::string(text) + "\"]"),
                  "a method and a whole path"));
}

TEST_CASE("a method of the WebSocket API is named with the word WS") {
  const auto bindings = accepted(binance_yaml(", endpoints: [ws order.cancelReplace]"));
  REQUIRE(rules_of(bindings).endpoints.size() == 1);
  CHECK(rules_of(bindings).endpoints[0].method == "WS");
  CHECK(rules_of(bindings).endpoints[0].path == "order.cancelReplace");
  const auto* const unknown = GENERATE("WS",
                                       "WS order.cancelreplace",
                                       "WS order.*",
                                       "WS v3/order.cancelReplace",
                                       "WS /order.place",
                                       "WS order.place ",
                                       "WS order.unheardOf");
  INFO(unknown);
  CHECK(has_error(binance_yaml(", endpoints: [\"" + std::string(unknown) + "\"]"),
                  "is no method of the WebSocket API that is known"));
  CHECK(has_error(binance_yaml(", endpoints: [WS account.withdraw]"), "moves value out"));
  CHECK(warnings_of(binance_yaml(", endpoints: [WS order.test]")).find("without being named") !=
        std::string::npos);
  // Open on spot, but not for futures.
  CHECK(warnings_of(binance_yaml(", endpoints: [WS order.place]")).empty());
}

TEST_CASE("the error of an endpoint stands at the endpoint") {
  CHECK(errors_of(binance_yaml(", endpoints: [POST /sapi/v1/capital/withdraw/apply]"))
            .starts_with("5:54 this endpoint moves value out of the account"));
}

TEST_CASE("naming what is open for reading is a warning") {
  CHECK(
      warnings_of(binance_yaml(", endpoints: [GET /api/v3/account]")).find("without being named") !=
      std::string::npos);
}

TEST_CASE("the keys of trading are for the scheme binance only") {
  const auto* const key = GENERATE("max_order_usd: 5",
                                   "daily_volume_usd: 5",
                                   "symbols: [A]",
                                   "order_types: [A]",
                                   "endpoints: [POST /x]");
  INFO(key);
  CHECK(has_error(test::with_binding("{ host: api.example.com, " + std::string(key) + " }"),
                  "is only for secrets with `inject: { type: binance, ... }`"));
}

TEST_CASE("F28 only an answer that says the order was refused gives its volume back") {
  for (const int status : {400, 401, 403, 404, 407, 410, 418, 429, 499}) {
    CHECK(binance::venue().says_refused(status));
  }
  for (const int status : {0, 200, 201, 302, 399, 408, 409, 500, 503, 504}) {
    CHECK_FALSE(binance::venue().says_refused(status));
  }
}

}  // namespace keyswap::bindings
