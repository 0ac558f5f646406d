// SPDX-License-Identifier: Apache-2.0
//
// Globs over paths: `*` = anything within a segment (may be empty), `**` = anything; all else literal.
// A path is judged in every reading that some server gives it (contract 4): as it came; percent-decoded
// until stable; dot segments resolved; slashes merged; ";params" cut; backslash as slash, and the
// combinations. An allowing rule must match in all readings, a blocking one in any (case ignored).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

class PathPattern {
 public:
  explicit PathPattern(std::string_view glob) : glob_(glob) {}

  [[nodiscard]] const std::string& text() const { return glob_; }

  // Linear in the path's length times the number of stars at worst; never exponential.
  [[nodiscard]] bool matches(std::string_view path) const;
  [[nodiscard]] bool matches_ignoring_case(std::string_view path) const;

 private:
  std::string glob_;
};

// Every reading of `path` (the first is the path itself), without repeats. Usually one. Empty when there
// would be more than limits::kPathReadingsMax: no allowing rule matches then, and a blocking one does.
std::vector<std::string> path_readings(std::string_view path);

// Does `path` contain a byte that could give it a second reading ('%', '.', "//", ';', '\\')? If not,
// path_readings would give just the path, and need not be called.
bool has_other_readings(std::string_view path);

}  // namespace keyswap::bindings
