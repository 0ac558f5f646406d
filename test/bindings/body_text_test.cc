// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_text.h"

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"

namespace keyswap::bindings {

namespace {

std::string written(BodyText text, std::string_view value) {
  base::Buffer out(1000);
  CHECK(write_in_body(text, value, out));
  return std::string(out.view());
}

}  // namespace

TEST_CASE("E07 a body is what its media type says, whatever its parameters and letters") {
  const auto text_of = [](std::string_view content_type) {
    return body_text_of(media_type_of(content_type));
  };
  CHECK(text_of("application/json") == BodyText::json);
  CHECK(text_of("Application/JSON ; charset=utf-8") == BodyText::json);
  CHECK(text_of("application/vnd.api+json") == BodyText::json);
  CHECK(text_of("application/x-ndjson") == BodyText::json);
  CHECK(text_of("application/x-www-form-urlencoded;charset=UTF-8") == BodyText::form);
  CHECK(text_of("text/xml") == BodyText::xml);
  CHECK(text_of("application/soap+xml; action=x") == BodyText::xml);
  CHECK(text_of("text/plain") == BodyText::raw);
  CHECK(text_of("multipart/form-data; boundary=x") == BodyText::raw);
  CHECK(text_of("application/jsonp") == BodyText::raw);
  CHECK(text_of("") == BodyText::raw);
}

TEST_CASE("E22 in JSON a value stays one string", "[I9]") {
  CHECK(written(BodyText::json, "a\"b\\c/d") == R"(a\"b\\c/d)");
  CHECK(written(BodyText::json, "line\nline\x01") == "line\\u000Aline\\u0001");
  CHECK(written(BodyText::json, "gr\xC3\xBC\xC3\x9F") == "gr\xC3\xBC\xC3\x9F");
}

TEST_CASE("E23 in a form a value stays one field", "[I9]") {
  CHECK(written(BodyText::form, "a&b=c+d e%~-._") == "a%26b%3Dc%2Bd%20e%25~-._");
  CHECK(written(BodyText::form, "\xC3\xBC\n") == "%C3%BC%0A");
}

TEST_CASE("in XML a value stays text, and what XML cannot say is refused", "[I9]") {
  CHECK(written(BodyText::xml, "<a b=\"c\">'&\n") == "&lt;a b=&quot;c&quot;&gt;&apos;&amp;\n");
  base::Buffer out(1000);
  CHECK_FALSE(write_in_body(BodyText::xml, "a\x01", out).has_value());
}

TEST_CASE("in any other body a value stands as it is") {
  const std::string value = std::string("a\0\"<&\r\n", 7);
  CHECK(written(BodyText::raw, value) == value);
}

TEST_CASE("a value for which there is no room is refused") {
  for (const BodyText text : {BodyText::raw, BodyText::json, BodyText::form, BodyText::xml}) {
    base::Buffer out(3);
    CHECK_FALSE(write_in_body(text, "abcd", out).has_value());
  }
}

TEST_CASE("a placeholder is known as programs write it there") {
  using Forms = std::vector<std::string>;
  CHECK(forms_in_body(BodyText::raw, "a/b+c") == Forms{"a/b+c"});
  CHECK(forms_in_body(BodyText::json, "a/b+c") == Forms{"a/b+c", "a\\/b+c"});
  CHECK(forms_in_body(BodyText::form, "a/b+c") == Forms{"a/b+c", "a%2Fb%2Bc"});
  CHECK(forms_in_body(BodyText::xml, "a/b+c") == Forms{"a/b+c"});
  CHECK(forms_in_body(BodyText::xml, "a<b") == Forms{"a<b", "a&lt;b"});
}

}  // namespace keyswap::bindings
