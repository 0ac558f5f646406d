// SPDX-License-Identifier: Apache-2.0
//
// A request as it is signed anew: every parameter stays where it is, in its order; the client's
// signature goes, and the new one comes last in the place where the old one was. Pure: the
// signature is made by bindings/venues/binance/signature.h and handed in.
// Source: "Signed endpoint security" of Binance's REST documents; since 2026-01-15 the payload is
// percent-encoded before it is signed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/venues/binance/parameters.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

// What is added for a client that does not sign, at the end of the place of the signature.
struct Fill {
  std::optional<std::int64_t> timestamp_ms;
  std::optional<std::uint32_t> recv_window_ms;
};

// What becomes of a form body with bytes that have no place in one, such as raw JSON.
enum class BodyBytes : std::uint8_t { encode, keep };

struct Resigned {
  std::string query;
  std::string body;
  Place signature_place = Place::query;

  // What is signed: one right behind the other, nothing between.
  [[nodiscard]] std::string payload() const { return query + body; }

  // `value`: as it stands on the wire.
  void append_signature(std::string_view value);
};

Resigned prepare(const Parameters& parameters, const Fill& fill, BodyBytes body_bytes);

// Is the client's signature the one that `placeholder_secret` gives (HMAC-SHA256), over the payload
// as it was sent, or as encodeURIComponent would have written it? (Some of Binance's own clients
// sign the latter and send the former.)
bool is_signed_with(std::string_view placeholder_secret, const Parameters& parameters);

// What the WebSocket API signs: all parameters but `signature`, by name, "name=value" joined by
// '&', not percent-encoded. One of them is the API key, so that `out` can be locked memory; false
// when it is full. Source: "Request security", Binance's WebSocket API documents.
[[nodiscard]] bool write_websocket_payload(
    std::vector<std::pair<std::string_view, std::string_view>> parameters, base::ByteSink& out);

}  // namespace keyswap::bindings::binance
