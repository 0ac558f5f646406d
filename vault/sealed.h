// SPDX-License-Identifier: Apache-2.0
//
// A secretbox: the tag and the ciphertext, with the nonce they were made under. vault/seal.h makes
// and opens it.
#pragma once

#include <string>

namespace keyswap::vault {

struct Sealed {
  std::string nonce;
  std::string box;
};

}  // namespace keyswap::vault
