// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_place.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

TEST_CASE("a JSON pointer is read as RFC 6901 says") {
  CHECK(parse_json_pointer("/auth/token") == JsonPointer{"auth", "token"});
  CHECK(parse_json_pointer("/a~1b/m~0n/0/") == JsonPointer{"a/b", "m~n", "0", ""});
  CHECK(parse_json_pointer("/~01") == JsonPointer{"~1"});
  CHECK(parse_json_pointer("") == JsonPointer{});
}

TEST_CASE("what is no JSON pointer is none") {
  for (const char* text : {"auth/token", "#/auth", "/a~", "/a~2", "a", "~0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json_pointer(text).has_value());
  }
}

}  // namespace keyswap::bindings
