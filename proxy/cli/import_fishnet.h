// SPDX-License-Identifier: Apache-2.0
//
// A Fishnet configuration (fishnet.toml) -> bindings.yaml, and what changed meaning on the way.
// What Fishnet's keys are and default to: crates/types/src/config.rs of github.com/iamyxsh/fishnet.
// Pure but for the random part of new placeholders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/failure.h"

namespace keyswap::cli {

struct FishnetImport {
  std::string bindings;             // YAML
  std::vector<std::string> report;  // a line each: to do, changed, left out
};

// A failure, with its line, when it is not TOML, or a value is not of the kind that Fishnet takes.
Outcome<FishnetImport> import_fishnet(std::string_view toml);

}  // namespace keyswap::cli
