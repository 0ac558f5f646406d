// SPDX-License-Identifier: Apache-2.0
//
// The figures of the running proxy in OpenMetrics 1.0 text, for Prometheus and its like. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/counting.h"
#include "proxy/services/counts.h"

namespace keyswap::services {

inline constexpr std::string_view kOpenMetrics =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Certificates for clients, of one use: the proxy keeps those for its answers apart from those for
// refusals.
struct LeafFigures {
  std::string_view use;
  std::uint64_t kept = 0;
  std::uint64_t found = 0;   // looked for, and there
  std::uint64_t missed = 0;  // and not there
  std::uint64_t made = 0;
  std::uint64_t failed = 0;  // to be made
};

// Of a source of secrets elsewhere.
struct SourceFigures {
  std::string source;        // its name in the bindings, which needs no escape
  std::uint64_t values = 0;  // that are kept
  bool is_down = false;      // it failed, and is not asked at the moment
};

// What others count than the loops, and what is so at the moment.
struct Figures {
  std::uint64_t client_connections = 0;
  std::uint64_t upstream_connections = 0;
  std::uint64_t locked_bytes = 0;  // of memory
  bool is_vault_locked = false;
  bool is_audit_dead = false;
  base::DurationFigures audit_syncs = {};
  std::vector<LeafFigures> leaves = {};
  std::vector<SourceFigures> sources = {};
  std::uint64_t clocks_apart = 0;  // upstreams whose clock differs from this machine's
};

// With those of all loops; each family with its TYPE, HELP and, where it has one, UNIT; "# EOF" at
// the end.
std::string render_metrics(const std::vector<const Counts*>& loops, const Figures& figures);

}  // namespace keyswap::services
