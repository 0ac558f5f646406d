// SPDX-License-Identifier: Apache-2.0
//
// The keys of trading (bindings/parse_trading.cc) and of the scheme `binance`.
#include <catch2/catch.hpp>

#include "bindings/binance/trading_rules.h"
#include "bindings/parse_sections.h"
#include "test/bindings/binance_support.h"

namespace keyswap::bindings {

using test::accepted;
using test::binance_yaml;
using test::errors_of;
using test::warnings_of;

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
  CHECK_FALSE(errors_of(binance_yaml(", " + std::string(key) + ": " + amount)).empty());
}

TEST_CASE("empty lists would allow nothing and are refused") {
  const auto* const key = GENERATE("symbols", "order_types", "endpoints");
  CHECK(has_error(binance_yaml(", " + std::string(key) + ": []"), "is an empty list"));
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
  const auto& injection = *bindings.rules[0].injection;
  CHECK(injection.scheme() == "binance");
  CHECK(injection.header() == "x-mbx-apikey");
  REQUIRE(injection.needs().size() == 2);
  CHECK(injection.needs()[0].text() == "KEY");
  CHECK(injection.needs()[1].text() == "SECRET");
  CHECK_FALSE(test::render(injection, {"a", "b"}).status.has_value());
}

}  // namespace keyswap::bindings
