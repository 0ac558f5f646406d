// SPDX-License-Identifier: Apache-2.0
#include "bindings/line_changes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

using Lines = std::vector<std::string>;

// Each without its line feed. A text that ends without one is told from one that ends with it.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) {
      lines.push_back(std::string(text) + " (without a line feed at its end)");
      break;
    }
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string numbered(const char* mark, const Lines& lines, std::size_t at) {
  return mark + std::to_string(at + 1) + ": " + lines[at];
}

// Nothing of a line that is blank.
std::size_t indent_of(const std::string& line) {
  return line.find_first_not_of(' ');
}

// A part of both texts: lines [begin, end) of each.
struct Span {
  std::size_t begin = 0;
  std::size_t old_end = 0;
  std::size_t new_end = 0;

  [[nodiscard]] std::size_t old_size() const { return old_end - begin; }

  [[nodiscard]] std::size_t new_size() const { return new_end - begin; }
};

class Difference {
 public:
  Difference(const Lines& before, const Lines& after) : before_(before), after_(after) {}

  Lines run() {
    span_ = differing_part();
    const bool is_long =
        (span_.old_size() + 1) * (span_.new_size() + 1) > base::bounds::kDiffCellsMax;
    if (is_long) {
      while (old_at_ < span_.old_end) {
        take_old();
      }
      while (new_at_ < span_.new_end) {
        take_new();
      }
      return std::move(said_);
    }
    count_common();
    walk();
    return std::move(said_);
  }

 private:
  // Without what is the same at the beginning and at the end.
  Span differing_part() {
    Span span{0, before_.size(), after_.size()};
    while (span.begin < std::min(span.old_end, span.new_end) &&
           before_[span.begin] == after_[span.begin]) {
      ++span.begin;
    }
    while (span.old_end > span.begin && span.new_end > span.begin &&
           before_[span.old_end - 1] == after_[span.new_end - 1]) {
      --span.old_end;
      --span.new_end;
    }
    old_at_ = span.begin;
    new_at_ = span.begin;
    return span;
  }

  std::uint32_t& common(std::size_t old_at, std::size_t new_at) {
    return common_[(old_at - span_.begin) * (span_.new_size() + 1) + (new_at - span_.begin)];
  }

  // How many lines can stay from there on, at most.
  void count_common() {
    common_.assign((span_.old_size() + 1) * (span_.new_size() + 1), 0);
    for (std::size_t i = span_.old_end; i-- > span_.begin;) {
      for (std::size_t j = span_.new_end; j-- > span_.begin;) {
        common(i, j) = before_[i] == after_[j] ? common(i + 1, j + 1) + 1
                                               : std::max(common(i + 1, j), common(i, j + 1));
      }
    }
  }

  void walk() {
    while (old_at_ < span_.old_end || new_at_ < span_.new_end) {
      const bool has_both = old_at_ < span_.old_end && new_at_ < span_.new_end;
      if (has_both && before_[old_at_] == after_[new_at_]) {
        ++old_at_;
        ++new_at_;
        is_in_group_ = false;
      } else if (new_at_ == span_.new_end ||
                 (has_both && common(old_at_ + 1, new_at_) >= common(old_at_, new_at_ + 1))) {
        take_old();
      } else {
        take_new();
      }
    }
  }

  void take_old() {
    begin_group(before_, old_at_);
    said_.push_back(numbered("  - ", before_, old_at_++));
  }

  void take_new() {
    begin_group(after_, new_at_);
    said_.push_back(numbered("  + ", after_, new_at_++));
  }

  void begin_group(const Lines& lines, std::size_t at) {
    if (is_in_group_) {
      return;
    }
    is_in_group_ = true;
    Lines around;
    std::size_t indent = indent_of(lines[at]);
    for (std::size_t i = at; i-- > 0 && indent > 0;) {
      if (indent_of(lines[i]) < indent) {
        indent = indent_of(lines[i]);
        around.push_back(numbered("    ", lines, i));
      }
    }
    said_.insert(said_.end(), around.rbegin(), around.rend());
  }

  const Lines& before_;
  const Lines& after_;
  Span span_;
  std::vector<std::uint32_t> common_;  // a row for each old line and one more
  std::size_t old_at_ = 0;
  std::size_t new_at_ = 0;
  bool is_in_group_ = false;
  Lines said_;
};

}  // namespace

std::vector<std::string> line_changes(std::string_view before, std::string_view after) {
  const Lines old_lines = lines_of(before);
  const Lines new_lines = lines_of(after);
  return Difference(old_lines, new_lines).run();
}

}  // namespace keyswap::bindings
