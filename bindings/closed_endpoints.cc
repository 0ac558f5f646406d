// SPDX-License-Identifier: Apache-2.0
#include "bindings/closed_endpoints.h"

#include <algorithm>
#include <string>

#include "bindings/search_budget.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

// In another case it may be anything, and so it counts as writing.
bool is_reading(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

// More than the budget has left counts as a match: what is not known is closed.
bool is_at(std::string_view path, const RequestReadings& request) {
  const auto& readings = request.blocking_paths();
  if (!readings) {
    return true;
  }
  const auto glob = base::to_lower(path);
  auto& budget = request.search_budget();
  budget.begin_rule();
  return std::ranges::any_of(*readings, [&](const std::string& reading) {
    return budget.matches(glob, reading, Star::anything).value_or(true);
  });
}

}  // namespace

bool is_closed(std::span<const ClosedEndpoint> endpoints, const RequestReadings& request) {
  const bool is_read = is_reading(request.method());
  return std::ranges::any_of(endpoints, [&](const ClosedEndpoint& endpoint) {
    return (endpoint.closed_to == ClosedTo::all || !is_read) && is_at(endpoint.path, request);
  });
}

}  // namespace keyswap::bindings
