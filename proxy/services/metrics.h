// SPDX-License-Identifier: Apache-2.0
//
// The figures of the running proxy in OpenMetrics 1.0 text, for Prometheus and its like. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/services/counts.h"

namespace keyswap::services {

inline constexpr std::string_view kOpenMetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// What is so at the moment.
struct Gauges {
  std::uint64_t client_connections = 0;
  std::uint64_t upstream_connections = 0;
  std::uint64_t locked_bytes = 0;  // of memory
  bool is_vault_locked = false;
  bool is_audit_dead = false;
};

// Of all loops; each family with its TYPE, HELP and, where it has one, UNIT; "# EOF" at the end.
std::string render_metrics(const std::vector<const Counts*>& loops, const Gauges& gauges);

}  // namespace keyswap::services
