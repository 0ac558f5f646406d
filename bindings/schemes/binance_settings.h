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

// What the venue takes where a request has none ("Timing security").
inline constexpr std::uint32_t kRecvWindowMsDefault = 5'000;

struct BinanceSettings {
  binance::KeyType key_type = binance::KeyType::hmac;
  Proof proof = Proof::off;
  std::string placeholder_secret;
  std::optional<std::uint32_t> recv_window_ms;
  binance::BodyBytes body_bytes = binance::BodyBytes::encode;

  // The recvWindow for a client that sent neither that nor a timestamp: one that does not sign at
  // all gets one in any case.
  [[nodiscard]] std::optional<std::uint32_t> recv_window_for(bool has_signature) const {
    return has_signature ? recv_window_ms : recv_window_ms.value_or(kRecvWindowMsDefault);
  }
};

}  // namespace keyswap::bindings
