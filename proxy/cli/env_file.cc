// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/env_file.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "proxy/base/bounds.h"
#include "vault/secret_name.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kBlankOrBreak = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr base::Note kWorkedOut =
    "what $ refers to is not worked out; write the value itself, or single quotes around it";

bool is_blank(char c) {
  return kBlank.find(c) != std::string_view::npos;
}

std::string_view trim(std::string_view text, std::string_view of = kBlank) {
  const std::size_t begin = text.find_first_not_of(of);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(of) - begin + 1);
}

// A line of base64, or a mark of PEM: what may be left of a key whose quote is not closed, and must
// not be taken for a name.
bool may_be_piece_of_key(std::string_view line) {
  constexpr std::string_view kMark = "-----";
  const auto text = line.substr(0, line.find_last_not_of('=') + 1);
  return line.starts_with(kMark) || std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/';
         });
}

struct Assignment {
  std::string_view key;
  std::string_view value;  // with the blanks before it
};

// "export KEY = value", "KEY: value".
std::optional<Assignment> split(std::string_view line) {
  constexpr std::string_view kExport = "export";
  if (line.starts_with(kExport) && line.size() > kExport.size() && is_blank(line[kExport.size()])) {
    line = trim(line.substr(kExport.size()));
  }
  const std::size_t end = line.find_first_of("=: \t");
  const std::size_t mark =
      end == std::string_view::npos ? end : line.find_first_not_of(kBlank, end);
  if (mark == std::string_view::npos) {
    return std::nullopt;
  }
  const bool is_colon =
      line[mark] == ':' && mark == end && mark + 1 < line.size() && is_blank(line[mark + 1]);
  if (line[mark] != '=' && !is_colon) {
    return std::nullopt;
  }
  return Assignment{line.substr(0, end), line.substr(mark + 1)};
}

// Would a program or a shell put something else there?
bool refers(std::string_view text) {
  return text.find("${") != std::string_view::npos || text.find("$(") != std::string_view::npos;
}

// Reads from the first byte to the last, and changes what it has read.
class Reader {
 public:
  explicit Reader(std::span<char> text) : text_(text) {}

  EnvFile read() {
    const std::string_view all = from(0);
    if (all.starts_with("\xff\xfe") || all.starts_with("\xfe\xff")) {
      file_.mistakes.push_back({1, "the file is UTF-16; save it as UTF-8"});
      return std::move(file_);
    }
    at_ = all.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    while (at_ < text_.size()) {
      read_line();
    }
    return std::move(file_);
  }

 private:
  [[nodiscard]] std::string_view from(std::size_t begin) const {
    return std::string_view(text_.data(), text_.size()).substr(begin);
  }

  [[nodiscard]] std::size_t end_of_line(std::size_t at) const {
    return std::min(from(0).find('\n', at), text_.size());
  }

  // Goes on behind the line that `at` is in.
  void go_behind(std::size_t at) {
    const std::size_t next = std::min(end_of_line(at) + 1, text_.size());
    line_ += static_cast<std::size_t>(std::ranges::count(from(at_).substr(0, next - at_), '\n'));
    at_ = next;
  }

  void read_line() {
    const std::size_t begin = at_;
    const std::string_view line = trim(from(at_).substr(0, end_of_line(at_) - at_), " \t\r");
    const bool may_be_torn = is_torn_ && may_be_piece_of_key(line);
    if (line.empty() || line.front() == '#' || may_be_torn) {
      is_torn_ = may_be_torn;
      go_behind(begin);
      return;
    }
    is_torn_ = false;
    const auto found = split(line);
    if (!found) {
      mistake("not KEY=VALUE", begin);
    } else if (!vault::SecretName::parse(found->key)) {
      mistake("the key is no name for a secret: letters, digits, '_', '.' and '-'", begin);
    } else {
      read_value(found->key, found->value);
    }
  }

  void read_value(std::string_view key, std::string_view given) {
    const std::string_view value = trim(given);
    const auto begin = static_cast<std::size_t>(given.data() - text_.data());
    const bool has_blank = !given.empty() && is_blank(given.front());
    if (value.empty() || (value.front() == '#' && has_blank)) {
      return add(key, {}, begin);
    }
    if (value.front() == '#') {
      return mistake("is it a comment? a blank before the #, or quotes around the value", begin);
    }
    if (value.front() == '\'' || value.front() == '"' || value.front() == '`') {
      return read_quoted(key, static_cast<std::size_t>(value.data() - text_.data()));
    }
    const std::string_view plain = without_comment(value);
    if (refers(plain)) {
      return mistake(kWorkedOut, begin);
    }
    add(key, plain, begin);
  }

  static std::string_view without_comment(std::string_view value) {
    for (std::size_t i = 1; i < value.size(); ++i) {
      if (value[i] == '#' && is_blank(value[i - 1])) {
        return trim(value.substr(0, i));
      }
    }
    return value;
  }

  void read_quoted(std::string_view key, std::size_t open) {
    const auto end = find_quote(open);
    if (!end) {
      is_torn_ = true;
      return mistake("the quote is not closed", open);
    }
    const std::string_view behind =
        trim(from(*end + 1).substr(0, end_of_line(*end) - *end - 1), " \t\r");
    if (!behind.empty() && behind.front() != '#') {
      return mistake("something follows the closing quote", *end);
    }
    const char quote = text_[open];
    if (quote == '"' && refers_unescaped(from(0).substr(open, *end - open))) {
      return mistake(kWorkedOut, *end);
    }
    const std::size_t length = quote == '`' ? *end - open - 1 : unescape(open + 1, *end, quote);
    add(key, from(open + 1).substr(0, length), *end);
  }

  [[nodiscard]] std::optional<std::size_t> find_quote(std::size_t open) const {
    const char quote = text_[open];
    for (std::size_t i = open + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        return i;
      }
      // Between single quotes a backslash is one, unless a quote follows.
      const bool is_escape = text_[i] == '\\' && i + 1 < text_.size() && quote != '`' &&
                             (quote == '"' || text_[i + 1] == '\'');
      i += is_escape ? 1 : 0;
    }
    return std::nullopt;
  }

  static bool refers_unescaped(std::string_view quoted) {
    for (std::size_t i = 0; i < quoted.size(); ++i) {
      if (quoted[i] == '\\') {
        ++i;
      } else if (refers(quoted.substr(i, 2))) {
        return true;
      }
    }
    return false;
  }

  // Of what is not one of our escapes both characters stay, as everywhere.
  static std::optional<char> escaped(char c, char quote) {
    if (quote == '\'') {
      return c == '\'' ? std::optional(c) : std::nullopt;
    }
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case '\\':
      case '"':
      case '\'':
      case '$':
      case '`':
        return c;
      default:
        return std::nullopt;
    }
  }

  // What is between, without its escapes, from `begin` on; gives its length.
  std::size_t unescape(std::size_t begin, std::size_t end, char quote) {
    std::size_t out = begin;
    for (std::size_t i = begin; i < end; ++i) {
      const auto meant =
          text_[i] == '\\' && i + 1 < end ? escaped(text_[i + 1], quote) : std::optional<char>();
      i += meant ? 1 : 0;
      text_[out++] = meant ? *meant : text_[i];
      if (!meant && text_[i] == '\\' && i + 1 < end && quote == '"') {
        text_[out++] = text_[++i];
      }
    }
    return out - begin;
  }

  // Both go on behind the line that `end` is in.
  void mistake(base::Note what, std::size_t end) {
    file_.mistakes.push_back({line_, what});
    go_behind(end);
  }

  void add(std::string_view key, std::string_view value, std::size_t end) {
    EnvEntry entry{line_, std::string(key), value};
    const auto [known, is_new] = known_.emplace(entry.key, file_.entries.size());
    if (is_new) {
      file_.entries.push_back(std::move(entry));
    } else {
      file_.repeats.push_back({line_, "the key stands here again, and this line counts"});
      file_.entries[known->second] = std::move(entry);
    }
    go_behind(end);
  }

  std::span<char> text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool is_torn_ = false;  // behind a quote that is not closed
  std::map<std::string, std::size_t> known_;
  EnvFile file_;
};

}  // namespace

EnvFile parse_env_file(std::span<char> text) {
  return Reader(text).read();
}

std::string_view without_blanks(std::string_view value) {
  return trim(value, kBlankOrBreak);
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
