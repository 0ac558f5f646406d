// SPDX-License-Identifier: Apache-2.0
//
// What `inject: { type: binance, ... }` says, for requests (bindings/schemes/binance.cc) and
// messages (bindings/schemes/binance_messages.cc) alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bindings/binance/resign.h"
#include "bindings/binance/signature.h"

namespace keyswap::bindings {

// In the order of the words of `proof`.
enum class Proof : std::uint8_t { off, warn, require };

struct BinanceSettings {
  binance::KeyType key_type = binance::KeyType::hmac;
  Proof proof = Proof::off;
  std::string placeholder_secret;
  std::optional<std::uint32_t> recv_window_ms;
  binance::BodyBytes body_bytes = binance::BodyBytes::encode;
};

}  // namespace keyswap::bindings
