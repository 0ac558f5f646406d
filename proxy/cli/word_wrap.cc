// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/word_wrap.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace keyswap::cli {

namespace {

bool continues_a_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

// How many bytes the first `columns` columns of `text` take.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  while (at < text.size() && columns > 0) {
    ++at;
    while (at < text.size() && continues_a_code_point(text[at])) {
      ++at;
    }
    --columns;
  }
  return at;
}

void put_word(std::vector<std::string>& lines, std::string_view word, std::size_t width) {
  std::string& line = lines.back();
  if (!line.empty() && columns_of(line) + 1 + columns_of(word) <= width) {
    line.append(" ").append(word);
    return;
  }
  if (!line.empty()) {
    lines.emplace_back();
  }
  while (columns_of(word) > width) {
    const std::size_t end = bytes_of(word, width);
    lines.back() = word.substr(0, end);
    lines.emplace_back();
    word.remove_prefix(end);
  }
  lines.back() = word;
}

// Where a blank stands outside of quotes.
std::vector<std::size_t> shell_blanks(std::string_view line) {
  std::vector<std::size_t> blanks;
  std::optional<char> quote;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (c == '\\' && quote != '\'') {
      ++at;
    } else if (quote) {
      quote = c == *quote ? std::nullopt : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ' ') {
      blanks.push_back(at);
    }
  }
  return blanks;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::ranges::count_if(text, continues_a_code_point));
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find_first_not_of(" \n"), text.size());
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) {
      words.push_back(text.substr(0, end));
    }
    text.remove_prefix(end);
  }
  return words;
}

std::vector<std::string> wrap_words(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const std::string_view word : words_of(text)) {
    put_word(lines, word, width);
  }
  return lines;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string wrap_hanging(std::string_view text) {
  constexpr std::string_view kFurther = "    ";
  if (columns_of(text) <= kColumns) {
    return std::string(text) + "\n";
  }
  const std::size_t blanks = std::min({text.find_first_not_of(' '), text.size(), kColumns / 2});
  const std::string indent(blanks, ' ');
  std::string wrapped;
  std::string line = indent;
  bool has_word = false;
  for (const std::string_view word : words_of(text)) {
    if (has_word && columns_of(line) + 1 + columns_of(word) > kColumns) {
      wrapped += line + "\n";
      line = indent + std::string(kFurther);
      has_word = false;
    }
    line.append(has_word ? " " : "").append(word);
    has_word = true;
  }
  return wrapped + line + "\n";
}

std::string wrap_paragraphs(std::string_view text, std::size_t width, std::size_t indent) {
  const std::string blanks(indent, ' ');
  std::string wrapped;
  std::string paragraph;
  const auto finish = [&] {
    if (!paragraph.empty()) {
      for (const auto& line : wrap_words(paragraph, width - indent)) {
        wrapped += blanks + line + "\n";
      }
    }
    paragraph.clear();
  };
  for (const std::string_view line : lines_of(text)) {
    if (!line.empty() && line.front() != ' ') {
      paragraph.append(paragraph.empty() ? "" : " ").append(line);
      continue;
    }
    finish();
    wrapped += line.empty() ? "\n" : blanks + std::string(line) + "\n";
  }
  finish();
  return wrapped;
}

std::vector<std::string> wrap_shell_line(std::string_view line, std::size_t width) {
  constexpr std::string_view kContinued = " \\";
  std::vector<std::string> lines;
  std::string indent;
  while (columns_of(indent) + columns_of(line) > width) {
    const std::size_t room = width - columns_of(indent) - kContinued.size();
    std::optional<std::size_t> cut;
    for (const std::size_t blank : shell_blanks(line)) {
      // A first cut that is too late is better than none.
      if (!cut || columns_of(line.substr(0, blank)) <= room) {
        cut = blank;
      }
    }
    if (!cut) {
      break;
    }
    lines.push_back(indent + std::string(line.substr(0, *cut)) + std::string(kContinued));
    line.remove_prefix(*cut + 1);
    indent = "    ";
  }
  lines.push_back(indent + std::string(line));
  return lines;
}

}  // namespace keyswap::cli
