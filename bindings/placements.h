// SPDX-License-Identifier: Apache-2.0
//
// The table of placements, and those that no key of `inject:` names.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "bindings/placement.h"

namespace keyswap::bindings {

// Every kind, the default one first.
std::span<const PlacementKind* const> placements();

// A header that is nothing but the key: a placeholder with something around it is at a place that
// is not its own.
std::unique_ptr<const Placement> make_bare_header(std::string_view name);

// The value of a parameter in the query.
std::unique_ptr<const Placement> make_query_parameter(std::string_view name);

// That of a parameter in an Authorization field of this scheme (bindings/auth_parameters.h). For
// schemes that write the whole field.
std::unique_ptr<const Placement> make_auth_parameter(std::string_view scheme,
                                                     std::string_view parameter);

// The text messages of a WebSocket that a scope with `ws_text: true` opens.
std::unique_ptr<const Placement> make_ws_text();

}  // namespace keyswap::bindings
