// SPDX-License-Identifier: Apache-2.0
//
// Endpoints of a venue that move value out, or open a door to it (an API key, an address): no
// configuration lets a request to one through, whatever it carries. A scheme lists its venue's as
// the vendor's pages write them, and citing those; VenueInjection::forbids looks
// (bindings/signing_parts.h). A binding's own list is `blocked:` (bindings/blocked.h).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bindings/request_readings.h"

namespace keyswap::bindings {

enum class ClosedTo : std::uint8_t {
  writes,  // any method but GET and HEAD
  all,     // reading too, where the venue acts on a GET, or answers it with what opens a door
};

struct ClosedEndpoint {
  std::string_view path;  // a `*` stands for anything, also for '/' and for nothing
  ClosedTo closed_to = ClosedTo::writes;
};

// Is it a request to one of these, in any reading of its path, whatever the case, with and without
// a slash at the end? So it is when there are too many readings to tell. A method that is named
// besides is not judged here.
bool is_closed(std::span<const ClosedEndpoint> endpoints, const RequestReadings& request);

}  // namespace keyswap::bindings
