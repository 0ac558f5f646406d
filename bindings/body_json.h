// SPDX-License-Identifier: Apache-2.0
//
// A request's body as JSON, where all servers read it as the same: what rules on bodies judge
// (bindings/body_rules.h), of RFC 8259 by its strictest reader (bindings/json.h), and not coded.
#pragma once

#include <string>
#include <string_view>

#include "bindings/json.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

// The media type of the body; invalid_input where it is not clear what a server takes the body for:
// Content-Type is not there or twice, not plain, of a form, names a character set that is not
// UTF-8, or the body is coded.
base::Result<std::string> read_body_type(const http::HeaderList& fields);

// `media_type`: as read_body_type() gives it. invalid_input for what is no JSON, or not read in one
// way.
base::Result<JsonValue> read_body_json(std::string_view media_type, std::string_view body);

// The value of an object's member of that name; null: it has none, or this is no object. A name
// that some server takes for it (may_be_same_name) is invalid_input.
base::Result<const JsonValue*> find_member(const JsonValue& object, std::string_view name);

// May some server take one name for the other? Cases of letters differ, also in Unicode, or `_` and
// `-`: `maxTokens`, `max_tokens`. Allocates nothing.
bool may_be_same_name(std::string_view a, std::string_view b);

}  // namespace keyswap::bindings
