// SPDX-License-Identifier: Apache-2.0
#include "bindings/basic_text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace keyswap::bindings {

namespace {

constexpr std::string_view kWord = "basic ";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kGroupBytes = 3;

unsigned value_of(char c) {
  return static_cast<unsigned char>(c);
}

}  // namespace

std::optional<BasicText> read_basic(std::string_view value) {
  if (!base::equal_ignoring_case(value.substr(0, kWord.size()), kWord)) {
    return std::nullopt;
  }
  const auto begin = value.find_first_not_of(' ', kWord.size());
  if (begin == std::string_view::npos) {
    return std::nullopt;
  }
  auto decoded = base::from_base64(value.substr(begin));
  const auto colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  return BasicText{begin, std::move(decoded).value(), colon};
}

base::Status append_base64(std::string_view bytes, base::ByteSink& out) {
  for (std::size_t at = 0; at < bytes.size(); at += kGroupBytes) {
    const auto count = std::min(kGroupBytes, bytes.size() - at);
    const unsigned bits = (value_of(bytes[at]) << 16U) |
                          (count > 1 ? value_of(bytes[at + 1]) << 8U : 0U) |
                          (count > 2 ? value_of(bytes[at + 2]) : 0U);
    const std::array<char, 4> group = {kAlphabet[(bits >> 18U) & 63U],
                                       kAlphabet[(bits >> 12U) & 63U],
                                       count > 1 ? kAlphabet[(bits >> 6U) & 63U] : '=',
                                       count > 2 ? kAlphabet[bits & 63U] : '='};
    if (!out.append({group.data(), group.size()})) {
      return base::Error{base::Errc::limit_exceeded, "no room for the credentials in base64"};
    }
  }
  return {};
}

}  // namespace keyswap::bindings
