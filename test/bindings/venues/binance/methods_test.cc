// SPDX-License-Identifier: Apache-2.0
//
// Which methods of the WebSocket API are let through; and that docs/binance.md says the same.
#include "bindings/venues/binance/methods.h"

#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/trading_rules.h"
#include "bindings/venues/binance/hosts.h"
#include "bindings/venues/binance/policy.h"
#include "test/support/data.h"

namespace keyswap::bindings {

using binance::find_method;
using binance::find_open_method;
using binance::Market;
using binance::Method;
using binance::OrderForm;

namespace {

std::string host_of(Market market) {
  for (const auto& host : binance::hosts()) {
    if (host.is_websocket_api && host.market == market) {
      return std::string(host.name);
    }
  }
  return "";
}

TradingRules naming(std::string_view name) {
  TradingRules rules;
  rules.endpoints.push_back({"WS", std::string(name)});
  return rules;
}

}  // namespace

TEST_CASE("each method is found in its market, exactly as it is written") {
  std::set<std::pair<Market, std::string_view>> rows;
  for (const auto& method : binance::methods()) {
    INFO(method.name);
    CHECK(rows.emplace(method.market, method.name).second);
    CHECK(find_method(method.market, method.name) == &method);
    CHECK(binance::is_method_name(method.name));
    CHECK_FALSE(binance::is_value_out_method(method.name));
    CHECK(find_method(method.market, std::string(method.name) + " ") == nullptr);
    CHECK(find_method(method.market, "v9/" + std::string(method.name)) == nullptr);
    CHECK(find_method(method.market, "v3/v3/" + std::string(method.name)) == nullptr);
  }
  CHECK(find_method("Order.place") == nullptr);
  CHECK(find_method("order.Place") == nullptr);
  CHECK(find_method("order.placE") == nullptr);
  CHECK(find_method("order") == nullptr);
  CHECK(find_method("") == nullptr);
}

TEST_CASE("what does not depend on the market is the same in each") {
  for (const auto& method : binance::methods()) {
    INFO(method.name);
    REQUIRE(find_method(method.name) != nullptr);
    CHECK(find_method(method.name)->logon == method.logon);
    CHECK(find_method(method.name)->takes_signature == method.takes_signature);
  }
}

TEST_CASE("a method may have its market's version in front") {
  CHECK(find_method(Market::spot, "v3/order.place") == find_method(Market::spot, "order.place"));
  CHECK(find_method(Market::usd_futures, "v1/order.place") ==
        find_method(Market::usd_futures, "order.place"));
  CHECK(find_method(Market::spot, "v1/order.place") == nullptr);
  CHECK(find_method(Market::usd_futures, "v3/order.place") == nullptr);
  CHECK(find_method(Market::usd_futures, "v2/account.status") !=
        find_method(Market::usd_futures, "account.status"));
  CHECK(find_method(Market::usd_futures, "v2/order.place") == nullptr);
}

TEST_CASE("a method is open, or opened by its name, at the hosts of its market alone") {
  for (const auto& method : binance::methods()) {
    const auto host = host_of(method.market);
    const auto rules = naming(method.name);
    INFO(method.name << " " << host);
    REQUIRE_FALSE(host.empty());
    CHECK((find_open_method(method.name, host, nullptr) == &method) == method.is_open);
    CHECK(find_open_method(method.name, host, &rules) == &method);
    CHECK(find_open_method(method.name, "api.binance.com", &rules) == nullptr);
    CHECK(find_open_method(method.name, "testnet.binancefuture.com", &rules) == nullptr);
    CHECK(find_open_method(method.name, "ws-api.example.com", &rules) == nullptr);
  }
  const auto rules = naming("algoOrder.place");
  CHECK(find_open_method("algoOrder.place", "ws-api.binance.com", &rules) == nullptr);
  CHECK(find_open_method("v3/order.place", "ws-api.binance.com", nullptr) != nullptr);
  const auto replace = naming("order.cancelReplace");
  CHECK(find_open_method("v3/order.cancelReplace", "ws-api.binance.com", &replace) != nullptr);
}

TEST_CASE("orders besides the plain one of spot, and cancelling all, have to be named") {
  std::set<std::string> open;
  for (const auto& method : binance::methods()) {
    const bool changes = method.form != OrderForm::none || method.name.ends_with("cancel") ||
                         method.name.ends_with("cancelAll");
    if (changes && method.is_open) {
      open.insert(std::to_string(static_cast<int>(method.market)) + std::string(method.name));
    }
    CHECK((method.form == OrderForm::none || method.takes_signature));
  }
  CHECK(open ==
        std::set<std::string>{
            "0order.place", "0order.test", "0order.cancel", "1order.cancel", "2order.cancel"});
}

TEST_CASE("what moves value out is blocked under every name, also when named") {
  const auto* const name = GENERATE("account.withdraw",
                                    "WITHDRAW",
                                    "capital.Withdraw.apply",
                                    "v3/asset.transfer",
                                    "sub.universalTransfer",
                                    "pay.payOut");
  INFO(name);
  CHECK(binance::is_value_out_method(name));
  const auto rules = naming(name);
  CHECK(find_open_method(name, "ws-api.binance.com", &rules) == nullptr);
}

TEST_CASE("a method the table does not have is blocked, also when named") {
  const auto rules = naming("order.unheardOf");
  CHECK(find_open_method("order.unheardOf", "ws-api.binance.com", &rules) == nullptr);
}

TEST_CASE("the name of a method is short and plain") {
  CHECK(binance::is_method_name(std::string(64, 'a')));
  CHECK_FALSE(binance::is_method_name(std::string(65, 'a')));
  for (const auto* const name : {"", "a b", "a\"", "a\n", "\xC3\xA9", "a?b", "a:b"}) {
    INFO(name);
    CHECK_FALSE(binance::is_method_name(name));
  }
}

TEST_CASE("docs/binance.md has the table of methods as it is") {
  const std::ifstream file(keyswap::test::tree_path("docs/binance.md"));
  REQUIRE(file.good());
  std::stringstream held;
  held << file.rdbuf();
  const auto text = held.str();
  const std::string begin = "<!-- methods: generated, see the test that compares -->\n";
  const auto at = text.find(begin);
  REQUIRE(at != std::string::npos);
  const auto end = text.find("<!-- end of methods -->", at);
  REQUIRE(end != std::string::npos);
  CHECK(text.substr(at + begin.size(), end - at - begin.size()) ==
        binance::method_table_markdown());
}

}  // namespace keyswap::bindings
