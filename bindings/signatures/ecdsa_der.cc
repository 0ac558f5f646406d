// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/ecdsa_der.h"

#include <algorithm>

namespace keyswap::bindings::ecdsa {

namespace {

constexpr char kSequence = '\x30';
constexpr char kInteger = '\x02';
constexpr std::size_t kNumberBytes = kRawBytes / 2;
constexpr std::size_t kHeadBytes = 2;  // a tag, and a length that needs one byte

bool is_high(char byte) {
  return (static_cast<unsigned char>(byte) & 0x80U) != 0;
}

std::string value_of(char tag, std::string_view content) {
  std::string value = {tag, static_cast<char>(content.size())};
  value.append(content);
  return value;
}

// As short as it gets, with a zero before a byte that would make it negative.
std::string integer_of(std::string_view number) {
  number.remove_prefix(std::min(number.find_first_not_of('\0'), number.size() - 1));
  std::string content(is_high(number.front()) ? 1 : 0, '\0');
  content.append(number);
  return value_of(kInteger, content);
}

// Takes a value of this tag off; nothing if there is none.
std::optional<std::string_view> take(char tag, std::string_view& der) {
  if (der.size() < kHeadBytes || der[0] != tag || is_high(der[1]) ||
      der.size() - kHeadBytes < static_cast<std::size_t>(der[1])) {
    return std::nullopt;
  }
  const std::string_view content = der.substr(kHeadBytes, static_cast<std::size_t>(der[1]));
  der.remove_prefix(kHeadBytes + content.size());
  return content;
}

// In 32 bytes; nothing if it is negative, zero, too large, or longer than it need be.
std::optional<std::string> take_number(std::string_view& der) {
  auto content = take(kInteger, der);
  if (!content || content->empty() || is_high(content->front())) {
    return std::nullopt;
  }
  if (content->front() == '\0') {
    content->remove_prefix(1);
    if (content->empty() || !is_high(content->front())) {
      return std::nullopt;
    }
  }
  if (content->size() > kNumberBytes) {
    return std::nullopt;
  }
  std::string number(kNumberBytes - content->size(), '\0');
  number.append(*content);
  return number;
}

}  // namespace

std::string der_of(std::string_view raw) {
  if (raw.size() != kRawBytes) {
    return "";
  }
  return value_of(kSequence,
                  integer_of(raw.substr(0, kNumberBytes)) + integer_of(raw.substr(kNumberBytes)));
}

std::optional<std::string> raw_of(std::string_view der) {
  auto sequence = take(kSequence, der);
  if (!sequence || !der.empty()) {
    return std::nullopt;
  }
  const auto r = take_number(*sequence);
  const auto s = r ? take_number(*sequence) : std::nullopt;
  return s && sequence->empty() ? std::optional(*r + *s) : std::nullopt;
}

}  // namespace keyswap::bindings::ecdsa
