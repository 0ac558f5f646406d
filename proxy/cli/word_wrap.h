// SPDX-License-Identifier: Apache-2.0
//
// Text in lines that fit a terminal, for people. Pure. A column is a code point: what is shown here
// is printable ASCII but for the words of an operator.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

// As wide as every terminal is.
inline constexpr std::size_t kColumns = 80;

std::size_t columns_of(std::string_view text);

// The words of `text` in lines of at most `width` (> 0) columns; a word that is longer is cut into
// several lines. One line at least.
std::vector<std::string> wrap_words(std::string_view text, std::size_t width);

std::vector<std::string_view> words_of(std::string_view text);

// A line as it is if it fits; else its words in lines of at most kColumns columns, indented like
// it, and all but the first one further. A word that is longer stays whole: it is a path or a
// placeholder, and may be copied. Ends with a newline.
std::string wrap_hanging(std::string_view text);

// `text` in paragraphs, which an empty line separates. A line that begins with a blank stays as it
// is. Each line is indented by `indent` blanks, and ends with a newline.
std::string wrap_paragraphs(std::string_view text, std::size_t width, std::size_t indent = 0);

// A line for a shell, cut with backslashes between its words, outside of quotes.
std::vector<std::string> wrap_shell_line(std::string_view line, std::size_t width);

// The lines of `text`; the newline at its end begins no further one.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace keyswap::cli
