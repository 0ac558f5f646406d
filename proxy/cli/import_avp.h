// SPDX-License-Identifier: Apache-2.0
//
// A bindings file of agent-vault-proxy -> bindings.yaml, and what changed meaning on the way. Most
// of such a file is taken as it stands (docs/bindings.md, "Files of agent-vault-proxy"); what is
// different here is turned into what means the same, or left out and said. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/failure.h"

namespace keyswap::cli {

struct AvpImport {
  std::string bindings;             // YAML; its comments are gone
  std::vector<std::string> report;  // a line each: to do, changed, left out
};

// A failure, with its line, when it is no YAML as bindings have it, or no such file at all.
Outcome<AvpImport> import_avp(std::string_view yaml);

}  // namespace keyswap::cli
