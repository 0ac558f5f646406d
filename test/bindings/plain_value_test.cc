// SPDX-License-Identifier: Apache-2.0
#include "bindings/plain_value.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::bindings {

TEST_CASE("A18 A19 a value with a control, a line break at an end too, is refused", "[I9]") {
  CHECK(check_plain_value("a key, with: ~ everything \xc3\xbc"));
  for (const std::string& value : {std::string(),
                                   std::string("\n"),
                                   std::string("a\n"),
                                   std::string("\na"),
                                   std::string("a\r"),
                                   std::string("a\tb"),
                                   std::string("a\0b", 3),
                                   std::string("a\x7f"),
                                   std::string("\xc3"),
                                   std::string("\xed\xa0\x80")}) {
    CHECK(check_plain_value(value).error().code == base::Errc::invalid_input);
  }
  const std::string longest(base::bounds::kRequestFieldBytesMax, 'a');
  CHECK(check_plain_value(longest));
  CHECK(check_plain_value(longest + "a").error().code == base::Errc::limit_exceeded);
}

}  // namespace keyswap::bindings
