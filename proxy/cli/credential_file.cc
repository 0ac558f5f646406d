// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/credential_file.h"

#include <algorithm>
#include <span>
#include <utility>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

namespace {

using base::Errc;
using base::Error;

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

base::Result<LockedText> locked(std::size_t size) {
  auto bytes = vault::LockedBytes::of_size(std::max<std::size_t>(size, 1));
  if (!bytes) {
    return bytes.error();
  }
  return LockedText{std::move(bytes).value(), 0};
}

base::Result<LockedText> copied(std::string_view text) {
  auto copy = locked(text.size());
  if (copy) {
    std::ranges::copy(text, copy->bytes.data());
    copy->size = text.size();
  }
  return copy;
}

base::Result<LockedText> from_percent(std::string_view text) {
  auto value = locked(text.size());
  if (!value) {
    return value;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    char* const out = value->bytes.data() + value->size++;
    if (text[i] != '%') {
      *out = text[i];
      continue;
    }
    const auto digits = text.substr(i + 1, 2);
    if (digits.size() != 2 || !base::decode_hex(digits, std::span(out, 1))) {
      return Error{Errc::invalid_input, "a % without two digits behind it"};
    }
    i += 2;
  }
  return value;
}

base::Result<LockedText> from_base64(std::string_view text) {
  auto value = locked(text.size());
  if (!value) {
    return value;
  }
  const auto size = base::decode_base64(text, std::span(value->bytes.data(), value->bytes.size()));
  if (!size) {
    return Error{Errc::invalid_input, "it is not base64"};
  }
  value->size = *size;
  return value;
}

// "user:value", and where the value begins.
base::Result<std::pair<LockedText, std::size_t>> from_basic(std::string_view text) {
  auto pair = from_base64(text);
  if (!pair) {
    return pair.error();
  }
  const std::size_t colon = pair->view().find(':');
  if (colon == std::string_view::npos) {
    return Error{Errc::invalid_input, "it is not base64 of user:password"};
  }
  return std::pair(std::move(pair).value(), colon + 1);
}

}  // namespace

base::Result<LockedText> value_at(std::string_view text, const Spot& spot) {
  const std::string_view written = text.substr(spot.begin, spot.size);
  switch (spot.writing) {
    case Writing::plain:
      return copied(written);
    case Writing::percent:
      return from_percent(written);
    case Writing::base64:
      return from_base64(written);
    case Writing::basic: {
      auto pair = from_basic(written);
      if (!pair) {
        return pair.error();
      }
      return copied(pair->first.view().substr(pair->second));
    }
  }
  return Error{Errc::invalid_input, "nobody writes so"};
}

base::Result<std::string> written_at(std::string_view text,
                                     const Spot& spot,
                                     std::string_view value) {
  switch (spot.writing) {
    case Writing::plain:
    case Writing::percent:
      return std::string(value);  // a placeholder survives a URL (bindings/stand_in.h)
    case Writing::base64:
      return base::to_base64(value);
    case Writing::basic: {
      auto pair = from_basic(text.substr(spot.begin, spot.size));
      if (!pair) {
        return pair.error();
      }
      return base::to_base64(std::string(pair->first.view().substr(0, pair->second)) +
                             std::string(value));
    }
  }
  return Error{Errc::invalid_input, "nobody writes so"};
}

std::string name_for(std::string_view prefix, std::string_view host) {
  std::string name = std::string(prefix) + "_";
  for (const char c : host) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_lower ? static_cast<char>(c - 'a' + 'A') : is_plain ? c : '_';
  }
  constexpr std::size_t kNameBytesMax = 100;  // with room for a number behind
  return name.substr(0, kNameBytesMax);
}

std::string at_line(std::size_t line, std::string_view what) {
  return "line " + std::to_string(line) + ": " + std::string(what);
}

bool has_user_info(std::string_view text) {
  constexpr std::string_view kMark = "://";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) {
    return false;
  }
  const std::string_view rest = text.substr(mark + kMark.size());
  return rest.substr(0, rest.find('/')).find('@') != std::string_view::npos;
}

std::size_t LineNumbers::line_of(std::size_t place) {
  if (place < counted_) {
    counted_ = 0;
    line_ = 1;
  }
  const std::string_view between = text_.substr(counted_, place - counted_);
  line_ += static_cast<std::size_t>(std::ranges::count(between, '\n'));
  counted_ = place;
  return line_;
}

Lines::Lines(std::string_view text)
    : text_(text), at_(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0) {}

std::optional<TextLine> Lines::next() {
  if (at_ >= text_.size()) {
    return std::nullopt;
  }
  const std::size_t end = std::min(text_.find('\n', at_), text_.size());
  TextLine line{++number_, at_, text_.substr(at_, end - at_)};
  line.text.remove_suffix(line.text.ends_with('\r') ? 1 : 0);
  at_ = end + 1;
  return line;
}

std::optional<Setting> read_setting(const TextLine& line, std::string_view marks) {
  const std::string_view text = trim(line.text);
  if (text.empty() || text.front() == '#' || text.front() == ';' || text.front() == '[') {
    return std::nullopt;
  }
  const std::size_t mark = line.text.find_first_of(marks);
  if (mark == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view value = trim(line.text.substr(mark + 1));
  const std::size_t begin =
      value.empty() ? line.text.size() : static_cast<std::size_t>(value.data() - line.text.data());
  return Setting{trim(line.text.substr(0, mark)), value, line.begin + begin};
}

std::optional<std::string_view> read_section(const TextLine& line) {
  const std::string_view text = trim(line.text);
  const std::size_t end = text.rfind(']');  // behind it may be a comment
  if (!text.starts_with('[') || end == std::string_view::npos) {
    return std::nullopt;
  }
  return trim(text.substr(1, end - 1));
}

}  // namespace keyswap::cli
