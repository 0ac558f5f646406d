// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/env_file.h"

#include <algorithm>
#include <optional>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kBlankOrBreak = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_key(std::string_view key) {
  return !key.empty() && is_letter(key.front()) &&
         std::ranges::all_of(key, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

struct Value {
  std::string_view text;
  std::optional<base::Note> mistake;
};

Value parse_quoted(std::string_view text) {
  const char quote = text.front();
  const std::size_t end = text.find(quote, 1);
  if (end == std::string_view::npos) {
    return {{}, base::Note("the quote is not closed on this line")};
  }
  const std::string_view rest = trim(text.substr(end + 1));
  if (!rest.empty() && rest.front() != '#') {
    return {{}, base::Note("something follows the closing quote")};
  }
  const std::string_view inside = text.substr(1, end - 1);
  if (quote == '"' && inside.find_first_of("$`\\") != std::string_view::npos) {
    return {{},
            base::Note("$, ` and \\ between double quotes are not worked out; use single quotes")};
  }
  return {inside, std::nullopt};
}

Value parse_value(std::string_view text) {
  if (text.empty()) {
    return {text, std::nullopt};
  }
  if (text.front() == '\'' || text.front() == '"') {
    return parse_quoted(text);
  }
  if (text.find_first_of(" \t'\"$`\\#;&|<>()") != std::string_view::npos) {
    return {{}, base::Note("a value with blanks or shell characters must stand in single quotes")};
  }
  return {text, std::nullopt};
}

void parse_line(std::string_view line, std::size_t number, EnvFile& file) {
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  line = trim(line);
  if (line.empty() || line.front() == '#') {
    return;
  }
  constexpr std::string_view kExport = "export ";
  if (line.starts_with(kExport)) {
    line = trim(line.substr(kExport.size()));
  }
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    file.mistakes.push_back({number, "not KEY=VALUE"});
    return;
  }
  const std::string_view key = line.substr(0, equals);
  if (!is_key(key)) {
    file.mistakes.push_back({number, "the key is not made of letters, digits and _ alone"});
    return;
  }
  const Value value = parse_value(line.substr(equals + 1));
  if (value.mistake) {
    file.mistakes.push_back({number, *value.mistake});
    return;
  }
  if (std::ranges::find(file.entries, key, &EnvEntry::key) != file.entries.end()) {
    file.mistakes.push_back({number, "the key stands here a second time"});
    return;
  }
  file.entries.push_back({number, std::string(key), value.text});
}

}  // namespace

EnvFile parse_env_file(std::string_view text) {
  EnvFile file;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    parse_line(text.substr(0, end), number, file);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return file;
}

std::string_view without_blanks(std::string_view value) {
  const std::size_t begin = value.find_first_not_of(kBlankOrBreak);
  return begin == std::string_view::npos
             ? std::string_view()
             : value.substr(begin, value.find_last_not_of(kBlankOrBreak) - begin + 1);
}

std::string describe_bad_value(std::string_view value) {
  if (value.empty()) {
    return "the value is empty";
  }
  if (value.starts_with(kByteOrderMark)) {
    return "the value begins with a byte order mark, which editors put at the start of a file";
  }
  if (value.size() > base::bounds::kSecretBytesMax) {
    return "the value is longer than " + std::to_string(base::bounds::kSecretBytesMax) + " bytes";
  }
  if (without_blanks(value).size() < value.size()) {
    return "the value begins or ends with blanks or a line break, which no header can carry";
  }
  const auto* control = std::ranges::find_if(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (control == value.end()) {
    return "";
  }
  const std::string place = std::to_string(control - value.begin() + 1);
  if (*control == '\n' || *control == '\r') {
    return "the value has a line break at byte " + place;
  }
  return "the value has a control character at byte " + place;
}

}  // namespace keyswap::cli
