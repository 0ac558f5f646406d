// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/message.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "bindings/bounds.h"
#include "bindings/digest.h"
#include "bindings/text_sink.h"
#include "bindings/venues/binance/methods.h"
#include "bindings/venues/binance/parameters.h"

namespace keyswap::bindings::binance {

namespace {

using Kind = JsonValue::Kind;
using ParameterViews = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr std::string_view kApiKey = "apiKey";
constexpr std::string_view kSignature = "signature";

// The message (1), its params (2), a list in them (3).
constexpr JsonBounds kMessageBounds = {3, bounds::kMessageListMax};

bool has_value(const JsonValue& value) {
  return value.is_scalar() && value.kind != Kind::null;
}

bool is_parameter(std::string_view name, const JsonValue& value) {
  if (!is_parameter_name(name) || is_disguised_name(name)) {
    return false;
  }
  if (name == kApiKey || name == kSignature) {
    return value.kind == Kind::string && !value.text.empty();
  }
  return has_value(value) || (value.kind == Kind::array &&
                              std::all_of(value.items.begin(), value.items.end(), has_value));
}

bool are_parameters(const JsonValue& params) {
  if (params.kind != Kind::object || params.items.size() > bounds::kSignedParametersMax) {
    return false;
  }
  for (std::size_t i = 0; i < params.items.size(); ++i) {
    if (!is_parameter(params.names[i], params.items[i])) {
      return false;
    }
  }
  return true;
}

bool is_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end && text != "-0";
}

// Reads one member of the message; false if it can be none.
bool read_member(std::string_view name, JsonValue& value, Message& message) {
  if (name == "id") {
    auto id = read_message_id(value);
    message.id = id.value_or("");
    return id.has_value();
  }
  if (name == "method") {
    message.method = std::move(value.text);
    return value.kind == Kind::string && is_method_name(message.method);
  }
  message.has_params = name == "params" && are_parameters(value);
  message.params = std::move(value);
  return message.has_params;
}

void add_number(Message& message, std::string name, std::int64_t number) {
  JsonValue value;
  value.kind = Kind::number;
  value.text = std::to_string(number);
  message.has_params = true;
  message.params.kind = Kind::object;
  message.params.names.push_back(std::move(name));
  message.params.items.push_back(std::move(value));
}

bool write_params(const JsonValue& params, std::string_view api_key, base::ByteSink& out) {
  bool fits = out.append("{");
  for (std::size_t i = 0; i < params.items.size(); ++i) {
    fits = fits && (i == 0 || out.append(",")) && write_json_string(params.names[i], out) &&
           out.append(":");
    const bool is_replaced = params.names[i] == kApiKey && !api_key.empty();
    fits =
        fits && (is_replaced ? write_json_string(api_key, out) : write_json(params.items[i], out));
  }
  return fits && out.append("}");
}

bool is_hmac_of(std::string_view key, const ParameterViews& parameters, std::string_view wanted) {
  TextSink payload;
  Digest digest;
  return write_websocket_payload(parameters, payload) &&
         digest.hmac(HashKind::sha256, key, payload.take()).has_value() &&
         base::equal_constant_time(base::to_hex(digest.view()), wanted);
}

}  // namespace

const JsonValue* Message::find(std::string_view name) const {
  return params.find(name);
}

std::string_view Message::text_of(std::string_view name) const {
  const auto* const value = find(name);
  return value == nullptr ? std::string_view{} : value->text;
}

bool Message::is_flat() const {
  return std::all_of(params.items.begin(), params.items.end(), has_value);
}

std::optional<std::string> read_message_id(const JsonValue& value) {
  constexpr std::size_t kIdBytesMax = 64;
  const bool is_id = value.kind == Kind::null ||
                     (value.kind == Kind::number && is_integer(value.text)) ||
                     (value.kind == Kind::string && value.text.size() <= kIdBytesMax);
  return is_id ? std::optional(json_text(value)) : std::nullopt;
}

std::optional<Message> read_message(std::string_view text) {
  auto json =
      text.size() > bounds::kMessageBytesMax ? std::nullopt : read_json(text, kMessageBounds);
  if (!json || json->kind != Kind::object) {
    return std::nullopt;
  }
  Message message;
  for (std::size_t i = 0; i < json->items.size(); ++i) {
    if (!read_member(json->names[i], json->items[i], message)) {
      return std::nullopt;
    }
  }
  return message.method.empty() ? std::nullopt : std::optional(std::move(message));
}

void prepare(Message& message, const Fill& fill) {
  auto& params = message.params;
  const auto signature = std::find(params.names.begin(), params.names.end(), kSignature);
  if (signature != params.names.end()) {
    params.items.erase(params.items.begin() + (signature - params.names.begin()));
    params.names.erase(signature);
  }
  if (!fill.timestamp_ms || message.find("timestamp") != nullptr) {
    return;
  }
  add_number(message, "timestamp", *fill.timestamp_ms);
  if (fill.recv_window_ms && message.find("recvWindow") == nullptr) {
    add_number(message, "recvWindow", *fill.recv_window_ms);
  }
}

void append_signature(Message& message, std::string signature) {
  JsonValue value;
  value.kind = Kind::string;
  value.text = std::move(signature);
  message.params.names.emplace_back(kSignature);
  message.params.items.push_back(std::move(value));
}

bool write_message(const Message& message, std::string_view api_key, base::ByteSink& out) {
  bool fits = out.append("{");
  if (!message.id.empty()) {
    fits = fits && out.append("\"id\":") && out.append(message.id) && out.append(",");
  }
  fits = fits && out.append("\"method\":") && write_json_string(message.method, out);
  if (message.has_params) {
    fits = fits && out.append(",\"params\":") && write_params(message.params, api_key, out);
  }
  return fits && out.append("}");
}

bool write_payload(const Message& message, std::string_view api_key, base::ByteSink& out) {
  ParameterViews parameters;
  for (std::size_t i = 0; i < message.params.items.size(); ++i) {
    const std::string_view name = message.params.names[i];
    const bool is_replaced = name == kApiKey && !api_key.empty();
    parameters.emplace_back(name, is_replaced ? api_key : message.params.items[i].text);
  }
  return write_websocket_payload(std::move(parameters), out);
}

bool is_signed_with(std::string_view placeholder_secret, const Message& message) {
  const auto signature = base::to_lower(message.text_of(kSignature));
  std::vector<std::string> encoded;
  encoded.reserve(message.params.items.size());
  ParameterViews as_sent;
  ParameterViews as_component;
  for (std::size_t i = 0; i < message.params.items.size(); ++i) {
    const auto& text = message.params.items[i].text;
    encoded.push_back(encode_uri_component(text));
    as_sent.emplace_back(message.params.names[i], text);
    as_component.emplace_back(message.params.names[i], encoded.back());
  }
  return !signature.empty() && (is_hmac_of(placeholder_secret, as_sent, signature) ||
                                is_hmac_of(placeholder_secret, as_component, signature));
}

TextFields fields_of(const Message& message) {
  TextFields fields;
  for (std::size_t i = 0; i < message.params.items.size(); ++i) {
    fields.push_back({message.params.names[i], message.params.items[i].text});
  }
  return fields;
}

}  // namespace keyswap::bindings::binance
