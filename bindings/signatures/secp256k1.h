// SPDX-License-Identifier: Apache-2.0
//
// Signatures on the curve secp256k1, as Ethereum wallets make them: ECDSA with the nonce of RFC
// 6979, the lower of both s, and which of the public keys that could have made it did.
#pragma once

#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::bindings::secp256k1 {

struct Signature {
  std::string r;  // 32 bytes each, big-endian
  std::string s;
  int recovery = 0;  // 0 or 1
};

// `key`: 64 hexadecimal digits, with or without "0x", somebody else's locked memory. `hash`: 32
// bytes. invalid_input for what is no key; unavailable when there is no locked memory.
base::Result<Signature> sign(std::string_view key, std::string_view hash);

}  // namespace keyswap::bindings::secp256k1
