// SPDX-License-Identifier: Apache-2.0
#include "bindings/decimal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool are_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Carries what is above nine in each place over to the next one.
std::string with_carries(const std::vector<unsigned>& sums) {
  std::string digits;
  unsigned carry = 0;
  for (std::size_t i = 0; i < sums.size() || carry != 0; ++i) {
    const unsigned sum = (i < sums.size() ? sums[i] : 0) + carry;
    digits.push_back(static_cast<char>(sum % 10));
    carry = sum / 10;
  }
  return digits;
}

}  // namespace

Decimal::Decimal(std::string digits, std::size_t decimals)
    : digits_(std::move(digits)), decimals_(decimals) {
  // Zeros that mean nothing, so that sums and products of products stay small.
  while (digits_.size() > decimals_ && digits_.back() == 0) {
    digits_.pop_back();
  }
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  const bool is_number =
      are_digits(whole) && (point == std::string_view::npos || are_digits(fraction));
  if (!is_number || whole.size() + fraction.size() > bounds::kDecimalDigitsMax) {
    return std::nullopt;
  }
  std::string digits;
  for (const auto part : {whole, fraction}) {
    for (const char c : part) {
      digits.push_back(static_cast<char>(c - '0'));
    }
  }
  std::reverse(digits.begin(), digits.end());
  return Decimal(std::move(digits), fraction.size());
}

Decimal Decimal::times(const Decimal& other) const {
  std::vector<unsigned> sums(digits_.size() + other.digits_.size(), 0);
  for (std::size_t i = 0; i < digits_.size(); ++i) {
    for (std::size_t j = 0; j < other.digits_.size(); ++j) {
      sums[i + j] += static_cast<unsigned>(digits_[i]) * static_cast<unsigned>(other.digits_[j]);
    }
  }
  return {with_carries(sums), decimals_ + other.decimals_};
}

Decimal Decimal::plus(const Decimal& other) const {
  const auto decimals = std::max(decimals_, other.decimals_);
  std::vector<unsigned> sums;
  for (const auto* const number : {this, &other}) {
    const auto shift = decimals - number->decimals_;
    sums.resize(std::max(sums.size(), number->digits_.size() + shift), 0);
    for (std::size_t i = 0; i < number->digits_.size(); ++i) {
      sums[i + shift] += static_cast<unsigned>(number->digits_[i]);
    }
  }
  return {with_carries(sums), decimals};
}

bool Decimal::is_zero() const {
  return std::all_of(digits_.begin(), digits_.end(), [](char digit) { return digit == 0; });
}

bool Decimal::is_finer_than_money() const {
  constexpr std::size_t kKept = kMoneyDecimals;
  const auto cut = decimals_ > kKept ? std::min(decimals_ - kKept, digits_.size()) : 0;
  return std::any_of(digits_.begin(),
                     digits_.begin() + static_cast<std::ptrdiff_t>(cut),
                     [](char digit) { return digit != 0; });
}

std::int64_t Decimal::money_rounded_up() const {
  constexpr std::int64_t kTen = 10;
  std::int64_t money = 0;
  bool fits = true;
  const auto append = [&](int digit) {
    fits = fits && money <= (kMoneyMax - digit) / kTen;
    money = fits ? money * kTen + digit : 0;
  };
  // From the most significant digit down to the eighth decimal; zeros where there are fewer.
  const auto last = static_cast<std::ptrdiff_t>(decimals_) - kMoneyDecimals;
  for (auto i = static_cast<std::ptrdiff_t>(digits_.size()) - 1; i >= last; --i) {
    append(i >= 0 ? digits_[static_cast<std::size_t>(i)] : 0);
  }
  if (!fits || (is_finer_than_money() && money == kMoneyMax)) {
    return kMoneyMax;
  }
  return money + (is_finer_than_money() ? 1 : 0);
}

}  // namespace keyswap::bindings
