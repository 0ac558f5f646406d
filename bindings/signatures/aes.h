// SPDX-License-Identifier: Apache-2.0
//
// AES-256 as vendors of secrets seal what they hold, with HKDF's second half (RFC 5869 section
// 2.3), which makes the keys of some. What is opened goes into locked memory (I1). (The state that
// OpenSSL keeps while it computes is on the ordinary heap, and freed wiped.)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings::aes {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kBlockBytes = 16;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;

// Of CBC mode with PKCS#7 padding, which proves nothing: whoever calls has checked a MAC before.
// invalid_input for a key, an IV or a length that is none, and for wrong padding.
base::Result<vault::Secret> open_cbc(std::string_view key,
                                     std::string_view iv,
                                     std::string_view sealed);

struct GcmText {
  std::string_view nonce;       // kNonceBytes
  std::string_view sealed;      // without the tag
  std::string_view tag;         // kTagBytes
  std::string_view associated;  // proven, not sealed
};

// invalid_input for lengths that are none, and for what was not sealed so under this key.
base::Result<vault::Secret> open_gcm(std::string_view key, const GcmText& text);

// Sealed text and tag, one behind the other. `nonce` was never used with this key before.
base::Result<std::string> seal_gcm(std::string_view key,
                                   std::string_view nonce,
                                   std::string_view plain,
                                   std::string_view associated);

// HKDF-Expand with SHA-256: `size` bytes, at most 8160. invalid_input for more.
base::Result<vault::Secret> expand(std::string_view prk, std::string_view info, std::size_t size);

}  // namespace keyswap::bindings::aes
