// SPDX-License-Identifier: Apache-2.0
//
// Exact decimal numbers, for what an order is worth: no floating point, nothing rounded before the
// end, and then only up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::bindings {

// Money in records and limits: USD times 10^8.
inline constexpr int kMoneyDecimals = 8;
// A value that no limit covers.
inline constexpr std::int64_t kMoneyMax = std::numeric_limits<std::int64_t>::max();

// A number that is not negative.
class Decimal {
 public:
  Decimal() = default;  // zero

  // "digits[.digits]" and nothing else: no sign, exponent, space or bare point; at most
  // bounds::kDecimalDigitsMax digits. Nothing if it is anything else.
  static std::optional<Decimal> parse(std::string_view text);

  [[nodiscard]] Decimal times(const Decimal& other) const;
  [[nodiscard]] Decimal plus(const Decimal& other) const;

  [[nodiscard]] bool is_zero() const;
  // Times 10^8, rounded up; kMoneyMax if that is more than fits.
  [[nodiscard]] std::int64_t money_rounded_up() const;
  // Has it digits that are not zero past the eighth decimal?
  [[nodiscard]] bool is_finer_than_money() const;

 private:
  Decimal(std::string digits, std::size_t decimals);

  // Each 0 to 9, the least significant first, as many as needed, at least decimals_.
  std::string digits_;
  std::size_t decimals_ = 0;
};

}  // namespace keyswap::bindings
