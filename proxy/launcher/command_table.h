// SPDX-License-Identifier: Apache-2.0
//
// The programs that sources are (vault/sources/command.cc), as the launcher holds them: one for
// each source and key, whole, so that nobody who asks for one can put a word of his own into it.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bounds.h"
#include "vault/source_table.h"

namespace keyswap::launcher {

struct CommandSpec {
  std::vector<std::string> argv;  // the program by its absolute path, then its arguments
  std::vector<std::string> environment = {};  // what it gets of ours, besides PATH, HOME and LANG
  std::int64_t timeout_ms = base::bounds::kCommandMs;

  bool operator==(const CommandSpec&) const = default;
};

// Of a source's entry, for one key: "{key}" in its arguments is that.
CommandSpec command_of(const vault::SourceSpec& spec, std::string_view key);

// All that a policy may have run, each once; at most bounds::kCommandsMax, the rest is left out.
std::vector<CommandSpec> commands_of(const vault::SourceTable& table);

// Of the setting, one name a line. What is keyswap's own is never handed on.
std::vector<std::string> environment_names(std::string_view text);

}  // namespace keyswap::launcher
