// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/passphrase.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

TEST_CASE("a passphrase of fewer than eight characters is refused, in whatever script") {
  CHECK(check_strength(""));
  CHECK(check_strength("1234567"));
  CHECK_FALSE(check_strength("12345678"));
  CHECK(check_strength("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"));  // four characters, eight bytes
  CHECK_FALSE(
      check_strength("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac"
                     "\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac"));
}

}  // namespace keyswap::cli
