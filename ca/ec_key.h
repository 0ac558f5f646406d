// SPDX-License-Identifier: Apache-2.0
//
// P-256 keys, held as EC_KEY (ca/leaf.h says why), and their PKCS#8 form. The form is written and
// read here, byte by byte, because OpenSSL's own encoders leave copies of the private number in
// memory that they do not wipe (I1). Private to ca.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"

struct evp_pkey_st;

namespace keyswap::ca {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};

using KeyPointer = std::unique_ptr<evp_pkey_st, FreeKey>;

base::Result<KeyPointer> generate_p256();

// PKCS#8 DER (RFC 5208, RFC 5915 with the public key), in locked memory.
base::Result<vault::Secret> encode_pkcs8(evp_pkey_st* key);

// corrupt for anything but what encode_pkcs8 writes, with a public key that belongs to the private
// one.
base::Result<KeyPointer> decode_pkcs8(std::string_view der);

}  // namespace keyswap::ca
