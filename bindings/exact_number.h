// SPDX-License-Identifier: Apache-2.0
//
// Numbers as JSON writes them, compared exactly: no floating point, so that no bound is passed by
// what a double cannot tell from it. (bindings/decimal.h counts money, and knows no sign.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::bindings {

class ExactNumber {
 public:
  // RFC 8259 section 6. Nothing for anything else, more than bounds::kDecimalDigitsMax digits, and
  // what some reader cannot hold in 64 bits, or takes for nothing: 2^63 and more, or less than
  // 10^-40.
  static std::optional<ExactNumber> parse(std::string_view text);

  // Less than 0: it is less than `other`; 0: they are equal.
  [[nodiscard]] int compare(const ExactNumber& other) const;

 private:
  // The digits without zeros at either end, behind a point, times 10^scale_. Zero has none.
  std::string digits_;
  std::int64_t scale_ = 0;
  bool is_negative_ = false;
};

}  // namespace keyswap::bindings
