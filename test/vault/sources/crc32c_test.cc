// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/crc32c.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::vault {

TEST_CASE("CRC-32C: the check value of its registration, RFC 3720's zeros, and a key") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c("sk-live-0123456789") == 25426833);
  CHECK(crc32c("") == 0);
}

}  // namespace keyswap::vault
