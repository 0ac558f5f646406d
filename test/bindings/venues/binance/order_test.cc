// SPDX-License-Identifier: Apache-2.0
//
// What orders are worth, and the limits they are held to.
#include "bindings/venues/binance/order.h"

#include <catch2/catch.hpp>

#include "bindings/venues/binance/batch.h"
#include "bindings/venues/binance/parameters.h"
#include "bindings/venues/binance/policy.h"
#include "test/bindings/venues/binance/support.h"

namespace keyswap::bindings {

using binance::test::accepted;
using binance::test::binance_yaml;
using binance::test::judge;
using binance::test::kForm;

namespace {

constexpr std::int64_t kDollar = 100'000'000;
const std::string kLimitOrder = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC";

// What every endpoint of tier 3 can be tried with.
const std::string kNamed =
    ", endpoints: [POST /api/v3/order/cancelReplace, PUT /api/v3/order/amend/keepPriority, "
    "POST /api/v3/order/oco, POST /api/v3/orderList/oco, POST /api/v3/orderList/oto, "
    "POST /api/v3/orderList/otoco, POST /api/v3/orderList/opo, POST /api/v3/orderList/opoco, "
    "POST /api/v3/sor/order, POST /sapi/v1/margin/order, POST /fapi/v1/order, PUT /fapi/v1/order, "
    "POST /fapi/v1/batchOrders, PUT /fapi/v1/batchOrders, POST /fapi/v1/algoOrder, "
    "POST /papi/v1/um/conditional/order, POST /dapi/v1/order, POST /eapi/v1/order, "
    "POST /eapi/v1/batchOrders, POST /eapi/v1/block/order/create, POST "
    "/sapi/v1/convert/acceptQuote, "
    "POST /sapi/v1/asset/transfer]";

Bindings limited(const std::string& rules) {
  return accepted(binance_yaml(kNamed + (rules.empty() ? "" : ", " + rules)));
}

Judgement put(const Bindings& bindings,
              const std::string& parameters,
              const std::string& path = "/api/v3/order",
              const std::string& method = "POST") {
  const auto in_body = judge(bindings, {method, path, parameters, kForm, {}});
  const auto in_query = judge(bindings, {method, path + "?" + parameters, "", "", {}});
  CHECK(in_body.refusal == in_query.refusal);
  CHECK(in_body.volume_e8 == in_query.volume_e8);
  return in_body;
}

// The value under a limit that everything keeps; -1: refused because it is not known, -2:
// malformed.
std::int64_t value(const std::string& parameters,
                   const std::string& path = "/api/v3/order",
                   const std::string& method = "POST") {
  const auto judgement = put(limited("max_order_usd: 90000000000"), parameters, path, method);
  if (judgement.refusal) {
    return *judgement.refusal == SignerRefusal::malformed_request ? -2 : -1;
  }
  REQUIRE(judgement.order.has_value());
  return judgement.order->value_e8.value_or(-1);
}

std::string escaped(const std::string& json) {
  return binance::encode_uri_component(json);
}

}  // namespace

TEST_CASE("F23 the limit of an order by price and quantity is exact") {
  const auto bindings = limited("max_order_usd: 500");
  const auto passing = put(bindings, kLimitOrder + "&price=100&quantity=5");
  CHECK_FALSE(passing.refusal.has_value());
  CHECK(passing.order->value_e8 == 500 * kDollar);
  CHECK(passing.order->symbol == "BTCUSDT");
  CHECK(passing.order->side == "BUY");
  CHECK(passing.order->type == "LIMIT");
  CHECK(passing.volume_e8 == 0);
  CHECK(put(bindings, kLimitOrder + "&price=100&quantity=5.00000001").refusal ==
        SignerRefusal::order_limit_exceeded);
  CHECK(put(bindings, kLimitOrder + "&price=100.00000000000000000001&quantity=5").refusal ==
        SignerRefusal::order_limit_exceeded);
}

TEST_CASE("F24 a market order counts what it spends") {
  const auto bindings = limited("max_order_usd: 500");
  const std::string market = "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=";
  CHECK(put(bindings, market + "500").order->value_e8 == 500 * kDollar);
  CHECK_FALSE(put(bindings, market + "500").refusal.has_value());
  CHECK(put(bindings, market + "500.01").refusal == SignerRefusal::order_limit_exceeded);
}

TEST_CASE("F25 an order whose value is not known is refused where there is a limit") {
  for (const auto* const parameters :
       {"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1",
        "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&price=0.01",
        "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=1&stopPrice=1",
        "symbol=BTCUSDT&side=SELL&type=TAKE_PROFIT&quantity=1&stopPrice=1&price=1",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&price=1",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=0",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quoteOrderQty=1",
        "symbol=BTCUSDT&side=BUY&type=limit&price=1&quantity=1",
        "symbol=BTCUSDT&side=BUY&price=1&quantity=1",
        "side=BUY&type=LIMIT&price=1&quantity=1",
        "symbol=BTCUSDT&side=BUY&type=LIMIT&price=1&quantity=1&pegPriceType=PRIMARY_PEG",
        "symbol=ETHBTC&side=BUY&type=LIMIT&price=1&quantity=1",
        "symbol=BTCEUR&side=BUY&type=MARKET&quoteOrderQty=1",
        "symbol=USDTTRY&side=BUY&type=LIMIT&price=1&quantity=1",
        "symbol=USDT&side=BUY&type=LIMIT&price=1&quantity=1",
        "symbol=BTC-USDT&side=BUY&type=LIMIT&price=1&quantity=1",
        "symbol=%E5%B8%81USDT&side=BUY&type=LIMIT&price=1&quantity=1",
        "symbol=BTCUSDT&side=SELL&type=LIMIT&price=1&reduceOnly=true",
        ""}) {
    INFO(parameters);
    CHECK(value(parameters) == -1);
    CHECK(put(limited("daily_volume_usd: 1000"), parameters).refusal ==
          SignerRefusal::order_limit_exceeded);
    const auto unlimited = put(limited(""), parameters);
    CHECK_FALSE(unlimited.refusal.has_value());
    CHECK(unlimited.volume_e8 == 0);
  }
}

TEST_CASE("numbers that are none, and two quantities, are refused with or without a limit") {
  for (const auto* const parameters : {"price=1e3&quantity=1",
                                       "price=-1&quantity=1",
                                       "price=1&quantity=",
                                       "price=1&quantity=+1",
                                       "price=NaN&quantity=1",
                                       "price=1&quantity=00000000000000000000000000000000000000001",
                                       "quantity=1&quoteOrderQty=1",
                                       "price=1&quantity=1&quoteOrderQty=1",
                                       "quoteOrderQty=.5"}) {
    INFO(parameters);
    const auto order = kLimitOrder + "&" + parameters;
    CHECK(value(order) == -2);
    CHECK(put(limited(""), order).refusal == SignerRefusal::malformed_request);
  }
}

TEST_CASE(
    "other dollars count as dollars, and a symbol named in the binding may be written oddly") {
  for (const auto* const dollar : {"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "USD1"}) {
    INFO(dollar);
    CHECK(value("symbol=BTC" + std::string(dollar) + "&type=LIMIT&price=2&quantity=3") ==
          6 * kDollar);
  }
  CHECK(value("symbol=btcusdt&type=LIMIT&price=2&quantity=3") == 6 * kDollar);
  const auto odd = "symbol=%E5%B8%81USDT&side=BUY&type=LIMIT&price=1&quantity=1";
  const auto judgement = put(limited("max_order_usd: 1, symbols: [\"\xE5\xB8\x81USDT\"]"), odd);
  CHECK_FALSE(judgement.refusal.has_value());
  CHECK(judgement.order->symbol == "___USDT");
}

TEST_CASE("F26 an order counts for the day; one above the day's bound never passes") {
  const auto bindings = limited("daily_volume_usd: 1000");
  const auto judgement = put(bindings, kLimitOrder + "&price=100&quantity=6");
  CHECK_FALSE(judgement.refusal.has_value());
  CHECK(judgement.volume_e8 == 600 * kDollar);
  CHECK(judgement.volume_max_e8 == 1000 * kDollar);
  CHECK(put(bindings, kLimitOrder + "&price=100&quantity=10.01").refusal ==
        SignerRefusal::order_limit_exceeded);
  const std::string nines(20, '9');
  CHECK(put(bindings, kLimitOrder + "&price=" + nines + "&quantity=" + nines).refusal ==
        SignerRefusal::order_limit_exceeded);
}

TEST_CASE("test orders are held to the limit of an order and do not count for the day") {
  const auto bindings = limited("max_order_usd: 500, daily_volume_usd: 400");
  const auto judgement = put(bindings, kLimitOrder + "&price=100&quantity=5", "/api/v3/order/test");
  CHECK_FALSE(judgement.refusal.has_value());
  CHECK(judgement.volume_e8 == 0);
  CHECK(put(bindings, kLimitOrder + "&price=100&quantity=6", "/api/v3/order/test").refusal ==
        SignerRefusal::order_limit_exceeded);
}

TEST_CASE("symbols and order types are held to, with or without limits") {
  const auto bindings = limited("symbols: [BTCUSDT, ethusdt], order_types: [limit, MARKET]");
  const auto refused = [&](const std::string& parameters, const std::string& path) {
    return put(bindings, parameters, path).refusal == SignerRefusal::order_limit_exceeded;
  };
  CHECK_FALSE(refused("symbol=BTCUSDT&type=LIMIT&price=1&quantity=1", "/api/v3/order"));
  CHECK_FALSE(refused("symbol=ETHUSDT&type=MARKET&quantity=1", "/api/v3/order"));
  CHECK(refused("symbol=BNBUSDT&type=LIMIT&price=1&quantity=1", "/api/v3/order"));
  CHECK(refused("type=LIMIT&price=1&quantity=1", "/api/v3/order"));
  CHECK(refused("symbol=BTCUSDT&type=STOP_LOSS&quantity=1", "/api/v3/order"));
  CHECK(refused("symbol=BTCUSDT&quantity=1", "/api/v3/order"));
  CHECK(refused("symbol=BTCUSDT&aboveType=LIMIT&belowType=STOP_LOSS", "/api/v3/orderList/oco"));
  CHECK(refused("symbol=BNBUSDT&type=LIMIT&reduceOnly=true", "/fapi/v1/order"));
  CHECK(refused("symbol=BTCUSDT&type=STOP_MARKET&closePosition=true", "/fapi/v1/order"));
  CHECK(refused("quoteId=1", "/sapi/v1/convert/acceptQuote"));
  CHECK_FALSE(refused("asset=USDT&amount=1&type=MAIN_FUNDING", "/sapi/v1/asset/transfer"));
}

TEST_CASE("a cancel and what is no order are not held to the limits of orders") {
  const auto bindings = limited("max_order_usd: 1, daily_volume_usd: 1, symbols: [BTCUSDT]");
  CHECK_FALSE(put(bindings, "symbol=ETHUSDT&orderId=1", "/api/v3/order", "DELETE").order);
  const auto transfer = put(bindings, "asset=BTC&amount=100", "/sapi/v1/asset/transfer");
  CHECK_FALSE(transfer.refusal.has_value());
  CHECK_FALSE(transfer.order.has_value());
}

TEST_CASE("spot: cancelReplace, SOR and margin are valued as an order; an amendment is nothing") {
  const auto order = kLimitOrder + "&price=2&quantity=3";
  CHECK(value(order + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=1",
              "/api/v3/order/cancelReplace") == 6 * kDollar);
  CHECK(value(order, "/api/v3/sor/order") == 6 * kDollar);
  CHECK(value(order, "/sapi/v1/margin/order") == 6 * kDollar);
  CHECK(value("symbol=BTCUSDT&orderId=1&newQty=5", "/api/v3/order/amend/keepPriority", "PUT") == 0);
}

TEST_CASE("order lists count every leg") {
  const std::string working =
      "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=10&workingQuantity=2";
  CHECK(value("symbol=BTCUSDT&side=SELL&quantity=2&price=11&stopPrice=9&stopLimitPrice=8",
              "/api/v3/order/oco") == 38 * kDollar);
  CHECK(value("symbol=BTCUSDT&side=SELL&quantity=2&price=11&stopPrice=9", "/api/v3/order/oco") ==
        -1);
  CHECK(value("symbol=BTCUSDT&side=SELL&quantity=2&aboveType=LIMIT_MAKER&abovePrice=11&belowType="
              "STOP_LOSS_LIMIT&belowPrice=9&belowStopPrice=9",
              "/api/v3/orderList/oco") == 40 * kDollar);
  CHECK(value("symbol=BTCUSDT&side=SELL&quantity=2&aboveType=LIMIT_MAKER&abovePrice=11&belowType="
              "STOP_LOSS&belowStopPrice=9",
              "/api/v3/orderList/oco") == -1);
  const auto pending = working + "&pendingType=LIMIT&pendingSide=SELL&pendingPrice=12";
  CHECK(value(pending + "&pendingQuantity=2", "/api/v3/orderList/oto") == 44 * kDollar);
  CHECK(value(pending, "/api/v3/orderList/oto") == -1);
  CHECK(value(pending, "/api/v3/orderList/opo") == 44 * kDollar);
  CHECK(value(pending + "&pendingQuantity=9", "/api/v3/orderList/opo") == -1);
  const auto three = working +
                     "&pendingSide=SELL&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=12&"
                     "pendingBelowType=STOP_LOSS_LIMIT&pendingBelowPrice=8&pendingBelowStopPrice=8";
  CHECK(value(three + "&pendingQuantity=1", "/api/v3/orderList/otoco") == 40 * kDollar);
  CHECK(value(three, "/api/v3/orderList/opoco") == 60 * kDollar);
  CHECK(value(pending + "&pendingQuantity=2&pendingQuoteOrderQty=5", "/api/v3/orderList/oto") ==
        -1);
  CHECK(value("symbol=BTCUSDT&workingType=LIMIT&workingSide=SELL&workingPrice=10&workingQuantity=2&"
              "pendingType=LIMIT&pendingSide=BUY&pendingPrice=12",
              "/api/v3/orderList/opo") == -1);
}

TEST_CASE("futures: price times quantity, nothing for what only reduces, unless it is a change") {
  const std::string order = "symbol=BTCUSDT&side=BUY&type=LIMIT&price=2&quantity=3";
  const std::string path = "/fapi/v1/order";
  CHECK(value(order, path) == 6 * kDollar);
  CHECK(value("symbol=BTCUSDT_240628&type=LIMIT&price=2&quantity=3", path) == 6 * kDollar);
  CHECK(value("symbol=BTCUSDT&type=STOP&price=2&quantity=3&stopPrice=1", path) == 6 * kDollar);
  CHECK(value(order + "&reduceOnly=true", path) == 0);
  CHECK(value(order + "&reduceOnly=false", path) == 6 * kDollar);
  CHECK(value(order + "&priceMatch=QUEUE", path) == -1);
  CHECK(value(order + "&priceMatch=NONE", path) == 6 * kDollar);
  CHECK(value("symbol=BTCUSDT&type=MARKET&quantity=3", path) == -1);
  CHECK(value("symbol=BTCUSDT&type=STOP_MARKET&stopPrice=3&closePosition=true", path) == 0);
  CHECK(value(order + "&closePosition=true", path) == 6 * kDollar);
  CHECK(value("symbol=BTCUSDT&type=STOP_MARKET&quantity=1&closePosition=true", path) == -1);
  CHECK(value(order + "&reduceOnly=true", path, "PUT") == 6 * kDollar);
  CHECK(value("symbol=BTCUSDT&type=MARKET&quoteOrderQty=1", path) == -1);
  CHECK(value(order + "&algoType=CONDITIONAL", "/fapi/v1/algoOrder") == 6 * kDollar);
  CHECK(value("symbol=BTCUSDT&strategyType=STOP&price=2&quantity=3&stopPrice=1",
              "/papi/v1/um/conditional/order") == 6 * kDollar);
  CHECK(value("symbol=BTCUSD_PERP&type=LIMIT&price=2&quantity=3", "/dapi/v1/order") == -1);
  CHECK(value("symbol=BTCUSD_PERP&type=LIMIT&price=2&quantity=3&reduceOnly=true",
              "/dapi/v1/order") == 0);
  CHECK(value("symbol=BTC-240628-60000-C&type=LIMIT&price=2&quantity=3", "/eapi/v1/order") ==
        6 * kDollar);
  CHECK(value("legs=%5B%5D", "/eapi/v1/block/order/create") == -1);
  CHECK(value("quoteId=1", "/sapi/v1/convert/acceptQuote") == -1);
}

TEST_CASE("a batch is the sum of its orders, and each is held to the lists") {
  const std::string path = "/fapi/v1/batchOrders";
  const std::string two =
      R"([{"symbol":"BTCUSDT","type":"LIMIT","side":"BUY","price":"2","quantity":"3"},)"
      R"( {"symbol":"ETHUSDT","type":"LIMIT","side":"BUY","price":1,"quantity":0.5}])";
  CHECK(value("batchOrders=" + escaped(two), path) == 650'000'000);
  const auto judgement =
      put(limited("max_order_usd: 6.5, daily_volume_usd: 7"), "batchOrders=" + escaped(two), path);
  CHECK_FALSE(judgement.refusal.has_value());
  CHECK(judgement.volume_e8 == 650'000'000);
  CHECK(judgement.order->symbol == "SEVERAL");
  CHECK(judgement.order->type == "LIMIT");
  CHECK(put(limited("max_order_usd: 6.4"), "batchOrders=" + escaped(two), path).refusal ==
        SignerRefusal::order_limit_exceeded);
  CHECK(put(limited("symbols: [BTCUSDT]"), "batchOrders=" + escaped(two), path).refusal ==
        SignerRefusal::order_limit_exceeded);
  CHECK(value("batchOrders=" + escaped(R"([{"symbol":"BTCUSDT","type":"MARKET","quantity":"3"}])"),
              path) == -1);
  CHECK(value("batchOrders=" +
                  escaped(
                      R"([{"symbol":"BTCUSDT","type":"LIMIT","quantity":"3","reduceOnly":true}])"),
              path) == 0);
  CHECK(value("batchOrders=" + escaped(R"([{"symbol":"BTCUSDT","price":"2","quantity":"3"}])"),
              path,
              "PUT") == 6 * kDollar);
  CHECK(value("orders=" +
                  escaped(R"([{"symbol":"BTC-1-C","type":"LIMIT","price":"2","quantity":"3"}])"),
              "/eapi/v1/batchOrders") == 6 * kDollar);
  CHECK(value("batchOrders=" +
                  escaped(R"([{"symbol":"BTCUSDT","type":"LIMIT","price":1e3,"quantity":3}])"),
              path) == -2);
  CHECK(value("symbol=BTCUSDT", path) == -2);
}

TEST_CASE("a batch is read strictly") {
  CHECK(binance::read_batch(R"( [ { "a" : "b" , "c":-1.5e3,"d":true,"e":null } ] )").has_value());
  for (const auto* const json : {"",
                                 "[]",
                                 "{}",
                                 "[{}]",
                                 R"([{"a":"b"},])",
                                 R"([{"a":"b",}])",
                                 R"([{"a":"b"}]x)",
                                 R"([{"a":"b"}],)",
                                 R"([{"a":"b"})",
                                 R"([{"a":"b"])",
                                 R"([{"a"}])",
                                 R"([{"a":}])",
                                 R"([{"a":{"b":"c"}}])",
                                 R"([{"a":["b"]}])",
                                 R"([["a"]])",
                                 R"([{"a":"b","a":"c"}])",
                                 R"([{"a":"b","A":"c"}])",
                                 R"([{"Quantity":"b"}])",
                                 R"([{"qu\u0061ntity":"b"}])",
                                 R"([{"a":"\u0031"}])",
                                 R"([{"a":yes}])",
                                 R"([{"a":True}])",
                                 R"([{a:"b"}])",
                                 R"([{'a':'b'}])",
                                 R"([{"a":.5}])",
                                 R"([{"a":"b"}/**/])"}) {
    INFO(json);
    CHECK_FALSE(binance::read_batch(json).has_value());
  }
  std::string many = "[";
  for (int i = 0; i < 20; ++i) {
    many += R"({"a":"b"},)";
  }
  CHECK(binance::read_batch(many.substr(0, many.size() - 1) + "]").has_value());
  CHECK_FALSE(binance::read_batch(many + R"({"a":"b"}])").has_value());
}

}  // namespace keyswap::bindings
