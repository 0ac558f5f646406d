// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/websocket_handshake.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/http/message_rules.h"

namespace keyswap::http {

namespace {

// Of RFC 6455 section 1.3.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// Fields that a test changes before it asks.
struct Fields {
  std::vector<Field> fields;

  void set(std::string_view name, std::string_view value) {
    for (Field& field : fields) {
      if (field.name == name) {
        field.value = value;
        return;
      }
    }
    add(name, value);
  }

  void add(std::string_view name, std::string_view value) { fields.push_back({name, value}); }

  void remove(std::string_view name) {
    std::erase_if(fields, [name](const Field& field) { return field.name == name; });
  }

  [[nodiscard]] HeaderList list() const {
    HeaderList list;
    for (const Field& field : fields) {
      list.add(field.name, field.value);
    }
    return list;
  }
};

Fields request_fields() {
  return {{{"Host", "h"},
           {"Upgrade", "websocket"},
           {"Connection", "Upgrade"},
           {"Sec-WebSocket-Key", kKey},
           {"Sec-WebSocket-Version", "13"}}};
}

Fields answer_fields() {
  return {{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", kAccept}}};
}

RequestHead request(const Fields& fields, std::string_view method = "GET") {
  RequestHead head;
  head.method = method;
  head.target = "/";
  head.fields = fields.list();
  REQUIRE(judge_request(head));
  return head;
}

ResponseHead answer(const Fields& fields) {
  ResponseHead head;
  head.status = 101;
  head.fields = fields.list();
  REQUIRE(judge_response(head, AnswerTo::upgrade_request));
  return head;
}

bool asks(const Fields& fields) {
  return is_websocket_request(request(fields));
}

bool grants(const Fields& answered, const Fields& asked) {
  return is_websocket_answer(answer(answered), request(asked));
}

}  // namespace

TEST_CASE("the key of RFC 6455 section 1.3 gives the accept that stands there") {
  CHECK(websocket_accept(kKey) == kAccept);
}

// --- requests ---

TEST_CASE("a request for a WebSocket connection is known as one") {
  Fields fields = request_fields();
  CHECK(asks(fields));
  fields.set("Connection", "keep-alive, UPGRADE");
  fields.set("Upgrade", "WebSocket");
  fields.set("Sec-WebSocket-Protocol", "a, b");
  fields.set("Sec-WebSocket-Extensions", "permessage-deflate");
  CHECK(asks(fields));
  fields.set("Content-Length", "0");
  CHECK(asks(fields));
}

TEST_CASE("a request without one of the parts of an opening handshake is none", "[I9]") {
  const char* name =
      GENERATE("Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version");
  Fields fields = request_fields();
  fields.remove(name);
  CHECK_FALSE(asks(fields));
}

TEST_CASE("a part of an opening handshake that stands there twice is refused", "[I9]") {
  const auto [name, value] = GENERATE(table<const char*, const char*>({
      {"Upgrade", "websocket"},
      {"Upgrade", "h2c"},
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
      {"Sec-WebSocket-Version", "13"},
      {"sec-websocket-version", "8"},
  }));
  Fields fields = request_fields();
  fields.add(name, value);
  CHECK_FALSE(asks(fields));
}

TEST_CASE("a part of an opening handshake with another value is refused", "[I9]") {
  const auto [name, value] = GENERATE(table<const char*, const char*>({
      {"Upgrade", "h2c"},
      {"Upgrade", "websocket, h2c"},
      {"Upgrade", "websocket/13"},
      {"Upgrade", ""},
      {"Connection", "keep-alive"},
      {"Connection", "upgraded"},
      {"Sec-WebSocket-Version", "8"},
      {"Sec-WebSocket-Version", "13, 8"},
      {"Sec-WebSocket-Version", "013"},
      {"Sec-WebSocket-Key", ""},
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"},    // no padding
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"},      // 15 bytes
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWU="},  // 17 bytes
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWVl"},  // 18 bytes
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j_Q=="},  // another alphabet
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==, a"},
  }));
  INFO(name << ": " << value);
  Fields fields = request_fields();
  fields.set(name, value);
  CHECK_FALSE(asks(fields));
}

TEST_CASE("only a GET of HTTP/1.1 without a body asks for a WebSocket connection", "[I9]") {
  CHECK_FALSE(is_websocket_request(request(request_fields(), "POST")));
  CHECK_FALSE(is_websocket_request(request(request_fields(), "HEAD")));
  RequestHead old = request(request_fields());
  old.version = Version::http_1_0;
  CHECK_FALSE(is_websocket_request(old));
  RequestHead length = request(request_fields());
  length.framing = {Framing::Kind::length, 1};
  CHECK_FALSE(is_websocket_request(length));
  RequestHead chunked = request(request_fields());
  chunked.framing = {Framing::Kind::chunked, 0};
  CHECK_FALSE(is_websocket_request(chunked));
}

// --- answers ---

TEST_CASE("HP-12 an answer that grants what was asked for is known as one") {
  CHECK(grants(answer_fields(), request_fields()));
  Fields fields = answer_fields();
  fields.set("Upgrade", "WebSocket");
  fields.set("Connection", "keep-alive, upgrade");
  CHECK(grants(fields, request_fields()));
}

TEST_CASE("HP-12 an answer without one of its parts is refused", "[I9]") {
  const char* name = GENERATE("Upgrade", "Connection", "Sec-WebSocket-Accept");
  Fields fields = answer_fields();
  fields.remove(name);
  CHECK_FALSE(grants(fields, request_fields()));
}

TEST_CASE("HP-12 an answer with one of its parts twice is refused", "[I9]") {
  const auto [name, value] = GENERATE(table<const char*, const char*>({
      {"Upgrade", "websocket"},
      {"upgrade", "h2c"},
      {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
  }));
  Fields fields = answer_fields();
  fields.add(name, value);
  CHECK_FALSE(grants(fields, request_fields()));
}

TEST_CASE("HP-12 an answer with a wrong part is refused", "[I9]") {
  const auto [name, value] = GENERATE(table<const char*, const char*>({
      {"Upgrade", "h2c"},
      {"Upgrade", "websocket, h2c"},
      {"Connection", "keep-alive"},
      {"Connection", "close"},
      {"Sec-WebSocket-Accept", ""},
      {"Sec-WebSocket-Accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
      {"Sec-WebSocket-Accept", "dGhlIHNhbXBsZSBub25jZQ=="},
      {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo"},
  }));
  INFO(name << ": " << value);
  Fields fields = answer_fields();
  fields.set(name, value);
  CHECK_FALSE(grants(fields, request_fields()));
}

TEST_CASE("HP-12 the accept of another request's key is refused", "[I9]") {
  Fields asked = request_fields();
  asked.set("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==");
  REQUIRE(asks(asked));
  CHECK_FALSE(grants(answer_fields(), asked));
}

TEST_CASE("HP-12 an extension is refused, offered or not, since none is ever passed on", "[I9]") {
  const char* value = GENERATE("permessage-deflate", "");
  Fields asked = request_fields();
  asked.set("Sec-WebSocket-Extensions", "permessage-deflate");
  Fields answered = answer_fields();
  CHECK(grants(answered, asked));
  answered.set("Sec-WebSocket-Extensions", value);
  CHECK_FALSE(grants(answered, asked));
}

TEST_CASE("HP-12 a subprotocol is one of those that were offered", "[I9]") {
  Fields asked = request_fields();
  Fields answered = answer_fields();
  answered.set("Sec-WebSocket-Protocol", "chat");
  CHECK_FALSE(grants(answered, asked));  // none was offered
  asked.set("Sec-WebSocket-Protocol", "soap,\tchat");
  CHECK(grants(answered, asked));
  CHECK(grants(answer_fields(), asked));  // none is chosen
  asked.set("Sec-WebSocket-Protocol", "soap");
  CHECK_FALSE(grants(answered, asked));
  asked.add("sec-websocket-protocol", "chat");
  CHECK(grants(answered, asked));  // offered in a second field
  const char* wrong = GENERATE("", "Chat", "soap, chat", "cha", "chat2");
  INFO(wrong);
  answered.set("Sec-WebSocket-Protocol", wrong);
  CHECK_FALSE(grants(answered, asked));
}

TEST_CASE("HP-12 two subprotocols are refused", "[I9]") {
  Fields asked = request_fields();
  asked.set("Sec-WebSocket-Protocol", "soap, chat");
  Fields answered = answer_fields();
  answered.add("Sec-WebSocket-Protocol", "soap");
  CHECK(grants(answered, asked));
  answered.add("Sec-WebSocket-Protocol", "soap");
  CHECK_FALSE(grants(answered, asked));
}

TEST_CASE("HP-12 another status or version grants nothing", "[I9]") {
  ResponseHead ordinary = answer(answer_fields());
  ordinary.status = 200;
  CHECK_FALSE(is_websocket_answer(ordinary, request(request_fields())));
  ResponseHead old = answer(answer_fields());
  old.version = Version::http_1_0;
  CHECK_FALSE(is_websocket_answer(old, request(request_fields())));
}

TEST_CASE("who names nothing but websocket asks for one, however badly") {
  Fields fields = request_fields();
  CHECK(asks_for_websocket(request(fields)));
  CHECK(asks_for_websocket(request(fields, "POST")));
  fields.remove("Connection");
  fields.remove("Sec-WebSocket-Key");
  CHECK(asks_for_websocket(request(fields)));
  fields.set("Upgrade", ", WebSocket,");
  CHECK(asks_for_websocket(request(fields)));
  fields.add("upgrade", "websocket");
  CHECK(asks_for_websocket(request(fields)));
  const char* other = GENERATE("h2c", "websocket, h2c", "TLS/1.0, websocket", "websocket/13");
  fields.add("Upgrade", other);
  CHECK_FALSE(asks_for_websocket(request(fields)));
  fields.remove("Upgrade");
  fields.remove("upgrade");
  CHECK_FALSE(asks_for_websocket(request(fields)));
  fields.set("Upgrade", "");
  CHECK_FALSE(asks_for_websocket(request(fields)));
}

}  // namespace keyswap::http
