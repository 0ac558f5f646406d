// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/h1/encoder.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/http/message.h"

namespace keyswap::http {

namespace {

class StringSink final : public base::ByteSink {
 public:
  explicit StringSink(std::size_t bytes_max = 1U << 20U) : bytes_max_(bytes_max) {}

  bool append(std::string_view bytes) override {
    if (text.size() + bytes.size() > bytes_max_) {
      return false;
    }
    text += bytes;
    return true;
  }

  std::string text;

 private:
  std::size_t bytes_max_;
};

// The grammar once more, written another way than the encoder's table.
bool is_token_byte(unsigned int byte) {
  const std::string tchar =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return tchar.find(static_cast<char>(byte)) != std::string::npos;
}

bool is_visible_byte(unsigned int byte) {
  return byte >= 0x21 && byte <= 0x7e;
}

bool is_text_byte(unsigned int byte) {
  return byte == 0x09 || byte == 0x20 || is_visible_byte(byte) || byte >= 0x80;
}

std::string with(unsigned int byte) {
  return std::string("a") + static_cast<char>(byte) + "b";
}

}  // namespace

TEST_CASE("a head is written in its canonical form") {
  StringSink out;
  REQUIRE(encode_request_line(out, "GET", "/a?b"));
  REQUIRE(encode_field(out, "Host", "h"));
  REQUIRE(encode_field(out, "X-Empty", ""));
  REQUIRE(encode_head_end(out));
  REQUIRE(encode_status_line(out, 200, "OK"));
  REQUIRE(encode_status_line(out, 404, ""));
  CHECK(out.text ==
        "GET /a?b HTTP/1.1\r\nHost: h\r\nX-Empty: \r\n\r\nHTTP/1.1 200 OK\r\nHTTP/1.1 404 \r\n");
}

TEST_CASE("chunks are written with sizes in hexadecimal") {
  StringSink out;
  REQUIRE(encode_chunk(out, "a"));
  REQUIRE(encode_chunk(out, std::string(26, 'z')));
  REQUIRE(encode_last_chunk(out));
  CHECK(out.text == "1\r\na\r\n1a\r\n" + std::string(26, 'z') + "\r\n0\r\n\r\n");
}

TEST_CASE("an empty chunk is refused, for it would end the body", "[I9]") {
  StringSink out;
  CHECK(encode_chunk(out, "").error().code == base::Errc::invalid_input);
  CHECK(out.text.empty());
}

TEST_CASE("HF-08 every byte in a name is written only if it is a token byte", "[I9]") {
  for (unsigned int byte = 0; byte < 256; ++byte) {
    INFO(byte);
    StringSink out;
    CHECK(encode_field(out, with(byte), "v").has_value() == is_token_byte(byte));
    CHECK(out.text.empty() == !is_token_byte(byte));
    CHECK(is_token(with(byte)) == is_token_byte(byte));
  }
}

TEST_CASE("HF-08 every byte in a value is written only if it is a text byte", "[I9]") {
  for (unsigned int byte = 0; byte < 256; ++byte) {
    INFO(byte);
    StringSink out;
    CHECK(encode_field(out, "N", with(byte)).has_value() == is_text_byte(byte));
    CHECK(out.text.empty() == !is_text_byte(byte));
    CHECK(is_field_value(with(byte)) == is_text_byte(byte));
  }
}

TEST_CASE("HF-08 every byte in a method, target or reason is held against its grammar", "[I9]") {
  for (unsigned int byte = 0; byte < 256; ++byte) {
    INFO(byte);
    StringSink method;
    CHECK(encode_request_line(method, with(byte), "/").has_value() == is_token_byte(byte));
    CHECK(method.text.empty() == !is_token_byte(byte));
    StringSink target;
    CHECK(encode_request_line(target, "GET", "/" + with(byte)).has_value() ==
          is_visible_byte(byte));
    StringSink query;
    CHECK(encode_request_line(query, "GET", "/?" + with(byte)).has_value() ==
          (is_visible_byte(byte) || byte >= 0x80));
    CHECK(target.text.empty() == !is_visible_byte(byte));
    StringSink reason;
    CHECK(encode_status_line(reason, 200, with(byte)).has_value() == is_text_byte(byte));
    CHECK(reason.text.empty() == !is_text_byte(byte));
  }
}

TEST_CASE("HF-08 empty parts and white space around a value are refused", "[I9]") {
  StringSink out;
  CHECK_FALSE(encode_request_line(out, "", "/"));
  CHECK_FALSE(encode_request_line(out, "GET", ""));
  CHECK_FALSE(encode_field(out, "", "v"));
  const char* value = GENERATE(" a", "a ", "\ta", "a\t", " ", "\t");
  CHECK_FALSE(encode_field(out, "N", value));
  CHECK_FALSE(is_field_value(value));
  CHECK(is_field_value(""));
  CHECK(out.text.empty());
}

TEST_CASE("HF-08 a status outside 100 to 999 is refused", "[I9]") {
  StringSink out;
  const int status = GENERATE(-1, 0, 99, 1000, 2147483647);
  CHECK_FALSE(encode_status_line(out, status, "x"));
  CHECK(out.text.empty());
}

TEST_CASE("a full sink is an error of its own", "[I10]") {
  for (std::size_t room = 0; room < 10; ++room) {
    StringSink out(room);
    const auto status = encode_field(out, "Name", "value");
    REQUIRE_FALSE(status);
    CHECK(status.error().code == base::Errc::limit_exceeded);
  }
}

}  // namespace keyswap::http
