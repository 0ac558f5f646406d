// SPDX-License-Identifier: Apache-2.0
//
// Asks sources once, by the machines that `serve` asks them by, and says of each secret whether it
// is there. Values are looked at as `serve` looks at them, and thrown away (I1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/cli/run_online.h"
#include "proxy/cli/source_inventory.h"

namespace keyswap::cli {

struct SecretSeen {
  SourcedSecret secret;
  std::string outcome;                     // "ok", or a word of docs/sources.md
  std::string version;                     // digits of a digest; "": the source has none
  std::optional<std::int64_t> expires_at;  // seconds since 1970; nothing: it does not say

  [[nodiscard]] bool is_there() const { return outcome == "ok"; }
};

struct SourceSeen {
  NamedSource source;
  std::vector<SecretSeen> secrets;

  [[nodiscard]] bool is_well() const;
};

// Of `online`'s bindings: all that it names.
SourceSeen ask_source(Online& online, const NamedSource& source);

// For people: a table; and for each secret that is not there, what to do, a line each. Pure.
std::string seen_text(const std::vector<SourceSeen>& seen);
std::vector<std::string> seen_advice(const std::vector<SourceSeen>& seen);
// For programs: a list of the sources. Pure.
std::string seen_json(const std::vector<SourceSeen>& seen);

}  // namespace keyswap::cli
