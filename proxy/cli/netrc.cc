// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/netrc.h"

#include <algorithm>
#include <array>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::array<std::string_view, 3> kOthersWithValue = {"login", "user", "account"};

// Reads word by word; what stands between quotes is one.
class Words {
 public:
  explicit Words(std::string_view text)
      : text_(text), at_(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0) {}

  // Where the next word begins; the text's end if there is none.
  std::size_t next_start() {
    at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    return at_;
  }

  // Nothing at the end, and where quotes do not end.
  std::optional<NetrcWord> next() {
    const std::size_t begin = next_start();
    if (begin == text_.size()) {
      return std::nullopt;
    }
    if (text_[begin] != '"') {
      at_ = std::min(text_.find_first_of(kBlanks, begin), text_.size());
      return word(begin, at_);
    }
    for (at_ = begin + 1; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        return word(begin + 1, at_++);
      }
    }
    at_ = text_.size();
    return std::nullopt;
  }

  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  // A macro's lines end at an empty one, whichever way lines end here.
  void skip_macro() {
    std::string_view line;
    do {
      skip_line();
      at_ = std::min(at_ + 1, text_.size());
      line = text_.substr(at_, text_.find('\n', at_) - at_);
    } while (at_ < text_.size() && !line.empty() && line != "\r");
  }

 private:
  [[nodiscard]] NetrcWord word(std::size_t begin, std::size_t end) const {
    const std::string_view text = text_.substr(begin, end - begin);
    return {begin, text, text.find('\\') != std::string_view::npos};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), words_(text) {}

  NetrcEntries read() {
    for (std::size_t begin = words_.next_start(); begin < text_.size();
         begin = words_.next_start()) {
      const auto word = words_.next();
      if (!word || !take(begin, word->text)) {
        entries_.mistake = entries_.mistake.value_or(begin);
      }
    }
    return std::move(entries_);
  }

 private:
  // The word that begins there, with its value if it has one. False: it is not understood.
  bool take(std::size_t begin, std::string_view word) {
    if (word.starts_with('#')) {
      words_.skip_line();
      return true;
    }
    if (word == "macdef") {
      words_.skip_macro();
      return true;
    }
    if (word == "default") {
      entries_.machines.push_back({begin, "", {}});
      return true;
    }
    if (word == "machine") {
      const auto name = words_.next();
      entries_.machines.push_back({begin, name ? name->text : std::string_view(), {}});
      return name && !name->text.empty();
    }
    return take_value(begin, word);
  }

  bool take_value(std::size_t begin, std::string_view word) {
    const bool is_password = word == "password" || word == "passwd";
    if (!is_password && std::ranges::find(kOthersWithValue, word) == kOthersWithValue.end()) {
      return false;
    }
    if (entries_.machines.empty()) {
      entries_.machines.push_back({begin, "", {}});
    }
    const auto value = words_.next();
    if (value && is_password) {
      entries_.machines.back().passwords.push_back(*value);
    }
    return value.has_value();
  }

  std::string_view text_;
  Words words_;
  NetrcEntries entries_;
};

bool concerns(std::string_view machine, const BoundHost& bound) {
  std::string name = base::to_lower(machine.substr(0, machine.find(':')));
  name.erase(name.find_last_not_of('.') + 1);
  return bound.is_wildcard ? name.ends_with("." + bound.host) : name == bound.host;
}

bool concerns_any(const NetrcMachine& machine, const std::vector<BoundHost>& bound) {
  if (machine.name.empty()) {
    return !bound.empty();  // it is for every host that has no entry of its own
  }
  return std::ranges::any_of(
      bound, [&machine](const BoundHost& host) { return concerns(machine.name, host); });
}

bool has_only(const NetrcMachine& machine, const std::vector<std::string>& placeholders) {
  return !machine.passwords.empty() &&
         std::ranges::all_of(machine.passwords, [&placeholders](const NetrcWord& password) {
           return std::ranges::find(placeholders, password.text) != placeholders.end();
         });
}

}  // namespace

NetrcEntries parse_netrc(std::string_view text) {
  return Reader(text).read();
}

std::optional<FilteredNetrc> filter_netrc(std::string_view netrc,
                                          const std::vector<BoundHost>& bound,
                                          const std::vector<std::string>& placeholders) {
  const NetrcEntries entries = parse_netrc(netrc);
  if (entries.mistake) {
    return std::nullopt;
  }
  FilteredNetrc filtered;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < entries.machines.size(); ++i) {
    const NetrcMachine& machine = entries.machines[i];
    if (!concerns_any(machine, bound) || has_only(machine, placeholders)) {
      continue;
    }
    filtered.text += netrc.substr(copied, machine.begin - copied);
    copied = i + 1 < entries.machines.size() ? entries.machines[i + 1].begin : netrc.size();
    filtered.left_out.emplace_back(machine.name.empty() ? "default" : machine.name);
  }
  filtered.text += netrc.substr(copied);
  return filtered;
}

}  // namespace keyswap::cli
