// SPDX-License-Identifier: Apache-2.0
//
// A signature of ECDSA on P-256 in its two forms: r and s of 32 bytes each, as PrivateKey and
// PublicKey have it, and DER (ECDSA-Sig-Value, RFC 3279 section 2.2.3), as others send it.
// Read strictly: each pair of numbers has one form only, so nobody can send one signature in two.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::bindings::ecdsa {

inline constexpr std::size_t kRawBytes = 64;
inline constexpr std::size_t kDerBytesMax = 72;  // both numbers with their highest bit set

// "" for what has not 64 bytes.
std::string der_of(std::string_view raw);

// Nothing: it is not the DER of two numbers above zero and of 32 bytes at most, to the byte.
std::optional<std::string> raw_of(std::string_view der);

}  // namespace keyswap::bindings::ecdsa
