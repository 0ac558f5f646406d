// SPDX-License-Identifier: Apache-2.0
//
// May this message be sent over this WebSocket, and by whose key? Pure, like proxy/flow/decide.h:
// the key is chosen by the placeholder that the message carries, among the rules that open a
// WebSocket here; the connection's own logon stands in for it where the protocol has one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/binding.h"
#include "bindings/message_signer.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/destination.h"

namespace keyswap::flow {

// What a message is judged by, taken anew for each (I14).
struct Moment {
  std::uint64_t number = 0;  // of the message, on its WebSocket
  std::shared_ptr<const bindings::Bindings> bindings;
  std::string request_id;
  std::string caller;                    // who sends it, "" unknown
  std::optional<audit::Reason> refusal;  // the caller may not come any more
  std::int64_t now_us = 0;               // since 1970
};

// Who signs messages on a WebSocket to this destination and target, or nullptr.
const bindings::MessageSigner* find_message_signer(const bindings::Bindings& bindings,
                                                   const http::Authority& destination,
                                                   std::string_view target);

struct MessageRequest {
  const bindings::MessageReading& message;
  std::string_view target;  // of the request that opened the WebSocket
  const Destination& destination;
  const bindings::Bindings& bindings;
  std::string_view caller;
  std::string_view logged_on;  // name of the rule whose key the connection was logged on with
};

struct MessageVerdict {
  Verdict verdict;
  bool is_signed = false;  // allowed: the placeholder is in it (else: the logon speaks for it)
};

MessageVerdict decide_message(const MessageRequest& request);

}  // namespace keyswap::flow
