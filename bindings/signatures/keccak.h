// SPDX-License-Identifier: Apache-2.0
//
// Keccak-256 as Ethereum uses it: FIPS 202's permutation with the padding that Keccak had before
// SHA-3, which OpenSSL 3.0 does not have. For what is not secret.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::bindings {

// 32 bytes.
std::string keccak256(std::string_view bytes);

}  // namespace keyswap::bindings
