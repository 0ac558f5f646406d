// SPDX-License-Identifier: Apache-2.0
//
// What `inject: { type: binance, ... }` says, for requests (bindings/venues/binance/scheme.cc) and
// messages (bindings/venues/binance/messages.cc) alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bindings/venues/binance/resign.h"
#include "bindings/venues/binance/signature.h"

namespace keyswap::bindings::binance {

// In the order of the words of `proof`.
enum class Proof : std::uint8_t { off, warn, require };

// What the venue takes where a request has none ("Timing security").
inline constexpr std::uint32_t kRecvWindowMsDefault = 5'000;

struct Settings {
  KeyType key_type = KeyType::hmac;
  Proof proof = Proof::off;
  std::string placeholder_secret;
  std::optional<std::uint32_t> recv_window_ms;
  BodyBytes body_bytes = BodyBytes::encode;

  // The recvWindow for a client that sent neither that nor a timestamp: one that does not sign at
  // all gets one in any case.
  [[nodiscard]] std::optional<std::uint32_t> recv_window_for(bool has_signature) const {
    return has_signature ? recv_window_ms : recv_window_ms.value_or(kRecvWindowMsDefault);
  }
};

}  // namespace keyswap::bindings::binance
