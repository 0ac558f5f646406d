// SPDX-License-Identifier: Apache-2.0
//
// A path in every reading that some server gives it: as it came; percent-decoded until stable; dot
// segments resolved; slashes merged; ";params" cut; backslash as slash; cut at a decoded '?', '#'
// or NUL; overlong UTF-8 as what it stands for, bytes that are no UTF-8 left out, fullwidth letters
// as the usual ones; and the combinations. An allowing rule must match in all readings, a blocking
// one in any.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

// Does `path` hold something that could give it a second reading? If not, path_readings would give
// just the path.
bool has_other_readings(std::string_view path);

// Every reading of `path` (the first is the path itself), without repeats. Usually one. Empty when
// there would be more than kPathReadingsMax, or more bytes of them than
// bounds::kPathReadingsBytesMax: that bounds the work too (I10).
std::vector<std::string> path_readings(std::string_view path);

// RFC 3986 section 5.2.4, with empty segments kept.
std::string resolve_dots(std::string_view path);

// The readings of one path, made once for all who judge it.
class PathReadings {
 public:
  // `path` must outlive it.
  explicit PathReadings(std::string_view path);

  [[nodiscard]] std::string_view path() const { return path_; }

  // More than the bounds: what is not known is not allowed, and is blocked.
  [[nodiscard]] bool are_too_many() const { return are_too_many_; }

  // Is `test` true of every reading? Not when there are too many, nor when decoded bytes are no
  // UTF-8: servers differ about what they mean.
  template <typename Test>
  [[nodiscard]] bool all(Test test) const {
    if (are_too_many_ || !are_utf8_ || !test(reading(suspect_))) {
      return false;
    }
    for (std::size_t i = 0; i <= others_.size(); ++i) {
      if (!test(reading(i))) {
        suspect_ = i;
        return false;
      }
    }
    return true;
  }

  // Is it true of any? So it is when there are too many.
  template <typename Test>
  [[nodiscard]] bool any(Test test) const {
    return are_too_many_ || test(path_) || std::any_of(others_.begin(), others_.end(), test);
  }

  // Calls `use` with each, the path first.
  template <typename Use>
  void each(Use use) const {
    use(path_);
    std::for_each(others_.begin(), others_.end(), use);
  }

 private:
  // 0: the path.
  [[nodiscard]] std::string_view reading(std::size_t i) const {
    return i == 0 ? path_ : std::string_view(others_[i - 1]);
  }

  std::string_view path_;
  std::vector<std::string> others_;
  // Which one was not as the last test that failed wanted it. The next test begins with it: a path
  // that is made to look like one of many rules differs from all in the same reading.
  mutable std::size_t suspect_ = 0;
  bool are_too_many_ = false;
  bool are_utf8_ = true;
};

}  // namespace keyswap::bindings
