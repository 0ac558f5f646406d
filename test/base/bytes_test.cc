// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/bytes.h"

#include <algorithm>
#include <array>
#include <clocale>

#include <catch2/catch.hpp>

namespace keyswap::base {

namespace {

std::string every_byte() {
  std::string bytes;
  for (int c = 0; c < 0x100; ++c) {
    bytes += static_cast<char>(c);
  }
  return bytes;
}

}  // namespace

TEST_CASE("Hex is lower case, two digits a byte, and comes back in either case") {
  REQUIRE(to_hex("").empty());
  REQUIRE(to_hex(std::string("\x00\x0f\xf0\xff", 4)) == "000ff0ff");
  REQUIRE(from_hex("000FF0ff").value() == std::string("\x00\x0f\xf0\xff", 4));
  REQUIRE(from_hex(to_hex(every_byte())).value() == every_byte());
  REQUIRE(from_hex("").value().empty());
}

TEST_CASE("What is not hex is refused") {
  const auto text = GENERATE(as<std::string>(),
                             "0",
                             "abc",
                             "0g",
                             "0x00",
                             " 00",
                             "00 ",
                             "0 0",
                             std::string("0\0", 2),
                             "\xc3\xa4");
  const auto bytes = from_hex(text);
  REQUIRE_FALSE(bytes);
  REQUIRE(bytes.error().code == Errc::invalid_input);
}

TEST_CASE("Base64 is that of RFC 4648 section 10") {
  struct Vector {
    std::string plain;
    std::string encoded;
    std::string url;
  };

  const auto vector = GENERATE(Vector{"", "", ""},
                               Vector{"f", "Zg==", "Zg"},
                               Vector{"fo", "Zm8=", "Zm8"},
                               Vector{"foo", "Zm9v", "Zm9v"},
                               Vector{"foob", "Zm9vYg==", "Zm9vYg"},
                               Vector{"fooba", "Zm9vYmE=", "Zm9vYmE"},
                               Vector{"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                               Vector{"\xfb\xff\xfe", "+//+", "-__-"});
  REQUIRE(to_base64(vector.plain) == vector.encoded);
  REQUIRE(to_base64url(vector.plain) == vector.url);
  REQUIRE(is_base64url(vector.url));
  REQUIRE(from_base64(vector.encoded).value() == vector.plain);
}

TEST_CASE("Every byte survives base64") {
  REQUIRE(from_base64(to_base64(every_byte())).value() == every_byte());
}

TEST_CASE("Base64 in another than the canonical form is refused") {
  // Missing or surplus padding, white space, the other alphabet, bits that would be thrown away.
  const auto text = GENERATE(as<std::string>(),
                             "Zg",
                             "Zg=",
                             "Zg===",
                             "=",
                             "Zm9v\n",
                             " Zm9v",
                             "Zm 9v",
                             "-__-",
                             "Zh==",
                             "Zm9=",
                             "Z",
                             "Zg==Zg==",
                             std::string("Zg=\0", 4));
  const auto bytes = from_base64(text);
  REQUIRE_FALSE(bytes);
  REQUIRE(bytes.error().code == Errc::invalid_input);
}

TEST_CASE("nothing is decoded into no room at all, and anything else does not fit") {
  const auto nothing = decode_base64url("", {});
  REQUIRE(nothing);
  CHECK(nothing.value() == 0);
  CHECK_FALSE(decode_base64url("Zm8", {}));
}

TEST_CASE("base64url is decoded with the padding that is due, or without any") {
  std::string room(32, '\0');
  const auto decoded = [&](std::string_view text) {
    const auto size = decode_base64url(text, room);
    return size ? room.substr(0, *size) : std::string("refused");
  };
  CHECK(decoded("").empty());
  CHECK(decoded("-__-") == "\xfb\xff\xfe");
  CHECK(decoded("Zm9vYg") == "foob");
  CHECK(decoded("Zm9vYg==") == "foob");
  CHECK(decoded("Zm9vYmE") == "fooba");
  CHECK(decoded("Zm9vYmE=") == "fooba");
  for (const auto* const text :
       {"+//+", "Zg=", "Zg===", "Zh", "Zh==", "Z", "=", "Zm 9v", "Zm9v\n"}) {
    INFO(text);
    CHECK(decoded(text) == "refused");
  }
  const auto too_long = decode_base64url("Zm9vYmFy", std::span(room).first(5));
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().code == Errc::limit_exceeded);
}

TEST_CASE("Constant-time equality is equality") {
  REQUIRE(equal_constant_time("", ""));
  REQUIRE(equal_constant_time("abc", "abc"));
  REQUIRE_FALSE(equal_constant_time("abc", "abd"));
  REQUIRE_FALSE(equal_constant_time("abc", "ab"));
  REQUIRE_FALSE(equal_constant_time("", "a"));
  REQUIRE_FALSE(equal_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("Wiped memory is zero, and only that which was named") {
  std::array<char, 4> bytes{'a', 'b', 'c', 'd'};
  wipe(bytes.data() + 1, 2);
  REQUIRE(bytes == std::array<char, 4>{'a', 0, 0, 'd'});
}

TEST_CASE("Random bytes fill the whole span and differ from call to call") {
  std::array<std::uint8_t, 32> one{};
  std::array<std::uint8_t, 32> other{};
  random_bytes(one);
  random_bytes(other);
  REQUIRE(one != other);
  REQUIRE(std::ranges::count(one, 0) < 8);
}

TEST_CASE("Bytes seen as unsigned are the same bytes, past a zero too") {
  std::array<char, 3> bytes{'\0', '\x7f', '\xff'};
  const std::string_view view(bytes.data(), bytes.size());
  REQUIRE(as_unsigned(view)[2] == 0xff);
  REQUIRE(as_unsigned(view) == as_unsigned(bytes.data()));
  as_unsigned(bytes.data())[0] = 0x80;
  REQUIRE(view[0] == '\x80');
}

TEST_CASE("Case is that of ASCII alone") {
  REQUIRE(to_lower(std::string_view("ABC-xyz_09\xc3\x84")) == "abc-xyz_09\xc3\x84");
  REQUIRE(to_lower('[') == '[');
  REQUIRE(to_lower('@') == '@');
  REQUIRE(to_upper(std::string_view("abc-XYZ_09\xc3\xa4")) == "ABC-XYZ_09\xc3\xa4");
  REQUIRE(to_upper('{') == '{');
  REQUIRE(to_upper('`') == '`');
  REQUIRE(equal_ignoring_case("Content-Length", "content-lENGTH"));
  REQUIRE_FALSE(equal_ignoring_case("content_length", "content-length"));
  REQUIRE_FALSE(equal_ignoring_case("abc", "abcd"));
  REQUIRE_FALSE(equal_ignoring_case("K", "\xe2\x84\xaa"));  // the Kelvin sign is no k
  REQUIRE_FALSE(equal_ignoring_case("@", "`"));  // differ in the bit that case differs in
}

TEST_CASE("Case does not count in texts of any length, and nothing else is overlooked") {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'q');
    REQUIRE(equal_ignoring_case(text, to_upper(text)));
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = to_upper(text);
      other[at] = 'r';
      REQUIRE_FALSE(equal_ignoring_case(text, other));
    }
  }
}

TEST_CASE("Case is that of the same letters wherever they stand in a long text") {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string left = "0123456" + std::string(1, static_cast<char>(a)) + "789";
      const std::string right = "0123456" + std::string(1, static_cast<char>(b)) + "789";
      const bool is_same = to_lower(static_cast<char>(a)) == to_lower(static_cast<char>(b));
      if (equal_ignoring_case(left, right) != is_same) {
        FAIL(a << " and " << b);
      }
    }
  }
}

}  // namespace keyswap::base
