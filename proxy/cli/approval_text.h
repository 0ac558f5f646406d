// SPDX-License-Identifier: Apache-2.0
//
// What a person sees who decides on a request: made of the bytes that are sent, never of what a
// client says of them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/approvals/operation.h"

namespace keyswap::cli {

// A text that others made, with its lines. What moves a cursor, and what shows words in another
// order than they have, is shown by its number, as \u202E; bytes that are no text as \xNN.
std::string shown_request(std::string_view text);

// "waiting, 54 s left"
std::string describe_state(const approvals::Operation& operation, std::int64_t now_us);

// All that there is to say of it, line by line; `request`: what was asked for, "" if that is gone.
std::string describe_operation(const approvals::Operation& operation,
                               std::string_view request,
                               std::int64_t now_us);

// Its id and state, and what it is about in the lines below: an id is copied, so it stays whole.
std::string summarize_operation(const approvals::Operation& operation, std::int64_t now_us);

}  // namespace keyswap::cli
