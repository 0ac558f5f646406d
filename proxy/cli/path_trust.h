// SPDX-License-Identifier: Apache-2.0
//
// Who else could put another file in the place of one that we are told to trust? Whoever may write
// a folder on the way to it may rename what is in there, and so may the owner of that folder or of
// a link on the way. Trusted are root and this user. Not looked at: access control lists, which do
// not show in a mode.
#pragma once

#include <optional>
#include <string>

namespace keyswap::cli {

struct PathProblem {
  std::string what;
  std::string hint;
};

// Is every folder that the kernel goes through to reach `path` ours or root's, and writable by
// nobody else? A folder that is sticky (/tmp) may be: what is in there can be renamed by its owner
// alone. So may one that the user's own group can write, if nobody else is in it. The first problem
// found; also when the path cannot be followed. What is not there yet is no problem.
std::optional<PathProblem> check_folders_above(const std::string& path);

// The same, and that `path` leads to a plain file of ours or root's that nobody else can write.
std::optional<PathProblem> check_trusted_file(const std::string& path);

// "cannot look at PATH: Permission denied"
PathProblem cannot_look_at(const std::string& path, int number);

}  // namespace keyswap::cli
