// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/json_position.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

// What of the text stands in the place: each @ in it, as 1, or 0.
std::string places(std::string_view pointer, std::string_view text, std::size_t piece = 0) {
  const auto parsed = bindings::parse_json_pointer(pointer);
  REQUIRE(parsed.has_value());
  JsonPosition position(*parsed);
  std::string found;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t size = piece == 0 ? 1 : std::min(piece, rest.find('@', 1));
    if (rest.front() == '@') {
      found += position.is_in_place() ? '1' : '0';
    }
    const std::string_view next = rest.substr(0, std::min(size, rest.size()));
    position.read(next);
    rest.remove_prefix(next.size());
  }
  return found;
}

}  // namespace

TEST_CASE("the string that a pointer names is the place, and no other") {
  CHECK(places("/auth/token", R"({"auth":{"token":"@"},"x":"@"})") == "10");
  CHECK(places("/auth/token", R"({"token":"@","auth":{"x":{"token":"@"},"token":"@"}})") == "001");
  CHECK(places("/auth/token", R"( { "auth" : { "@" : 1 , "token" : "a@b@" } } )") == "011");
  CHECK(places("/auth/token", R"({"auth":{"token":{"token":"@"}}})") == "0");
  CHECK(places("/auth/token", R"({"auth":{"token":["@"]}})") == "0");
  CHECK(places("/auth/token", R"({"auth":["token","@"]})") == "0");
  CHECK(places("/list/1", R"({"list":["@","@","@"]})") == "010");
  CHECK(places("/list/1/a", R"({"list":[{"a":"@"},{"a":"@"},[{"a":"@"}]]})") == "010");
  CHECK(places("/0", R"(["@","@"])") == "10");
  CHECK(places("", R"("@")") == "1");
  CHECK(places("", R"({"a":"@"})") == "0");
}

TEST_CASE("a name is what it says, however it is written") {
  CHECK(places("/token", R"({"\u0074ok\u0065n":"@"})") == "1");
  CHECK(places("/a~1b", R"({"a\/b":"@"})") == "1");
  CHECK(places("/\xF0\x9F\x94\x91", R"({"\uD83D\uDD11":"@"})") == "1");
  CHECK(places("/\xC3\xBC", "{\"\xC3\xBC\":\"@\"}") == "1");
  CHECK(places("/token", "{\"" + std::string(5000, 't') + "\":\"@\",\"token\":\"@\"}") == "01");
}

TEST_CASE("numbers, literals and empty things lead past it") {
  CHECK(places("/t", R"({"a":-1.5e+3,"b":true,"c":false,"d":null,"e":{},"f":[],"g":"","t":"@"})") ==
        "1");
  CHECK(places("/t", R"({"a":[[],[1,2,{"t":"@"}]],"t":"@"})") == "01");
}

TEST_CASE("where a name stands twice, the second is no place", "[I2]") {
  CHECK(places("/t", R"({"t":"@","t":"@"})") == "10");
  CHECK(places("/t", R"({"t":"x","\u0074":"@"})") == "0");
  CHECK(places("/a/t", R"({"a":{"t":"@"},"a":{"t":"@"}})") == "10");
  CHECK(places("/a/t", R"({"a":1,"a":{"t":"@"}})") == "0");
  CHECK(places("/0/t", R"([{"t":"@"},{"t":"@"}])") == "10");
}

TEST_CASE("behind what is no JSON there is no place", "[I2]") {
  for (const char* text : {R"({"a":1,}"t":"@"})",
                           R"({"a" 1,"t":"@"})",
                           R"({a:1,"t":"@"})",
                           R"({"a":'x',"t":"@"})",
                           R"({"a":tru,"t":"@"})",
                           R"({"a":truex,"t":"@"})",
                           R"({"a":"\x","t":"@"})",
                           R"({"a":"\u00g0","t":"@"})",
                           R"({"a":"\uD800","t":"@"})",
                           R"({"a":"\uDC00","t":"@"})",
                           "{\"a\":\"\n\",\"t\":\"@\"}",
                           R"({"a":[1},"t":"@"})",
                           R"({} {"t":"@"})",
                           R"(1 {"t":"@"})",
                           "\xEF\xBB\xBF{\"t\":\"@\"}",
                           R"(,{"t":"@"})"}) {
    CAPTURE(text);
    CHECK(places("/t", text) == "0");
  }
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  CHECK(places("/t", R"({"a":)" + deep + R"(,"t":"@"})") == "0");
}

TEST_CASE("inside of an escape is no place") {
  CHECK(places("/t", R"({"t":"\u00@"})") == "0");
  CHECK(places("/t", R"({"t":"\@"})") == "0");
  CHECK(places("/t", R"({"t":"\\@"})") == "1");
}

TEST_CASE("it does not matter how the text is cut", "[I15]") {
  const std::string text =
      R"( {"x":[1,2.5,"\u0041"],"\u0061":{"b":"zz@\"@","c":true},"a":{"b":"@"}} )";
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    CHECK(places("/a/b", text, piece) == "110");
  }
}

}  // namespace keyswap::flow
