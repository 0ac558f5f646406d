// SPDX-License-Identifier: Apache-2.0
//
// Where the placeholder of the scheme `jwt` stands: as a bearer token (RFC 6750 section 2.1), or as
// the key id of one that the client signed itself, or as the issuer of one that names no key.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "bindings/placement.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

inline constexpr std::string_view kBearerField = "authorization";
inline constexpr std::string_view kBearerWord = "Bearer ";

std::unique_ptr<const Placement> make_bearer_place();

// The token of a request; nothing: it has none, or it says something else there.
std::optional<std::string_view> bearer_token(const http::HeaderList& fields);

}  // namespace keyswap::bindings
