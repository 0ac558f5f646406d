// SPDX-License-Identifier: Apache-2.0
#include "bindings/exact_number.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

// 2^63, and how many digits it has.
constexpr std::string_view kTooLarge = "9223372036854775808";
constexpr std::int64_t kSmallestScale = -40;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits off the front.
std::string_view take_digits(std::string_view& text) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

// Of "e10", "E-3" and "", which is 0.
std::optional<std::int64_t> read_exponent(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  if (text.front() != 'e' && text.front() != 'E') {
    return std::nullopt;
  }
  text.remove_prefix(1);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) {
      return std::nullopt;
    }
  }
  std::int32_t exponent = 0;
  const auto* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, exponent);
  return read.ec == std::errc{} && read.ptr == end ? std::optional<std::int64_t>(exponent)
                                                   : std::nullopt;
}

int sign_of(std::int64_t difference) {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

// Of magnitudes; digits behind a point compare as texts do.
int compare_magnitudes(const std::string& digits,
                       std::int64_t scale,
                       std::string_view other_digits,
                       std::int64_t other_scale) {
  if (digits.empty() || other_digits.empty()) {
    return sign_of(static_cast<std::int64_t>(!digits.empty()) -
                   static_cast<std::int64_t>(!other_digits.empty()));
  }
  return scale != other_scale ? sign_of(scale - other_scale)
                              : sign_of(std::string_view(digits).compare(other_digits));
}

}  // namespace

std::optional<ExactNumber> ExactNumber::parse(std::string_view text) {
  ExactNumber number;
  number.is_negative_ = text.starts_with('-');
  text.remove_prefix(number.is_negative_ ? 1 : 0);
  const auto whole = take_digits(text);
  std::string_view fraction;
  bool is_number = whole.size() == 1 || (whole.size() > 1 && whole.front() != '0');
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    is_number = is_number && !fraction.empty();
  }
  const auto exponent = read_exponent(text);
  if (!is_number || !exponent || whole.size() + fraction.size() > bounds::kDecimalDigitsMax) {
    return std::nullopt;
  }
  number.digits_.append(whole).append(fraction);
  number.scale_ = static_cast<std::int64_t>(whole.size()) + *exponent;
  const auto zeros = std::min(number.digits_.find_first_not_of('0'), number.digits_.size());
  number.digits_.erase(0, zeros);
  number.scale_ -= static_cast<std::int64_t>(zeros);
  number.digits_.erase(number.digits_.find_last_not_of('0') + 1);
  if (number.digits_.empty()) {
    return ExactNumber();
  }
  const bool is_too_large =
      compare_magnitudes(
          number.digits_, number.scale_, kTooLarge, static_cast<std::int64_t>(kTooLarge.size())) >=
      0;
  return is_too_large || number.scale_ < kSmallestScale ? std::nullopt : std::optional(number);
}

int ExactNumber::compare(const ExactNumber& other) const {
  if (is_negative_ != other.is_negative_) {
    return is_negative_ ? -1 : 1;
  }
  const int by_magnitude = compare_magnitudes(digits_, scale_, other.digits_, other.scale_);
  return is_negative_ ? -by_magnitude : by_magnitude;
}

}  // namespace keyswap::bindings
