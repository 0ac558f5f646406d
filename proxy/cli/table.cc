// SPDX-License-Identifier: Apache-2.0
//
// Tables for people (proxy/cli/terminal.h).
#include <algorithm>
#include <numeric>

#include <unistd.h>

#include "proxy/cli/terminal.h"
#include "proxy/cli/word_wrap.h"

namespace keyswap::cli {

namespace {

using Row = std::vector<std::string>;
using Widths = std::vector<std::size_t>;

constexpr std::size_t kGap = 2;
// A column of single letters helps nobody.
constexpr std::size_t kColumnMin = 8;

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const std::string_view word : words_of(text)) {
    longest = std::max(longest, columns_of(word));
  }
  return longest;
}

// Of each column the largest of what `measure` gives for its cells.
template <typename Measure>
Widths largest(const std::vector<Row>& rows, Measure measure) {
  Widths widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max<std::size_t>(widths[i], measure(row[i]));
    }
  }
  return widths;
}

std::size_t total(const Widths& widths) {
  const std::size_t gaps = widths.empty() ? 0 : kGap * (widths.size() - 1);
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

// Takes from the widest column that may still give, until the table fits or none may.
void narrow(Widths& widths, const Widths& least) {
  while (total(widths) > kColumns) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool may_give = widths[i] > least[i];
      widest = may_give && (widest == widths.size() || widths[i] > widths[widest]) ? i : widest;
    }
    if (widest == widths.size()) {
      return;
    }
    --widths[widest];
  }
}

// First between words, then within them.
Widths fitting_widths(const std::vector<Row>& rows) {
  const Widths whole = largest(rows, columns_of);
  Widths widths = whole;
  narrow(widths, largest(rows, longest_word));
  Widths least;
  for (const std::size_t width : whole) {
    least.push_back(std::min(width, kColumnMin));
  }
  narrow(widths, least);
  return widths;
}

// A cell that fits stays as it is: blanks at its beginning indent it.
std::vector<std::string> cell_lines(const std::string& cell, std::size_t width) {
  return columns_of(cell) <= width ? std::vector<std::string>{cell} : wrap_words(cell, width);
}

std::string format_row(const Row& row, const Widths& widths) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    cells.push_back(cell_lines(row[i], widths[i]));
    height = std::max(height, cells.back().size());
  }
  std::string text;
  for (std::size_t at = 0; at < height; ++at) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string& cell = at < cells[i].size() ? cells[i][at] : std::string();
      line += cell + std::string(widths[i] - columns_of(cell) + kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  const Widths widths = fitting_widths(rows);
  std::string text;
  for (const auto& row : rows) {
    text += format_row(row, widths);
  }
  return text;
}

std::string format_facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  std::size_t width = 0;
  for (const auto& [name, value] : facts) {
    width = std::max(width, columns_of(name));
  }
  std::string text;
  for (const auto& [name, value] : facts) {
    text += name + std::string(width - columns_of(name) + kGap, ' ') + value + "\n";
  }
  return text;
}

void print_long_line(std::string_view text) {
  if (isatty(STDOUT_FILENO) != 1) {
    print_line(text);
    return;
  }
  const std::string lines = std::string(text) + "\n";
  for (const std::string_view line : lines_of(lines)) {
    print(wrap_hanging(line));
  }
}

}  // namespace keyswap::cli
