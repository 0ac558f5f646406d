// SPDX-License-Identifier: Apache-2.0
//
// Patterns of paths as `paths:` has them: `*` = anything within a segment (may be empty), `**` =
// anything; all else literal. Not for entries of `blocked:` (bindings/blocked.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/path_readings.h"
#include "bindings/search_budget.h"

namespace keyswap::bindings {

class PathPattern {
 public:
  explicit PathPattern(std::string_view glob);

  [[nodiscard]] const std::string& text() const { return glob_; }

  // I5: does it match in every reading? Bytes are compared as they are. Not when that is more than
  // the budget has left, nor when the pattern is longer than bounds::kPathGlobBytesMax (the parser
  // refuses it).
  [[nodiscard]] bool allows(const PathReadings& readings, SearchBudget& budget) const;

  // Does it match any of these paths, which are in lower case, in any case of its own letters? More
  // than the budget has left counts as a match.
  [[nodiscard]] bool may_match(const std::vector<std::string>& lower_paths,
                               SearchBudget& budget) const;

 private:
  std::string glob_;
};

// The path that scopes judge for a request target. Git's discovery request
// "GET /o/r.git/info/refs?service=git-upload-pack" is judged as "/o/r.git/git-upload-pack" (the
// path of the request that follows it), if the query is exactly that one known service; else the
// path as it came.
std::string scope_path(std::string_view method, std::string_view target);
// Would scope_path give anything else than the part before '?'?
bool is_git_discovery(std::string_view method, std::string_view target);
// The path that a discovery at `path` would have for any service that its query may name; empty
// when `path` is none of a discovery. For what blocks.
std::vector<std::string> discovered_paths(std::string_view path);

}  // namespace keyswap::bindings
