// SPDX-License-Identifier: Apache-2.0
//
// Replies of the WebSocket API: whose a reply is, and one of our own that refuses a message.
// Source: "Response format" of Binance's WebSocket API documents.
#pragma once

#include <memory>
#include <string>

#include "bindings/message_signer.h"

namespace keyswap::bindings::binance {

// Finds `id` and `status` of the outermost object. Nothing for what has neither (an event), has one
// of them twice or in another form than the documents give, nests deeper than 64, or is no JSON.
// (Of strings and numbers besides the two it looks no further than to find their end.)
std::unique_ptr<ReplyReader> make_reply_reader();

// {"id":..,"status":403,"error":{"code":-1,"msg":"keyswap: ..","data":{..}}}. The venue has no
// code -1.
std::string refusal_text(const MessageRefusal& refusal);

}  // namespace keyswap::bindings::binance
