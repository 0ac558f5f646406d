// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/xml_text.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace keyswap::vault {

namespace {

constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kNameBytesMax = 128;
constexpr std::string_view kSpaces = " \t\r\n";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == ':' || c == '.';
}

class Reader {
 public:
  Reader(std::string_view xml, std::string_view path) : rest_(xml), path_(path) {}

  // False: this is no such XML.
  bool read() {
    skip_declaration();
    do {
      if (!read_text() || !(rest_.starts_with("</") ? close() : open())) {
        return false;
      }
    } while (!open_.empty());
    return trimmed(rest_).empty();
  }

  [[nodiscard]] std::optional<std::string_view> found() const {
    return count_ == 1 ? found_ : std::nullopt;
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
    return text.substr(0, text.find_last_not_of(kSpaces) + 1);
  }

  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpaces), rest_.size()));
  }

  bool take(std::string_view text) {
    const bool is_there = rest_.starts_with(text);
    rest_.remove_prefix(is_there ? text.size() : 0);
    return is_there;
  }

  // "" for one that is too long, too: then something else comes next than has to.
  std::string_view take_name() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name_character);
    const auto name = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    if (name.size() > kNameBytesMax) {
      return {};
    }
    rest_.remove_prefix(name.size());
    return name;
  }

  void skip_declaration() {
    skip_space();
    if (rest_.starts_with("<?xml ")) {
      rest_.remove_prefix(std::min(rest_.find("?>"), rest_.size() - 2) + 2);
    }
  }

  // Up to the next tag; outside of the root it is white space.
  bool read_text() {
    const std::size_t end = rest_.find('<');
    if (end == std::string_view::npos) {
      return false;
    }
    text_ = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return !open_.empty() || trimmed(text_).empty();
  }

  bool open() {
    take("<");
    const std::string_view name = take_name();
    if (name.empty() || open_.size() == kDepthMax) {
      return false;
    }
    open_.push_back(name);
    has_elements_ = false;
    for (skip_space(); !rest_.empty() && is_name_character(rest_.front()); skip_space()) {
      if (!skip_attribute()) {
        return false;
      }
    }
    if (take("/>")) {
      text_ = {};
      return end();
    }
    return take(">");
  }

  bool skip_attribute() {
    take_name();
    if (!take("=") || rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) {
      return false;
    }
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos || rest_.substr(0, end).find('<') != std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool close() {
    take("</");
    if (open_.empty() || take_name() != open_.back()) {
      return false;
    }
    skip_space();
    return take(">") && end();
  }

  // Do the open elements lead where we look? I10: asked at the end of each.
  [[nodiscard]] bool is_at_path() const {
    std::string_view path = path_;
    for (const std::string_view name : open_) {
      if (!path.starts_with('/') || !path.substr(1).starts_with(name)) {
        return false;
      }
      path.remove_prefix(1 + name.size());
    }
    return path.empty();
  }

  // The innermost element has ended.
  bool end() {
    if (is_at_path()) {
      ++count_;
      const bool is_text = !has_elements_ && text_.find('&') == std::string_view::npos;
      found_ = is_text ? std::optional(text_) : std::nullopt;
    }
    open_.pop_back();
    has_elements_ = true;
    return true;
  }

  std::string_view rest_;
  std::string_view path_;
  std::vector<std::string_view> open_;
  std::string_view text_;      // before the tag that comes
  bool has_elements_ = false;  // the element that ends next
  std::optional<std::string_view> found_;
  int count_ = 0;
};

}  // namespace

std::optional<std::string_view> xml_text(std::string_view xml, std::string_view path) {
  Reader reader(xml, path);
  return reader.read() ? reader.found() : std::nullopt;
}

}  // namespace keyswap::vault
