// SPDX-License-Identifier: Apache-2.0
//
// How a message to the WebSocket API is read, and written anew.
#include "bindings/venues/binance/message.h"

#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "bindings/text_sink.h"

namespace keyswap::bindings {

using binance::Message;
using binance::read_message;

namespace {

std::string written(const Message& message, std::string_view api_key = "") {
  TextSink sink;
  REQUIRE(binance::write_message(message, api_key, sink));
  return sink.take();
}

std::string payload_of(const Message& message, std::string_view api_key = "") {
  TextSink sink;
  REQUIRE(binance::write_payload(message, api_key, sink));
  return sink.take();
}

// As written anew; "" if it is refused.
std::string rewritten(std::string_view text) {
  const auto message = read_message(text);
  return message ? written(*message) : "";
}

Message message_of(std::string_view text) {
  auto message = read_message(text);
  REQUIRE(message.has_value());
  return std::move(*message);
}

std::string with_params(const std::string& params) {
  return R"({"id":1,"method":"order.place","params":)" + params + "}";
}

}  // namespace

TEST_CASE("a message is written anew in one form, its parameters in their order") {
  CHECK(rewritten(R"({"params":{"b":"1","a":0.10},"method":"order.place","id":"x"})") ==
        R"({"id":"x","method":"order.place","params":{"b":"1","a":0.10}})");
  CHECK(rewritten(" {\r\n\t\"method\" : \"ping\" } \n") == R"({"method":"ping"})");
  CHECK(rewritten(R"({"id":null,"method":"ping","params":{}})") ==
        R"({"id":null,"method":"ping","params":{}})");
  CHECK(rewritten(R"({"id":-17,"method":"depth","params":{"list":["a",1,true],"x":false}})") ==
        R"({"id":-17,"method":"depth","params":{"list":["a",1,true],"x":false}})");
}

TEST_CASE("an escape hides neither the method nor a name") {
  const auto message =
      message_of(R"({"m\u0065thod":"order.\u0070lace","params":{"\u0061piKey":"k\u0065y"}})");
  CHECK(message.method == "order.place");
  CHECK(message.text_of("apiKey") == "key");
  CHECK(written(message) == R"({"method":"order.place","params":{"apiKey":"key"}})");
}

TEST_CASE("what is no message, or could be read otherwise, is refused") {
  const auto* const text = GENERATE("",
                                    "[]",
                                    "null",
                                    "\"ping\"",
                                    "{}",
                                    R"({"id":1})",
                                    R"({"id":1,"params":{}})",
                                    R"({"method":""})",
                                    R"({"method":1})",
                                    R"({"method":null})",
                                    R"({"method":["ping"]})",
                                    R"({"method":"a b"})",
                                    R"({"method":"ping\u0000"})",
                                    R"({"method":"ping"}{"method":"order.place"})",
                                    R"({"method":"ping"} x)",
                                    "\xEF\xBB\xBF{\"method\":\"ping\"}",
                                    R"({"method":"ping","method":"order.place"})",
                                    R"({"method":"ping","Method":"order.place"})",
                                    R"({"method":"ping","\u006dethod":"order.place"})",
                                    R"({"method":"ping","id":1,"ID":2})",
                                    R"({"METHOD":"ping"})",
                                    R"({"method":"ping","jsonrpc":"2.0"})",
                                    R"({"method":"ping","apiKey":"k"})",
                                    R"({"method":"ping","":1})",
                                    R"([{"method":"ping"}])");
  INFO(text);
  CHECK_FALSE(read_message(text).has_value());
}

TEST_CASE("an id is a whole number, a short text or null") {
  const auto id_of = [](const std::string& id) {
    const auto message = read_message(R"({"method":"ping","id":)" + id + "}");
    return message ? message->id : "refused";
  };
  CHECK(id_of("1") == "1");
  CHECK(id_of("\"1\"") == "\"1\"");
  CHECK(id_of("\"\\u0031\"") == "\"1\"");
  CHECK(id_of("null") == "null");
  CHECK(id_of("\"null\"") == "\"null\"");
  CHECK(id_of("\"\"") == "\"\"");
  CHECK(id_of("-9223372036854775808") == "-9223372036854775808");
  CHECK(id_of("9223372036854775807") == "9223372036854775807");
  CHECK(id_of("\"" + std::string(64, 'a') + "\"") == "\"" + std::string(64, 'a') + "\"");
  for (const auto* const bad : {"1.0",
                                "1e3",
                                "-0",
                                "01",
                                "+1",
                                "9223372036854775808",
                                "true",
                                "[1]",
                                "{}",
                                "\"a\\n\"",
                                "\"\\u0000\""}) {
    INFO(bad);
    CHECK(id_of(bad) == "refused");
  }
  CHECK(id_of("\"" + std::string(65, 'a') + "\"") == "refused");
  CHECK(message_of(R"({"method":"ping"})").id.empty());
}

TEST_CASE("parameters are one flat object of plain names") {
  const auto* const params = GENERATE("[]",
                                      "null",
                                      "\"a\"",
                                      R"({"a":null})",
                                      R"({"a":{}})",
                                      R"({"a":{"b":1}})",
                                      R"({"a":[null]})",
                                      R"({"a":[[1]]})",
                                      R"({"a":[{"b":1}]})",
                                      R"({"":1})",
                                      R"({"a b":1})",
                                      R"({"a&b":1})",
                                      R"({"a=b":1})",
                                      R"({"a.b":1})",
                                      R"({"a":1,"a":1})",
                                      R"({"a":1,"A":1})",
                                      R"({"a":1,"\u0061":1})",
                                      R"({"Symbol":"BTCUSDT"})",
                                      R"({"Signature":"x"})",
                                      R"({"SIGNATURE":"x"})",
                                      R"({"signature":1})",
                                      R"({"signature":""})",
                                      R"({"signature":["x"]})",
                                      R"({"apiKey":"a","apiKey":"b"})",
                                      R"({"apiKey":"a","apikey":"b"})",
                                      R"({"apiKey":"a","\u0061piKey":"b"})",
                                      R"({"APIKEY":"a"})",
                                      R"({"apiKey":""})",
                                      R"({"apiKey":1})",
                                      R"({"apiKey":["a"]})",
                                      R"({"recvwindow":1})",
                                      R"({"Timestamp":1})",
                                      R"({"QUANTITY":"1"})",
                                      R"({"a":01})",
                                      R"({"a":.5})",
                                      R"({"a":"b\nc"})");
  INFO(params);
  CHECK(rewritten(with_params(params)).empty());
}

TEST_CASE("numbers keep the digits that the client wrote") {
  for (const auto* const number :
       {"0.10", "1e3", "-0", "0.01000000", "123456789012345678901234567890.1"}) {
    const auto text = with_params("{\"quantity\":" + std::string(number) + "}");
    CHECK(rewritten(text) == text);
    CHECK(payload_of(message_of(text)) == "quantity=" + std::string(number));
  }
}

TEST_CASE("size and number are bounded") {
  const auto list_of = [](std::size_t count) {
    std::string list = "1";
    for (std::size_t i = 1; i < count; ++i) {
      list += ",1";
    }
    return with_params("{\"list\":[" + list + "]}");
  };
  CHECK(read_message(list_of(bounds::kMessageListMax)).has_value());
  CHECK_FALSE(read_message(list_of(bounds::kMessageListMax + 1)).has_value());
  const auto names_of = [](std::size_t count) {
    std::string params;
    for (std::size_t i = 0; i < count; ++i) {
      params += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + "\":1";
    }
    return with_params("{" + params + "}");
  };
  CHECK(read_message(names_of(bounds::kSignedParametersMax)).has_value());
  CHECK_FALSE(read_message(names_of(bounds::kSignedParametersMax + 1)).has_value());
  const std::string begin = R"({"method":"ping","params":{"a":")";
  const auto text_of = [&](std::size_t size) {
    return begin + std::string(size - begin.size() - 3, 'x') + "\"}}";
  };
  CHECK(read_message(text_of(bounds::kMessageBytesMax)).has_value());
  CHECK_FALSE(read_message(text_of(bounds::kMessageBytesMax + 1)).has_value());
  CHECK_FALSE(read_message(with_params(std::string(30'000, '['))).has_value());
}

TEST_CASE("what is missing is added, what is there is kept, the old signature goes") {
  auto bare = message_of(R"({"method":"account.status","params":{"apiKey":"p"}})");
  binance::prepare(bare, {17, 5000});
  binance::append_signature(bare, "abc");
  CHECK(written(bare, "K") ==
        R"({"method":"account.status","params":)"
        R"({"apiKey":"K","timestamp":17,"recvWindow":5000,"signature":"abc"}})");
  CHECK(payload_of(bare, "K") == "apiKey=K&recvWindow=5000&timestamp=17");

  auto full = message_of(with_params(R"({"signature":"old","timestamp":"1","apiKey":"p"})"));
  binance::prepare(full, {17, 5000});
  binance::append_signature(full, "new");
  CHECK(written(full) == with_params(R"({"timestamp":"1","apiKey":"p","signature":"new"})"));

  auto window = message_of(with_params(R"({"recvWindow":9})"));
  binance::prepare(window, {17, 5000});
  CHECK(written(window) == with_params(R"({"recvWindow":9,"timestamp":17})"));
}

TEST_CASE("what is signed is sorted by name, and not escaped") {
  // "Request security": the documents' second example.
  const auto message = message_of(with_params(
      R"({"symbol":"\uff11\uff12","b":"x y&z=1","B2":true,"a":1.50,"apiKey":"p","signature":"s"})"));
  CHECK(payload_of(message, "K") ==
        "B2=true&a=1.50&apiKey=K&b=x y&z=1&symbol=\xEF\xBC\x91\xEF\xBC\x92");
  CHECK(message.is_flat());
  CHECK_FALSE(message_of(with_params(R"({"a":[]})")).is_flat());
}

}  // namespace keyswap::bindings
