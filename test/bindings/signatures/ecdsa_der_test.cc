// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/ecdsa_der.h"

#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"

namespace keyswap::bindings::ecdsa {

namespace {

std::string bytes_of(const std::string& hex) {
  std::string bytes(hex.size() / 2, '\0');
  REQUIRE(base::decode_hex(hex, bytes));
  return bytes;
}

// Of 32 bytes, with these in front.
std::string number(const std::string& first, const std::string& last = "") {
  std::string hex = first;
  hex.append(64 - first.size() - last.size(), '0').append(last);
  return hex;
}

struct Row {
  std::string raw;
  std::string der;
};

}  // namespace

TEST_CASE("a signature is read from the DER that it is written in, and back") {
  const std::string high = number("ff", "01");
  const std::string low = number("7f", "02");
  const std::vector<Row> rows = {
      {low + low, "30440220" + low + "0220" + low},
      {high + low, "3045022100" + high + "0220" + low},
      {high + high, "3046022100" + high + "022100" + high},
      {number("00", "01") + number("", "80"),
       "3007020101"
       "02020080"},
      {number("0001") + low, "3043021f" + number("0001").substr(2) + "0220" + low},
  };
  for (const auto& [raw, der] : rows) {
    INFO(der);
    CHECK(base::to_hex(der_of(bytes_of(raw))) == der);
    const auto read = raw_of(bytes_of(der));
    REQUIRE(read);
    CHECK(base::to_hex(*read) == raw);
  }
  CHECK(der_of("short").empty());
}

TEST_CASE("what could be the same signature in another form is none", "[I15]") {
  const std::string low = number("7f", "02");
  const std::string good = "30440220" + low + "0220" + low;
  REQUIRE(raw_of(bytes_of(good)));
  const std::vector<std::string> broken = {
      "",
      "30",
      "3000",
      good + "00",                      // more behind it
      "30450220" + low + "0220" + low,  // longer than it is
      "3046"
      "0220" +
          low + "0220" + low + "0500",  // more in it
      "3022"
      "0220" +
          low,                                   // one number
      "3144" + good.substr(4),                   // no sequence
      "30440320" + low + "0220" + low,           // no number
      "308144" + good.substr(4),                 // a length in two bytes
      "3080" + good.substr(4) + "0000",          // a length that is not said
      "3045022100" + low + "0220" + low,         // a zero that need not be
      "30440220" + number("80") + "0220" + low,  // negative
      "3025020100"
      "0220" +
          low,  // zero
      "3024"
      "0200"
      "0220" +
          low,  // no digits
      "3045"
      "0221"
      "01" +
          low + "0220" + low,           // too large
      "30440221" + low + "0220" + low,  // one runs into the other
  };
  for (const auto& hex : broken) {
    INFO(hex);
    CHECK_FALSE(raw_of(bytes_of(hex)));
  }
}

}  // namespace keyswap::bindings::ecdsa
