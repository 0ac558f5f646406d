// SPDX-License-Identifier: Apache-2.0
//
// A message to the WebSocket API, {"id":..,"method":..,"params":{..}}, read strictly and written
// anew, so that the venue cannot find another order in it than the policy did (I9).
// Source: "Request format" and "Request security" of Binance's WebSocket API documents.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bindings/json.h"
#include "bindings/venues/binance/batch.h"
#include "bindings/venues/binance/resign.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

struct Message {
  // As JSON, written in the one shortest way: `17`, `"a"`. So the number 1 and the text "1" are two
  // ids, and a reply's is compared as text. `null` if it is that; "" = absent.
  std::string id;
  std::string method;
  bool has_params = false;
  JsonValue params;  // an object; `names` of [A-Za-z0-9_]

  // The value of that parameter, or nullptr.
  [[nodiscard]] const JsonValue* find(std::string_view name) const;
  // Its text; "" if it is not there.
  [[nodiscard]] std::string_view text_of(std::string_view name) const;
  // Has each parameter one value? Lists are for market data, and cannot be signed.
  [[nodiscard]] bool is_flat() const;
};

// Nothing for: more than bounds::kMessageBytesMax; what read_json() refuses; another key than the
// three; an id that is no integer of 64 bits or text of 64 bytes; a method that is not of
// [A-Za-z0-9._/-]; a parameter with another name than [A-Za-z0-9_]+, or with one that the policy
// reads in another case; a value that is null, or holds more than a list of scalars; an apiKey or
// signature that is no text, or is empty.
std::optional<Message> read_message(std::string_view text);

// A message's id as above, of a value of JSON; nothing if it can be none.
std::optional<std::string> read_message_id(const JsonValue& value);

// Makes room for a new signature: the client's goes, and what `fill` has is added where it is
// missing (recvWindow only together with the timestamp).
void prepare(Message& message, const Fill& fill);
void append_signature(Message& message, std::string signature);

// The message as it is sent. `api_key`: what stands in place of the one in it; "" = that stays.
// Never longer than the text it was read from, but for what edits added. False when the sink is
// full.
[[nodiscard]] bool write_message(const Message& message,
                                 std::string_view api_key,
                                 base::ByteSink& out);

// What is signed: all parameters but `signature`, by name, "name=value" joined by '&', not
// percent-encoded. The message is flat.
[[nodiscard]] bool write_payload(const Message& message,
                                 std::string_view api_key,
                                 base::ByteSink& out);

// Is the client's signature the one that `placeholder_secret` gives (HMAC-SHA256), over the payload
// as it stands, or with its values as encodeURIComponent would have written them?
bool is_signed_with(std::string_view placeholder_secret, const Message& message);

// The parameters as an order's fields.
TextFields fields_of(const Message& message);

}  // namespace keyswap::bindings::binance
