// SPDX-License-Identifier: Apache-2.0
#include "bindings/basic_text.h"

#include <catch2/catch.hpp>

#include "vault/secret.h"

namespace keyswap::bindings {

TEST_CASE("a client's Basic credentials are read as its server reads them (RFC 7617)") {
  const auto basic = read_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  REQUIRE(basic);
  CHECK(basic->begin == 6);
  CHECK(basic->text == "Aladdin:open sesame");
  CHECK(basic->colon == 7);
  CHECK(read_basic("bAsIc   OjphOg==")->text == "::a:");
  CHECK(read_basic("bAsIc   OjphOg==")->begin == 8);
  CHECK(read_basic("Basic OjphOg==")->colon == 0);
}

TEST_CASE("what one server reads and another does not is not read here", "[I9]") {
  for (const auto* const value : {"",
                                  "Basic",
                                  "Basic ",
                                  "Basic\tOjphOg==",
                                  "Bearer OjphOg==",
                                  "Basic OjphOg",        // without padding
                                  "Basic OjphOh==",      // stray low bits
                                  "Basic Ojph Og==",     // a space in it
                                  "Basic OjphOg==, x",   // more behind it
                                  "Basic Pz8_Pz8-OmE=",  // the other alphabet
                                  "Basic YWJj"}) {       // no colon
    INFO(value);
    CHECK_FALSE(read_basic(value));
  }
}

TEST_CASE("base64 is written as RFC 4648 section 10 has it, and not past the sink's end", "[I10]") {
  REQUIRE(vault::lock_memory());
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"\xff\xfe:", "//46"}};
  for (const auto& [bytes, text] : vectors) {
    auto out = vault::LockedBuffer::of_capacity(16);
    REQUIRE(out);
    CHECK(append_base64(bytes, *out));
    CHECK(out->reveal() == text);
  }
  auto small = vault::LockedBuffer::of_capacity(6);
  REQUIRE(small);
  CHECK(append_base64("foob", *small).error().code == base::Errc::limit_exceeded);
}

}  // namespace keyswap::bindings
