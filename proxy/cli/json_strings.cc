// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/json_strings.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace keyswap::cli {

namespace {

constexpr std::size_t kDepthMax = 16;

class Walker {
 public:
  Walker(std::string_view json, const std::function<void(const JsonString&)>& give)
      : json_(json), give_(give) {}

  bool walk() {
    if (!value()) {
      return false;
    }
    skip_blanks();
    return at_ == json_.size();
  }

 private:
  void skip_blanks() { at_ = std::min(json_.find_first_not_of(" \t\r\n", at_), json_.size()); }

  // The next byte that is no blank; 0 at the end.
  char peek() {
    skip_blanks();
    return at_ < json_.size() ? json_[at_] : '\0';
  }

  bool take(char c) {
    if (peek() != c) {
      return false;
    }
    ++at_;
    return true;
  }

  std::optional<std::string_view> string() {
    if (!take('"')) {
      return std::nullopt;
    }
    const std::size_t begin = at_;
    while (at_ < json_.size() && json_[at_] != '"') {
      at_ += json_[at_] == '\\' ? 2 : 1;
    }
    if (at_ >= json_.size()) {
      return std::nullopt;
    }
    return json_.substr(begin, at_++ - begin);
  }

  bool value() {
    switch (peek()) {
      case '{':
        return members();
      case '[':
        return items();
      case '"': {
        const auto text = string();
        if (text) {
          give_({path_, at_ - 1 - text->size(), *text});
        }
        return text.has_value();
      }
      default:
        return word();
    }
  }

  // A number, or true, false, null.
  bool word() {
    const std::size_t begin = at_;
    at_ = std::min(json_.find_first_of(" \t\r\n,]}", at_), json_.size());
    return at_ > begin && std::ranges::all_of(json_.substr(begin, at_ - begin), [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '+' ||
                    c == '.' || c == 'E';
           });
  }

  bool members() {
    ++at_;
    if (take('}')) {
      return true;
    }
    do {
      const auto key = string();
      if (!key || !take(':') || !inner(*key)) {
        return false;
      }
    } while (take(','));
    return take('}');
  }

  bool items() {
    ++at_;
    if (take(']')) {
      return true;
    }
    do {
      if (!inner("")) {
        return false;
      }
    } while (take(','));
    return take(']');
  }

  bool inner(std::string_view key) {
    if (path_.size() == kDepthMax) {
      return false;
    }
    path_.push_back(key);
    const bool is_good = value();
    path_.pop_back();
    return is_good;
  }

  std::string_view json_;
  const std::function<void(const JsonString&)>& give_;
  std::size_t at_ = 0;
  std::vector<std::string_view> path_;
};

}  // namespace

bool each_json_string(std::string_view json, const std::function<void(const JsonString&)>& give) {
  return Walker(json, give).walk();
}

}  // namespace keyswap::cli
