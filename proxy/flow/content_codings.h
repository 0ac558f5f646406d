// SPDX-License-Identifier: Apache-2.0
//
// How an answer's body is coded, and the filters that undo it, so that it can be searched (I8).
#pragma once

#include <optional>
#include <vector>

#include "proxy/coding/decoder.h"
#include "proxy/flow/filter.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// In the order in which they were applied; lines and lists are one. Nothing: one is not known here,
// or they are more than bounds::kContentCodingsMax.
std::optional<std::vector<coding::Coding>> content_codings(const http::HeaderList& fields);

// Adds what undoes them. unavailable: no memory.
base::Status add_decoders(const std::vector<coding::Coding>& codings, FilterChain& chain);

// Is it a field that says something of the bytes as they are coded, which is not true any more once
// they are decoded?
bool is_of_coded_body(std::string_view field_name);

// Does it say a hash of the body? That is not true any more once a secret was taken out, and lets
// one who knows all else of the body try what the secret is.
bool is_digest(std::string_view field_name);

}  // namespace keyswap::flow
