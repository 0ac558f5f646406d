// SPDX-License-Identifier: Apache-2.0
//
// The key of AWS Signature Version 4A: a pair of keys gives one on the curve P-256, for all regions
// and days. What is signed is like version 4's, but that no region stands in the scope.
// Source: "AWS Signature Version 4 for API requests" of the IAM User Guide, and the code of
// github.com/awslabs/aws-c-auth (key_derivation.c).
#pragma once

#include <span>
#include <string_view>

#include "bindings/private_key.h"
#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings::sigv4 {

// The number that is the private key, 32 bytes, big-endian, in locked memory (I1): HMAC-SHA256
// under "AWS4A" and the secret, as the KDF in counter mode of NIST SP 800-108 has it; one more than
// what comes out, and the next counter where that would not be below the curve's order.
// unavailable when there is no locked memory.
base::Result<vault::Secret> derive_number(std::string_view key_id, std::string_view secret);

// The same as a key that signs.
base::Result<PrivateKey> derive_key(std::string_view key_id, std::string_view secret);

// Adds one to what an HMAC gave; false if that is no private key. Apart from the above because no
// pair is known whose first counter fails (2^-32).
bool make_number(std::span<char, 32> bytes);

}  // namespace keyswap::bindings::sigv4
