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

// The text messages of a WebSocket that a scope with `ws_text: true` opens.
std::unique_ptr<const Placement> make_ws_text();

}  // namespace keyswap::bindings
