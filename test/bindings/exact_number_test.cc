// SPDX-License-Identifier: Apache-2.0
#include "bindings/exact_number.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

int compared(const std::string& a, const std::string& b) {
  return ExactNumber::parse(a).value().compare(ExactNumber::parse(b).value());
}

}  // namespace

TEST_CASE("numbers compare by what they are, not by how they are written") {
  for (const auto& [a, b] : {std::pair("1", "1.0"),
                             std::pair("100", "1e2"),
                             std::pair("100", "1E+2"),
                             std::pair("0.01", "1e-2"),
                             std::pair("-0", "0"),
                             std::pair("0.0", "0e9"),
                             std::pair("-12.50", "-1.25e1")}) {
    INFO(a << " " << b);
    CHECK(compared(a, b) == 0);
    CHECK(compared(b, a) == 0);
  }
  for (const auto& [less, more] : {std::pair("1", "2"),
                                   std::pair("-2", "-1"),
                                   std::pair("-1", "0"),
                                   std::pair("0", "0.0000001"),
                                   std::pair("9", "10"),
                                   std::pair("0.09", "0.1"),
                                   std::pair("9007199254740992", "9007199254740993"),
                                   std::pair("100", "100.0000000000000000000000000000000001"),
                                   std::pair("-100.0000000000000000000000000000000001", "-100")}) {
    INFO(less << " " << more);
    CHECK(compared(less, more) < 0);
    CHECK(compared(more, less) > 0);
  }
}

TEST_CASE("what is no number, or one that readers hold as another, is none") {
  for (const auto* const text : {"",
                                 "-",
                                 "+1",
                                 "01",
                                 "1.",
                                 ".5",
                                 "1e",
                                 "1e+",
                                 "1e+-2",
                                 "0x10",
                                 "1_000",
                                 " 1",
                                 "1 ",
                                 "NaN",
                                 "Infinity",
                                 "9223372036854775808",
                                 "-9223372036854775808",
                                 "1e19",
                                 "1e400",
                                 "1e99999999999",
                                 "1e-42",
                                 "11111111111111111111111111111111111111111"}) {
    INFO(text);
    CHECK_FALSE(ExactNumber::parse(text));
  }
  CHECK(ExactNumber::parse("9223372036854775807"));
}

}  // namespace keyswap::bindings
