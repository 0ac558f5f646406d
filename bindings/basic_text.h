// SPDX-License-Identifier: Apache-2.0
//
// Credentials of the scheme Basic (RFC 7617) as a client writes them in a field: "Basic ", and
// base64 of "user:password". Read strictly: what a server might decode to something else is not
// decoded here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

struct BasicText {
  std::size_t begin = 0;  // of the base64, in the field's value
  std::string text;       // "user:password", as the client has them
  std::size_t colon = 0;  // the first one, in the text
};

// Nothing: they are no Basic credentials, not in canonical base64 (padding where due, nothing but
// the alphabet of RFC 4648 section 4), or without a colon.
std::optional<BasicText> read_basic(std::string_view value);

// Writes base64 of `bytes`. limit_exceeded when the sink is full.
base::Status append_base64(std::string_view bytes, base::ByteSink& out);

}  // namespace keyswap::bindings
