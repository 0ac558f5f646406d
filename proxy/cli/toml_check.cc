// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/toml_check.h"

#include <algorithm>
#include <string>

#include "proxy/base/bounds.h"

namespace keyswap::cli {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view toml) : rest_(toml) {}

  std::optional<TomlMistake> find_mistake() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '[' && is_at_begin_ && names_nothing()) {
        return TomlMistake{line_, "a table without a name"};
      }
      is_at_begin_ = is_at_begin_ && !is_graphic(c);
      if (c == '"' || c == '\'') {
        skip_text(c);
      } else if (c == '#') {
        take(std::min(rest_.find('\n'), rest_.size()));
      } else {
        note(c);
        take_visible(1);
      }
      if (has_other_letters_) {
        return TomlMistake{line_, "a letter beyond ASCII outside of a comment"};
      }
      if (dots_ > base::bounds::kImportDotsMax) {
        return TomlMistake{line_, "nested too deeply"};
      }
    }
    return std::nullopt;
  }

 private:
  static bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

  static bool is_graphic(char c) { return c > ' ' && c <= '~'; }

  // Is the header that begins here ("[" or "[[") followed by what is neither a key nor its end?
  [[nodiscard]] bool names_nothing() const {
    const auto without_blanks = [](std::string_view text) {
      return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
    };
    std::string_view after = without_blanks(rest_.substr(1));
    if (after.starts_with('[')) {
      after = without_blanks(after.substr(1));
    }
    constexpr std::string_view kBegins =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_\"']";
    return !after.empty() && kBegins.find(after.front()) == std::string_view::npos;
  }

  void note(char c) {
    if (c == '.') {
      ++dots_;
    } else if (c == '[' || c == '{') {
      ++open_;
    } else if ((c == ']' || c == '}') && open_ > 0) {
      --open_;
    } else if (c == '\n' && open_ == 0) {
      dots_ = 0;  // the next statement begins
      is_at_begin_ = true;
    }
  }

  // Of one line, or between three quotes each of any number.
  void skip_text(char quote) {
    const std::string three(3, quote);
    const bool is_long = rest_.starts_with(three);
    take_visible(is_long ? three.size() : 1);
    while (!rest_.empty()) {
      if (quote == '"' && rest_.front() == '\\') {
        take_visible(std::min<std::size_t>(2, rest_.size()));
      } else if (is_long && rest_.starts_with(three)) {
        take_visible(
            std::min(rest_.find_first_not_of(quote), rest_.size()));  // up to two belong to it
        return;
      } else if (!is_long && (rest_.front() == quote || rest_.front() == '\n')) {
        take_visible(rest_.front() == quote ? 1 : 0);  // a line's end in it is a mistake
        return;
      } else {
        take_visible(1);
      }
    }
  }

  // What is no comment.
  void take_visible(std::size_t count) {
    has_other_letters_ =
        has_other_letters_ || !std::ranges::all_of(rest_.substr(0, count), is_ascii);
    take(count);
  }

  void take(std::size_t count) {
    line_ += static_cast<std::size_t>(std::ranges::count(rest_.substr(0, count), '\n'));
    rest_.remove_prefix(count);
  }

  std::string_view rest_;
  std::size_t line_ = 1;
  bool is_at_begin_ = true;  // of a statement: nothing to be seen of it yet
  bool has_other_letters_ = false;
  std::size_t dots_ = 0;  // of this statement
  std::size_t open_ = 0;  // brackets of it that are not closed yet
};

}  // namespace

std::optional<TomlMistake> check_toml(std::string_view toml) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  toml.remove_prefix(toml.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  return Reader(toml).find_mistake();
}

}  // namespace keyswap::cli
