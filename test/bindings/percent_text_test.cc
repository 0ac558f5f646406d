// SPDX-License-Identifier: Apache-2.0
#include "bindings/percent_text.h"

#include <catch2/catch.hpp>

#include "vault/secret.h"

namespace keyswap::bindings {

namespace {

std::string written(std::string_view value, UrlPart part) {
  REQUIRE(vault::lock_memory());
  auto out = vault::LockedBuffer::of_capacity(256);
  REQUIRE(out);
  REQUIRE(append_percent(value, part, *out));
  return std::string(out->reveal());
}

}  // namespace

TEST_CASE("percent-encoded text is decoded once, and it is known where each byte stood") {
  const auto decoded = decode_percent("a%2Db%252f");
  CHECK(decoded.text == "a-b%2f");
  CHECK(decoded.places == std::vector<std::uint32_t>{0, 1, 4, 5, 8, 9, 10});
  CHECK(decode_percent("").places == std::vector<std::uint32_t>{0});
  CHECK(decode_percent("%41%4a%6A").text == "AJj");
}

TEST_CASE("a percent sign that escapes nothing stands for itself") {
  for (const std::string text : {"%", "%4", "%zz", "%4g", "a%"}) {
    INFO(text);
    CHECK(decode_percent(text).text == text);
  }
  CHECK(has_percent("a%20"));
  CHECK_FALSE(has_percent("a b"));
}

TEST_CASE("J07 what a value becomes in a query's parameter ends neither it nor the query", "[I9]") {
  CHECK(written("a b/c?d", UrlPart::parameter) == "a%20b%2Fc%3Fd");
  CHECK(written("&=+#;%:@", UrlPart::parameter) == "%26%3D%2B%23%3B%25%3A%40");
  CHECK(written("AZaz09-._~", UrlPart::parameter) == "AZaz09-._~");
  CHECK(written("\xc3\xbc", UrlPart::parameter) == "%C3%BC");
}

TEST_CASE("what a value becomes in a path's segment stays one segment", "[I9]") {
  CHECK(written("123:AA-b_c", UrlPart::segment) == "123:AA-b_c");
  CHECK(written("a/b?c#d;e%f\\g h", UrlPart::segment) == "a%2Fb%3Fc%23d%3Be%25f%5Cg%20h");
  CHECK(written("\xc3\xbc", UrlPart::segment) == "%C3%BC");
}

TEST_CASE("an encoded value is not written past the sink's end", "[I10]") {
  REQUIRE(vault::lock_memory());
  auto small = vault::LockedBuffer::of_capacity(4);
  REQUIRE(small);
  CHECK(append_percent("ab&", UrlPart::parameter, *small).error().code ==
        base::Errc::limit_exceeded);
}

}  // namespace keyswap::bindings
