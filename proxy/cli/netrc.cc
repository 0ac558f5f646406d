// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/netrc.h"

#include <algorithm>
#include <array>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::array<std::string_view, 5> kWithValue = {
    "login", "user", "account", "password", "passwd"};

// Reads word by word; what stands between quotes is one.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  // Where the next word begins; the text's end if there is none.
  std::size_t next_start() {
    at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    return at_;
  }

  // Nothing at the end, and where quotes do not end.
  std::optional<std::string_view> next() {
    const std::size_t begin = next_start();
    if (begin == text_.size()) {
      return std::nullopt;
    }
    if (text_[begin] != '"') {
      at_ = std::min(text_.find_first_of(kBlanks, begin), text_.size());
      return text_.substr(begin, at_ - begin);
    }
    for (at_ = begin + 1; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        return text_.substr(begin + 1, at_++ - begin - 1);
      }
    }
    return std::nullopt;
  }

  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  // A macro's lines end at an empty one.
  void skip_macro() {
    const std::size_t end = text_.find("\n\n", at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 2;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// An entry from its first word to the next one's.
struct Machine {
  std::size_t begin = 0;
  std::string name;  // "" = default
  std::string password = {};
};

bool concerns(std::string_view machine, const BoundHost& bound) {
  std::string name = base::to_lower(machine.substr(0, machine.find(':')));
  name.erase(name.find_last_not_of('.') + 1);
  return bound.is_wildcard ? name.ends_with("." + bound.host) : name == bound.host;
}

bool concerns_any(const Machine& machine, const std::vector<BoundHost>& bound) {
  if (machine.name.empty()) {
    return !bound.empty();  // it is for every host that has no entry of its own
  }
  return std::ranges::any_of(
      bound, [&machine](const BoundHost& host) { return concerns(machine.name, host); });
}

std::optional<std::vector<Machine>> machines_of(std::string_view text) {
  std::vector<Machine> machines;
  Words words(text);
  for (std::size_t begin = words.next_start(); begin < text.size(); begin = words.next_start()) {
    const auto word = words.next();
    if (!word) {
      return std::nullopt;
    }
    if (word->starts_with('#')) {
      words.skip_line();
    } else if (*word == "machine") {
      const auto name = words.next();
      if (!name || name->empty()) {
        return std::nullopt;
      }
      machines.push_back({begin, std::string(*name)});
    } else if (*word == "default") {
      machines.push_back({begin, ""});
    } else if (*word == "macdef") {
      words.skip_macro();
    } else {
      const bool has_value = std::ranges::find(kWithValue, *word) != kWithValue.end();
      const auto value = has_value ? words.next() : std::nullopt;
      if (!value) {
        return std::nullopt;
      }
      if (*word == "password" && !machines.empty()) {
        machines.back().password = std::string(*value);
      }
    }
  }
  return machines;
}

}  // namespace

std::optional<FilteredNetrc> filter_netrc(std::string_view netrc,
                                          const std::vector<BoundHost>& bound,
                                          const std::vector<std::string>& placeholders) {
  const auto machines = machines_of(netrc);
  if (!machines) {
    return std::nullopt;
  }
  FilteredNetrc filtered;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < machines->size(); ++i) {
    const Machine& machine = (*machines)[i];
    if (!concerns_any(machine, bound) ||
        std::ranges::find(placeholders, machine.password) != placeholders.end()) {
      continue;
    }
    filtered.text += netrc.substr(copied, machine.begin - copied);
    copied = i + 1 < machines->size() ? (*machines)[i + 1].begin : netrc.size();
    filtered.left_out.push_back(machine.name.empty() ? "default" : machine.name);
  }
  filtered.text += netrc.substr(copied);
  return filtered;
}

}  // namespace keyswap::cli
