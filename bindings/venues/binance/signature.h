// SPDX-License-Identifier: Apache-2.0
//
// The signature that Binance asks for, by the kind of the API key: HMAC-SHA256 in hex, RSA (PKCS#1
// v1.5 over SHA-256) or Ed25519 in base64.
// Source: "Signed endpoint security" of Binance's REST documents.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::bindings::binance {

enum class KeyType : std::uint8_t { hmac, rsa, ed25519 };

// Hex or base64, as a message of the WebSocket API has it. `secret`: the HMAC secret's text, or the
// PKCS#8 DER of a private key. invalid_input: it is no key of that kind; unavailable: the library
// failed. The secret's bytes are not kept.
base::Result<std::string> text_signature(KeyType type,
                                         std::string_view secret,
                                         std::string_view payload);

// The same as the value of `signature=` in a query or a form: percent-encoded.
base::Result<std::string> wire_signature(KeyType type,
                                         std::string_view secret,
                                         std::string_view payload);

}  // namespace keyswap::bindings::binance
