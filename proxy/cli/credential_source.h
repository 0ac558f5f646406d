// SPDX-License-Identifier: Apache-2.0
//
// The file of another tool that an import reads and, if it is told to, changes: read whole into
// locked memory; replaced in one step, with what it was beside it.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

#include "proxy/cli/failure.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

struct CredentialSource {
  std::string path;  // with links resolved: a link stays a link
  mode_t mode = 0600;
  bool is_own = false;  // else it is not changed
  LockedText text;
};

Outcome<CredentialSource> read_source(const std::string& path);

// A copy beside it, which only this user can open; gives its path. Nothing is overwritten.
Outcome<std::string> back_up(const CredentialSource& source);

// The file with that text, atomically and durably. A failure, and the file as it is, where it was
// changed since it was read.
Problem replace_source(const CredentialSource& source, std::string_view text);

}  // namespace keyswap::cli
