// SPDX-License-Identifier: Apache-2.0
//
// The file of another tool that an import reads and, if it is told to, changes: read whole into
// locked memory; replaced in one step, with what it was beside it.
#pragma once

#include <string>
#include <string_view>

#include <sys/types.h>

#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

struct CredentialSource {
  std::string path;  // with links resolved: a link stays a link
  File file;         // as it was read
  mode_t mode = 0600;
  bool is_own = false;
  bool is_only_name = true;  // no other (hard) link leads to it
  LockedText text;
};

Outcome<CredentialSource> read_source(const std::string& path);

// May it be changed, so that nobody loses anything?
Problem check_changeable(const CredentialSource& source);

// A copy beside it, which only this user can open; gives its path. Nothing is overwritten.
Outcome<std::string> back_up(const CredentialSource& source);

// Does the file still say what was read?
bool is_as_read(const CredentialSource& source);

// The file with that text, atomically and durably, with its group, mode and access list. A failure
// says that the file is as it was, or as somebody else made it since it was read.
Problem replace_source(const CredentialSource& source, std::string_view text);

}  // namespace keyswap::cli
