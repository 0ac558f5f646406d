// SPDX-License-Identifier: Apache-2.0
//
// Signing: the vectors that Binance publishes (H, W), the ones computed for signing anew (R), and
// what must not be signed.
#include "bindings/venues/binance/resign.h"

#include <catch2/catch.hpp>

#include "bindings/text_sink.h"
#include "bindings/venues/binance/signature.h"
#include "proxy/base/bytes.h"
#include "test/bindings/venues/binance/support.h"

namespace keyswap::bindings {

using binance::test::accepted;
using binance::test::binance_yaml;
using binance::test::BinanceRequest;
using binance::test::kApiKey;
using binance::test::kApiSecret;
using binance::test::kForm;
using binance::test::refusal;
using binance::test::send;

namespace {

const std::string kQueryPart = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC";
const std::string kBodyPart = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
const std::string kOrder = kQueryPart + "&" + kBodyPart;
const std::string kH1 = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
const std::string kH3 = "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77";
const std::string kH4 = "d84e6641b1e328e7b418fff030caed655c266299c9355e36ce801ed14631eed4";
const std::string kR1 = "45e75ccd4c6313e92c4eace52a61ea174845bdee2204ef4e38b2c7bafca10d07";
// As Node's JSON.stringify writes it and ccxt sends it.
const std::string kBatch =
    R"([{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","price":"1","quantity":"1","timeInForce":"GTC"}])";

std::string hmac(const std::string& payload) {
  const auto signature = binance::wire_signature(binance::KeyType::hmac, kApiSecret, payload);
  REQUIRE(signature.has_value());
  return *signature;
}

BinanceRequest order(const std::string& query, const std::string& body = "") {
  return {"POST",
          "/api/v3/order" + (query.empty() ? "" : "?" + query),
          body,
          body.empty() ? "" : kForm,
          {}};
}

const std::string kProof = ", proof: require, placeholder_secret: PLACEHOLDER_SECRET";

// Sends it, after the client's own signature was found to be the placeholder's.
binance::test::Sent resign(const BinanceRequest& request, const std::string& inject = kProof) {
  const auto bindings = accepted(binance_yaml(", endpoints: [POST /fapi/v1/batchOrders]", inject));
  CHECK_FALSE(refusal(bindings, request).has_value());
  auto sent = send(bindings, request);
  CHECK(sent.status.has_value());
  CHECK(sent.key == kApiKey);
  return sent;
}

}  // namespace

TEST_CASE("F30 H1-H4 the published HMAC vectors") {
  CHECK(hmac(kOrder) == kH1);
  CHECK(hmac("symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96" +
             kOrder.substr(kOrder.find("&side"))) ==
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3");
  CHECK(hmac(kQueryPart + kBodyPart) == kH3);
  CHECK(hmac("timestamp=1578963600000") == kH4);
}

TEST_CASE("W1 the WebSocket API signs its parameters by name, unescaped") {
  TextSink sink;
  REQUIRE(binance::write_websocket_payload({{"symbol", "BTCUSDT"},
                                            {"side", "SELL"},
                                            {"type", "LIMIT"},
                                            {"timeInForce", "GTC"},
                                            {"quantity", "0.01000000"},
                                            {"price", "52000.00"},
                                            {"recvWindow", "100"},
                                            {"timestamp", "1645423376532"},
                                            {"signature", "not part of it"},
                                            {"apiKey", kApiKey}},
                                           sink));
  const auto payload = sink.take();
  CHECK(payload == "apiKey=" + kApiKey +
                       "&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol="
                       "BTCUSDT&timeInForce=GTC&timestamp=1645423376532&type=LIMIT");
  CHECK(hmac(payload) == "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24");
}

TEST_CASE("F30 a signature in the query is made anew in its place") {
  const auto sent = resign(order(kOrder + "&signature=" + kR1));
  CHECK(sent.target == "/api/v3/order?" + kOrder + "&signature=" + kH1);
  CHECK_FALSE(sent.changes_body);
}

TEST_CASE("F30 a signature in the middle moves to the end, all else keeps its order") {
  auto query = kOrder;
  query.insert(query.find("&type"), "&signature=" + kR1);
  CHECK(resign(order(query)).target == "/api/v3/order?" + kOrder + "&signature=" + kH1);
}

TEST_CASE("F30 a signature in the body stays there, and the length stays") {
  const auto request = order("", kOrder + "&signature=" + kR1);
  const auto sent = resign(request);
  CHECK(sent.body == kOrder + "&signature=" + kH1);
  CHECK(sent.body.size() == request.body.size());
  CHECK_FALSE(sent.changes_target);
}

TEST_CASE("F30 query and body are signed one behind the other") {
  const std::string signature = "27f5aa3c7e13debcf96c52561a8509ea3d1781a4ee80c5bde1ee80c4841c65fa";
  const auto sent = resign(order(kQueryPart, kBodyPart + "&signature=" + signature));
  CHECK(sent.body == kBodyPart + "&signature=" + kH3);
  CHECK_FALSE(sent.changes_target);
}

TEST_CASE("F30 a query of nothing but the signature") {
  const std::string signature = "6825dade90d918243b14ae190e2de4d3ce62adfaaf3e72cff30614eeaab83101";
  const auto sent = resign(order("signature=" + signature, kBodyPart));
  CHECK(sent.target ==
        "/api/v3/order?signature="
        "005fb617ce346a8836631ae788d278e069b9e24bbce950ac043bb7aac2c0d8e8");
  CHECK_FALSE(sent.changes_body);
}

TEST_CASE("F30 a client that signs other bytes than it sends") {
  const std::string query =
      "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=50&newClientOrderId="
      "a+b%27c%281%29%21%7E*&timestamp=1499827319559";
  const std::string signature = "f6caaff98f5fd193be7f36870d2667b34b7c4d33b923c5338a25438b85dbd203";
  CHECK(resign(order(query + "&signature=" + signature)).target ==
        "/api/v3/order?" + query +
            "&signature=07222be09322888d1161cbd42dc44b588fb82dc5462d459fb2b480e50c25358b");
}

TEST_CASE("F30 raw JSON in the body is percent-encoded, or kept when asked for") {
  const std::string signature = "de34a02e8411e22b0e4cc2ade8142aec529392b4ef8b15b1f1cf6822a88fb486";
  const std::string begin = "timestamp=1499827319559&batchOrders=";
  const std::string end = "&recvWindow=10000";
  const BinanceRequest request{
      "POST", "/fapi/v1/batchOrders", begin + kBatch + end + "&signature=" + signature, kForm, {}};
  CHECK(resign(request).body ==
        begin + binance::encode_uri_component(kBatch) + end +
            "&signature=e83e93db048c86b44ea49d46055c989bb01bdaffdd0ca99a63e68cf773dbd41c");
  CHECK(resign(request, kProof + ", body_bytes: keep").body ==
        begin + kBatch + end +
            "&signature=289ed7290e64a656e661df3b262897ef157568ef684f948b5af54fd9a13cec09");
}

TEST_CASE("F30 the least that can be signed") {
  const std::string signature = "2300503e2b1b5921d0049de62ef842a623335f567d3e48deb1f4e7148db27b8f";
  BinanceRequest request;
  request.target = "/api/v3/account?timestamp=1578963600000&signature=" + signature;
  CHECK(resign(request).target == "/api/v3/account?timestamp=1578963600000&signature=" + kH4);
}

TEST_CASE("a client that does not sign gets timestamp, recvWindow and signature") {
  BinanceRequest request;
  const auto plain = accepted(binance_yaml());
  CHECK(send(plain, request, 1578963600000999).target ==
        "/api/v3/account?timestamp=1578963600000&recvWindow=5000&signature=" +
            hmac("timestamp=1578963600000&recvWindow=5000"));
  const auto windowed = accepted(binance_yaml("", ", recv_window: 10000"));
  const std::string filled = "timestamp=1499827319559&recvWindow=10000";
  CHECK(send(windowed, request).target ==
        "/api/v3/account?" + filled + "&signature=" + hmac(filled));
  request.target += "?recvWindow=100";
  CHECK(send(windowed, request).target ==
        "/api/v3/account?recvWindow=100&timestamp=1499827319559&signature=" +
            hmac("recvWindow=100&timestamp=1499827319559"));
  const auto form = send(windowed, order("", kQueryPart));
  CHECK(form.target == "/api/v3/order?" + filled + "&signature=" + hmac(filled + kQueryPart));
  CHECK_FALSE(form.changes_body);
}

TEST_CASE("a client that signs without a timestamp gets recvWindow only where one is configured") {
  BinanceRequest request;
  request.target = "/api/v3/account?signature=abc";
  const std::string stamp = "timestamp=1499827319559";
  CHECK(send(accepted(binance_yaml()), request).target ==
        "/api/v3/account?" + stamp + "&signature=" + hmac(stamp));
  const std::string both = stamp + "&recvWindow=10000";
  CHECK(send(accepted(binance_yaml("", ", recv_window: 10000")), request).target ==
        "/api/v3/account?" + both + "&signature=" + hmac(both));
}

TEST_CASE("a timestamp of the client is kept byte for byte, and recvWindow is not added") {
  const auto bindings = accepted(binance_yaml("", ", recv_window: 5000"));
  BinanceRequest request;
  request.target = "/api/v3/account?timestamp=01578963600000";
  CHECK(send(bindings, request).target ==
        "/api/v3/account?timestamp=01578963600000&signature=" + hmac("timestamp=01578963600000"));
}

TEST_CASE("F22 public and key-only endpoints get the key and nothing else") {
  const auto bindings = accepted(binance_yaml(", endpoints: [PUT /api/v3/userDataStream]"));
  for (const auto* const target : {"/api/v3/ping",
                                   "/api/v3/time",
                                   "/api/v3/ticker/price?symbol=BTCUSDT",
                                   "/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22%5D",
                                   "/api/v3/klines?symbol=BTCUSDT&interval=1m",
                                   "/api/v3/historicalTrades?symbol=BTCUSDT",
                                   "/fapi/v1/premiumIndex?symbol=BTCUSDT",
                                   "/futures/data/openInterestHist?symbol=BTCUSDT"}) {
    INFO(target);
    BinanceRequest request;
    request.target = target;
    CHECK_FALSE(refusal(bindings, request).has_value());
    const auto sent = send(bindings, request);
    CHECK(sent.key == kApiKey);
    CHECK_FALSE(sent.changes_target);
    CHECK_FALSE(sent.changes_body);
  }
  const BinanceRequest stream{"PUT", "/api/v3/userDataStream?listenKey=abc", "", "", {}};
  CHECK_FALSE(refusal(bindings, stream).has_value());
  CHECK_FALSE(send(bindings, stream).changes_target);
}

TEST_CASE("an endpoint that only begins like a public one is signed") {
  const auto bindings = accepted(binance_yaml());
  for (const auto* const target : {"/api/v3/myTrades", "/api/v3/tickers", "/fapi/v3/account"}) {
    BinanceRequest request;
    request.target = target;
    CHECK(send(bindings, request).target.find("&signature=") != std::string::npos);
  }
}

TEST_CASE("empty pairs are dropped, other bytes stay") {
  const auto bindings = accepted(binance_yaml());
  BinanceRequest request;
  request.target = "/api/v3/allOrders?&&symbol=%42TCUSDT&&timestamp=1&";
  CHECK(send(bindings, request).target ==
        "/api/v3/allOrders?symbol=%42TCUSDT&timestamp=1&signature=" +
            hmac("symbol=%42TCUSDT&timestamp=1"));
}

TEST_CASE("F29 one name twice is refused, however it is written and wherever it stands") {
  const auto bindings = accepted(binance_yaml());
  const auto [query, body] =
      GENERATE(table<std::string, std::string>({{"symbol=A&symbol=B", ""},
                                                {"symbol=A&%73ymbol=A", ""},
                                                {"symbol=A&side=BUY&symbol=A", ""},
                                                {"", "symbol=A&symbol=B"},
                                                {"", "symbol=A&s%79mbol=B"},
                                                {"symbol=A", "symbol=A"},
                                                {"symbol=A", "%73ymbol=B"},
                                                {"signature=a&signature=b", ""},
                                                {"signature=a", "signature=a"},
                                                {"%73ignature=a", "signature=a"},
                                                {"timestamp=1", "timestamp=2"},
                                                {"newClientOrderId=a&newclientorderid=b", ""},
                                                {"foo", "foo="}}));
  INFO(query << " | " << body);
  CHECK(refusal(bindings, order(query, body)) == SignerRefusal::malformed_request);
}

TEST_CASE("F29 a name that the policy reads is not taken in another case") {
  const auto bindings = accepted(binance_yaml());
  const auto* const name = GENERATE("Symbol",
                                    "SIGNATURE",
                                    "TimeStamp",
                                    "Quantity",
                                    "PRICE",
                                    "quoteorderqty",
                                    "QuoteOrderQty",
                                    "Type",
                                    "recvwindow",
                                    "%53ymbol",
                                    "reduceonly",
                                    "batchorders");
  INFO(name);
  CHECK(refusal(bindings,
                order(kQueryPart.substr(kQueryPart.find("&side") + 1) + "&" + std::string(name) +
                      "=1")) == SignerRefusal::malformed_request);
}

TEST_CASE("parameters that can be read in more than one way are refused") {
  const auto bindings = accepted(binance_yaml());
  const auto* const query = GENERATE("symbol=%4",
                                     "symbol=%zz",
                                     "sy%mbol=a",
                                     "a;quantity=1",
                                     "a=1;b=2",
                                     "=1",
                                     "symbol%00=A",
                                     "symbol+=A",
                                     "symbol%20=A",
                                     "quantity[]=1",
                                     "a.b=1");
  INFO(query);
  CHECK(refusal(bindings, order(query)) == SignerRefusal::malformed_request);
  CHECK(refusal(bindings, order("", query)) == SignerRefusal::malformed_request);
}

TEST_CASE("more parameters than any endpoint has are refused") {
  const auto bindings = accepted(binance_yaml());
  std::string query = "a0=1";
  for (int i = 1; i < 200; ++i) {
    query += "&a" + std::to_string(i) + "=1";
  }
  BinanceRequest request;
  request.target = "/api/v3/account?" + query;
  CHECK_FALSE(refusal(bindings, request).has_value());
  request.target += "&b=1";
  CHECK(refusal(bindings, request) == SignerRefusal::malformed_request);
}

TEST_CASE("a body that is no form is refused; an empty one may have any type") {
  const auto bindings = accepted(binance_yaml());
  const auto type = [&](const std::string& text, const std::string& body) {
    auto request = order(body.empty() ? kOrder : "", body);
    request.content_type = text;
    return refusal(bindings, request);
  };
  CHECK_FALSE(type("application/json", "").has_value());
  CHECK_FALSE(type("", "").has_value());
  CHECK_FALSE(type(kForm, kOrder).has_value());
  CHECK_FALSE(type("Application/X-WWW-Form-Urlencoded ; charset=utf-8", kOrder).has_value());
  CHECK(type("application/json", "{}") == SignerRefusal::malformed_request);
  CHECK(type("", kOrder) == SignerRefusal::malformed_request);
  CHECK(type("text/plain", kOrder) == SignerRefusal::malformed_request);
  CHECK(type("application/x-www-form-urlencoded-not", kOrder) == SignerRefusal::malformed_request);
  auto encoded = order("", kOrder);
  encoded.fields = {{"Content-Encoding", "gzip"}};
  CHECK(refusal(bindings, encoded) == SignerRefusal::malformed_request);
  auto twice = order("", kOrder);
  twice.fields = {{"content-type", "application/json"}};
  CHECK(refusal(bindings, twice) == SignerRefusal::malformed_request);
  const BinanceRequest reading{"GET", "/api/v3/account", "timestamp=1", kForm, {}};
  CHECK(refusal(bindings, reading) == SignerRefusal::malformed_request);
}

TEST_CASE("proof: the client's own signature must be the placeholder's") {
  const auto required = accepted(binance_yaml("", kProof));
  const auto warned =
      accepted(binance_yaml("", ", proof: warn, placeholder_secret: PLACEHOLDER_SECRET"));
  const auto off = accepted(binance_yaml());
  std::string upper = kR1;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  CHECK_FALSE(refusal(required, order(kOrder + "&signature=" + upper)).has_value());
  for (const auto& query : {kOrder + "&signature=" + kH1, kOrder, kOrder + "&signature="}) {
    INFO(query);
    CHECK(refusal(required, order(query)) == SignerRefusal::malformed_request);
    const auto judgement = binance::test::judge(warned, order(query));
    CHECK_FALSE(judgement.refusal.has_value());
    CHECK(judgement.is_unproven);
    CHECK_FALSE(binance::test::judge(off, order(query)).is_unproven);
  }
  CHECK_FALSE(binance::test::judge(warned, order(kOrder + "&signature=" + kR1)).is_unproven);
  BinanceRequest open;
  open.target = "/api/v3/time";
  CHECK_FALSE(refusal(required, open).has_value());
}

TEST_CASE("F31 neither secret nor key stands in what is sent, but the key in its header") {
  const auto sent = send(accepted(binance_yaml()), order(kQueryPart, kBodyPart));
  CHECK((sent.target + sent.body).find(kApiSecret) == std::string::npos);
  CHECK((sent.target + sent.body).find(kApiKey) == std::string::npos);
}

TEST_CASE("a key that is none refuses the request") {
  const auto bindings = accepted(binance_yaml());
  CHECK_FALSE(send(bindings, order(kOrder), 0, "").status.has_value());
  const auto rsa = accepted(binance_yaml("", ", key_type: rsa"));
  CHECK_FALSE(send(rsa, order(kOrder), 0, "no key").status.has_value());
}

TEST_CASE("the time of a client that brings none may be the exchange's, and no other") {
  const auto bindings = accepted(binance_yaml());
  const auto follows = [&](const BinanceRequest& request) {
    return binance::test::signer_of(bindings).follows_upstream_clock(
        binance::test::Seen(request).whole());
  };
  CHECK(follows(order(kQueryPart)));
  CHECK(follows(order("", kQueryPart)));
  CHECK(follows(order(kQueryPart + "&signature=" + kR1)));
  CHECK_FALSE(follows(order(kOrder)));
  CHECK_FALSE(follows(order(kQueryPart, kBodyPart)));
  CHECK_FALSE(follows({"GET", "/api/v3/ticker/price?symbol=BTCUSDT", "", "", {}}));
  CHECK_FALSE(follows(order("a=1&a=2")));
}

}  // namespace keyswap::bindings
