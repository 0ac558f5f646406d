// SPDX-License-Identifier: Apache-2.0
//
// A record of the audit log as a person reads it, and which records somebody asked for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::cli {

struct LineFilter {
  std::string secret;  // "" any; so the others
  std::string host;
  std::string decision;
  std::optional<std::int64_t> since_us;
  std::optional<std::int64_t> until_us;
  std::string caller = {};
  std::string reason = {};
  std::string method = {};

  [[nodiscard]] bool wants_all() const { return !wants_decisions_only() && !since_us && !until_us; }

  // Does it ask for decisions of a kind, so that other records are left out?
  [[nodiscard]] bool wants_decisions_only() const {
    return !secret.empty() || !host.empty() || !decision.empty() || !caller.empty() ||
           !reason.empty() || !method.empty();
  }
};

// Is `line` (one record, JSON) asked for? A line that is no record never is.
bool matches(const LineFilter& filter, std::string_view line);

// One line for a terminal: no control bytes whatever is in the record.
std::string format_record(std::string_view line);

}  // namespace keyswap::cli
