// SPDX-License-Identifier: Apache-2.0
//
// A client's text message on a WebSocket that a scope with `ws_text: true` opened: which
// placeholders in it are swapped, and what becomes of the message by all that stand there. Pure,
// like proxy/flow/decide_body.h, which judges what is found: the rules are those of a body. Not for
// messages that a scheme signs (proxy/flow/decide_message.h).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/destination.h"

namespace keyswap::flow {

// Are placeholders swapped in text messages on a WebSocket to this destination and target?
bool swaps_texts(const bindings::Bindings& bindings,
                 const http::Authority& destination,
                 std::string_view target);

struct TextMessage {
  std::string_view text;    // the whole of it
  std::string_view target;  // of the request that opened the WebSocket
  const Destination& destination;
  const bindings::Bindings& bindings;
  std::string_view caller;
};

// Bytes that stay, or a place where a secret comes.
struct TextPiece {
  std::string_view bytes;
  std::optional<PlaceOf> place = std::nullopt;
  bool is_in_string = false;  // between the quotes of one, as JSON writes them
  bool is_nested = false;     // and there of one in what that says, so that it is read twice
};

struct TextVerdict {
  Verdict verdict;                // each place that is used once
  std::vector<TextPiece> pieces;  // of the message; views of its text
};

TextVerdict decide_text(const TextMessage& message);

}  // namespace keyswap::flow
