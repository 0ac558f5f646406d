// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/form_position.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

// Each @ in the text: 1 in the place, 0 not.
std::string places(std::string_view field, std::string_view text) {
  FormPosition position(field);
  std::string found;
  for (const char& c : text) {
    if (c == '@') {
      found += position.is_in_place() ? '1' : '0';
    }
    position.read({&c, 1});
  }
  return found;
}

}  // namespace

TEST_CASE("the value of the field is the place, and no other") {
  CHECK(places("token", "a=@&token=x@y&b=@") == "010");
  CHECK(places("token", "token=@") == "1");
  CHECK(places("token", "@=token&token@=x&xtoken=@&tokens=@") == "0000");
  CHECK(places("token", "token=a=@") == "1");
  CHECK(places("token", "token=@;a=@&token=@") ==
        "100");  // to some servers that is a field of its own
  CHECK(places("token", "&&token&a=@") == "0");
  CHECK(places("token", std::string(10'000, 't') + "=@&token=@") == "01");
}

TEST_CASE("a field's name is what it says, however it is written") {
  CHECK(places("api key", "api+key=@") == "1");
  CHECK(places("api key", "%61pi%20key=@") == "1");
  CHECK(places("a[b]", "a%5Bb%5D=@") == "1");
}

TEST_CASE("a field that is there a second time is no place", "[I2]") {
  CHECK(places("token", "token=@&token=@") == "10");
  CHECK(places("token", "token&token=@") == "0");
  CHECK(places("token", "t%6Fken=x&token=@&b=@") == "00");
}

}  // namespace keyswap::flow
