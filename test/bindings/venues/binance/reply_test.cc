// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/reply.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

// "id status", or "" for what is no reply. Fed in two pieces, cut at each byte; each cut must give
// the same, and the reader must be ready for the next message.
std::string reply_in(const std::string& text) {
  const auto reader = binance::make_reply_reader();
  std::string first;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    reader->feed(std::string_view(text).substr(0, cut));
    reader->feed(std::string_view(text).substr(cut));
    const auto reply = reader->finish();
    const auto shown = reply ? reply->id + " " + std::to_string(reply->status) : "";
    if (cut == 0) {
      first = shown;
    }
    REQUIRE(shown == first);
  }
  return first;
}

}  // namespace

TEST_CASE("a reply is known by its id and status, wherever they stand") {
  CHECK(reply_in(R"({"id":"a1","status":200,"result":{}})") == "\"a1\" 200");
  CHECK(reply_in(
            R"({ "result" : [ { "id" : 5 , "status" : 400 } ] , "status" : 409 , "id" : -17 } )") ==
        "-17 409");
  CHECK(reply_in(R"({"error":{"code":-1022,"msg":"say \"no\" \\"},"id":"x\"y","status":400})") ==
        "\"x\\\"y\" 400");
  CHECK(reply_in(R"({"\u0069d":"\u0061","st\u0061tus":503})") == "\"a\" 503");
  CHECK(reply_in(R"({"id":9223372036854775807,"status":200})") == "9223372036854775807 200");
  CHECK(reply_in("{\"id\":\"a\",\"status\":200,\"a\":[[],{},[{}],1.5e3,true,null,\"\"]}") ==
        "\"a\" 200");
}

TEST_CASE("a reply without an id, and one without a status") {
  CHECK(reply_in(R"({"id":null,"status":401,"error":{"code":-2015}})") == " 401");
  CHECK(reply_in(R"({"status":400})") == " 400");
  CHECK(reply_in(R"({"id":"a","result":null})") == "\"a\" 0");
}

TEST_CASE("an event is no reply") {
  CHECK(reply_in(R"({"subscriptionId":0,"event":{"id":"a","status":200}})").empty());
  CHECK(reply_in("{}").empty());
  CHECK(reply_in(R"({"ID":"a","Status":200})").empty());
}

TEST_CASE("what is malformed is no reply") {
  const auto* const text = GENERATE(R"({"id":"a","status":200)",
                                    R"({"id":"a","status":200}})",
                                    R"({"id":"a","status":200}{})",
                                    R"({"id":"a","status":200},)",
                                    R"([{"id":"a","status":200}])",
                                    R"({"id":"a","status":200,})",
                                    R"({"id":"a","status":200,"x"})",
                                    R"({"id":"a","status":200,"x":})",
                                    R"({"id":"a","status":200,"x":1 2})",
                                    R"({"id":"a","status":200,"x":[1,]})",
                                    R"({"id":"a","status":200,"x":[1})",
                                    R"({"id":"a","status":200,"x":{]})",
                                    R"({"id":"a" "status":200})",
                                    R"({"id" "a","status":200})",
                                    R"({"id":"a","status":200,1:2})",
                                    R"({"id":"a","id":"b","status":200})",
                                    R"({"id":"a","\u0069d":"a","status":200})",
                                    R"({"id":"a","status":200,"status":200})",
                                    R"({"id":"a","status":"200"})",
                                    R"({"id":"a","status":2e2})",
                                    R"({"id":"a","status":20})",
                                    R"({"id":"a","status":600})",
                                    R"({"id":"a","status":99999999999})",
                                    R"({"id":"a","status":null})",
                                    R"({"id":"a","status":{}})",
                                    R"({"id":["a"],"status":200})",
                                    R"({"id":true,"status":200})",
                                    R"({"id":1.5,"status":200})",
                                    R"({"id":"\ud83d","status":200})",
                                    "{\"id\":\"a\nb\",\"status\":200}",
                                    "{\"id\":\"a\",\"status\":200,\"x\":\"\n\"}",
                                    "\"id\"",
                                    "1",
                                    "",
                                    "?");
  INFO(text);
  CHECK(reply_in(text).empty());
}

TEST_CASE("a long reply is read without being kept, nesting is bounded") {
  const auto reader = binance::make_reply_reader();
  reader->feed(R"({"result":[)");
  for (int i = 0; i < 10'000; ++i) {
    reader->feed(R"({"id":1,"symbol":"BTCUSDT","list":["a","b\"]"]},)");
  }
  reader->feed(R"({}],"id":"z","status":200,")" + std::string(100'000, 'n') + "\":1}");
  const auto reply = reader->finish();
  REQUIRE(reply.has_value());
  CHECK(reply->id == "\"z\"");
  CHECK(reply->status == 200);

  const auto nested = [](std::size_t depth) {
    return R"({"id":"a","status":200,"x":)" + std::string(depth, '[') + std::string(depth, ']') +
           "}";
  };
  CHECK(reply_in(nested(63)) == "\"a\" 200");
  CHECK(reply_in(nested(64)).empty());
  CHECK(reply_in(R"({"id":")" + std::string(64, 'a') + R"(","status":200})") ==
        "\"" + std::string(64, 'a') + "\" 200");
  CHECK(reply_in(R"({"id":")" + std::string(65, 'a') + R"(","status":200})").empty());
  CHECK(reply_in(R"({"id":")" + std::string(400, 'a') + R"(","status":200})").empty());
}

TEST_CASE("a refusal reads like a reply of the exchange, with the id as it was") {
  MessageRefusal refusal;
  refusal.id = "\"a\\\"1\"";
  refusal.status = 403;
  refusal.reason = "order_limit_exceeded";
  refusal.detail = "an order above the limit, \"BTCUSDT\"";
  refusal.request_id = "r-1";
  const auto text = binance::refusal_text(refusal);
  CHECK(text ==
        R"({"id":"a\"1","status":403,"error":{"code":-1,"msg":"keyswap: an order above the limit, )"
        R"(\"BTCUSDT\"","data":{"reason":"order_limit_exceeded","request_id":"r-1"}}})");
  CHECK(reply_in(text) == "\"a\\\"1\" 403");
  refusal.id = "17";
  refusal.retry_after_ms = 1500;
  CHECK(reply_in(binance::refusal_text(refusal)) == "17 403");
  CHECK(binance::refusal_text(refusal).find(R"("retryAfterMs":1500)") != std::string::npos);
  refusal.id = "";
  CHECK(binance::refusal_text(refusal).starts_with(R"({"id":null,"status":403,)"));
}

}  // namespace keyswap::bindings
