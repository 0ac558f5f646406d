// SPDX-License-Identifier: Apache-2.0
//
// Globs over paths: `*` = anything within a segment (may be empty), `**` = anything; all else
// literal. A path is judged in every reading that some server gives it (contract 4): as it came;
// percent-decoded until stable; dot segments resolved; slashes merged; ";params" cut; backslash as
// slash, and the combinations. An allowing rule must match in all readings, a blocking one in any
// (case ignored).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

class PathPattern {
 public:
  explicit PathPattern(std::string_view glob);

  [[nodiscard]] const std::string& text() const { return glob_; }

  // Linear in the path's length times the pattern's at worst; never exponential. Allocates nothing.
  // A pattern longer than bounds::kPathGlobBytesMax (the parser refuses it) matches nothing.
  [[nodiscard]] bool matches(std::string_view path) const;
  [[nodiscard]] bool matches_ignoring_case(std::string_view path) const;

 private:
  std::string glob_;
  std::size_t literal_bytes_;  // before the first '*'
};

// Every reading of `path` (the first is the path itself), without repeats. Usually one. Empty when
// there would be more than limits::kPathReadingsMax: no allowing rule matches then, and a blocking
// one does.
std::vector<std::string> path_readings(std::string_view path);

// Does `path` hold something that could give it a second reading ('%', "//", ';', '\\', a segment
// "." or
// "..")? If not, path_readings would give just the path, and need not be called.
bool has_other_readings(std::string_view path);

// An allowing pattern: does it match `path` in all readings? Fast, and without allocation, when
// there is only one.
bool allows_path(const PathPattern& pattern, std::string_view path);

// The path that scopes judge for a request target. Git's discovery request
// "GET /o/r.git/info/refs?service=git-upload-pack" is judged as "/o/r.git/git-upload-pack" (the
// path of the request that follows it), if the query is exactly that one known service; else the
// path as it came.
std::string scope_path(std::string_view method, std::string_view target);
// Would scope_path give anything else than the part before '?'?
bool is_git_discovery(std::string_view method, std::string_view target);

}  // namespace keyswap::bindings
