// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/resign.h"

#include <algorithm>
#include <utility>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

namespace {

void append_pair(std::string_view pair, std::string& text) {
  if (!text.empty()) {
    text += '&';
  }
  text += pair;
}

template <typename Write>
std::string payload_by(const Parameters& parameters, Write write) {
  Resigned resigned;
  for (const auto& parameter : parameters.list) {
    auto& text = parameter.place == Place::query ? resigned.query : resigned.body;
    append_pair(write(parameter), text);
  }
  return resigned.payload();
}

bool is_hmac_of(std::string_view key, std::string_view payload, std::string_view signature) {
  Digest digest;
  return digest.hmac(HashKind::sha256, key, payload).has_value() &&
         base::equal_constant_time(base::to_hex(digest.view()), signature);
}

}  // namespace

void Resigned::append_signature(std::string_view value) {
  append_pair("signature=" + std::string(value), signature_place == Place::query ? query : body);
}

Resigned prepare(const Parameters& parameters, const Fill& fill, BodyBytes body_bytes) {
  Resigned resigned;
  resigned.signature_place = parameters.signature_place;
  for (const auto& parameter : parameters.list) {
    const bool is_query = parameter.place == Place::query;
    const bool is_kept = !is_query && body_bytes == BodyBytes::keep;
    append_pair(is_kept ? std::string(parameter.raw) : encode_pair(parameter.raw),
                is_query ? resigned.query : resigned.body);
  }
  auto& filled = parameters.signature_place == Place::query ? resigned.query : resigned.body;
  if (fill.timestamp_ms) {
    append_pair("timestamp=" + std::to_string(*fill.timestamp_ms), filled);
  }
  if (fill.recv_window_ms) {
    append_pair("recvWindow=" + std::to_string(*fill.recv_window_ms), filled);
  }
  return resigned;
}

bool is_signed_with(std::string_view placeholder_secret, const Parameters& parameters) {
  if (!parameters.signature) {
    return false;
  }
  const auto signature = base::to_lower(*parameters.signature);
  const auto as_sent =
      payload_by(parameters, [](const Parameter& parameter) { return std::string(parameter.raw); });
  const auto as_component = payload_by(parameters, [](const Parameter& parameter) {
    return parameter.name + "=" + encode_uri_component(parameter.value);
  });
  return is_hmac_of(placeholder_secret, as_sent, signature) ||
         is_hmac_of(placeholder_secret, as_component, signature);
}

bool write_websocket_payload(std::vector<std::pair<std::string_view, std::string_view>> parameters,
                             base::ByteSink& out) {
  std::sort(parameters.begin(), parameters.end());
  bool fits = true;
  std::string_view separator;
  for (const auto& [name, value] : parameters) {
    if (name != "signature") {
      fits =
          fits && out.append(separator) && out.append(name) && out.append("=") && out.append(value);
      separator = "&";
    }
  }
  return fits;
}

}  // namespace keyswap::bindings::binance
