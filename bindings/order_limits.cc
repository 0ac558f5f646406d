// SPDX-License-Identifier: Apache-2.0
#include "bindings/order_limits.h"

#include <algorithm>

#include "bindings/decimal.h"

namespace keyswap::bindings {

namespace {

// Is each of `found` in `allowed`? An empty `allowed` bounds nothing.
bool are_all_in(const std::vector<std::string>& found, const std::vector<std::string>& allowed) {
  return allowed.empty() || std::all_of(found.begin(), found.end(), [&](const std::string& text) {
           return std::find(allowed.begin(), allowed.end(), text) != allowed.end();
         });
}

// As a record shows it: [A-Z0-9_], short.
std::string shown(const std::vector<std::string>& texts) {
  constexpr std::size_t kShownBytesMax = 32;
  if (texts.size() != 1) {
    return texts.empty() ? "" : "SEVERAL";
  }
  auto text = texts.front().substr(0, kShownBytesMax);
  std::replace_if(
      text.begin(),
      text.end(),
      [](char c) { return !((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')); },
      '_');
  return text;
}

bool exceeds(const OrderReading& reading, const std::optional<std::int64_t>& limit) {
  return limit &&
         (!reading.is_valued || reading.value_e8 == kMoneyMax || reading.value_e8 > *limit);
}

}  // namespace

Judgement hold_to(const TradingRules& rules, const OrderReading& reading, bool is_test) {
  Judgement judgement;
  judgement.order =
      OrderInfo{shown(reading.symbols), shown(reading.sides), shown(reading.types), std::nullopt};
  if (reading.is_valued) {
    judgement.order->value_e8 = reading.value_e8;
  }
  if (reading.is_malformed) {
    judgement.refusal = SignerRefusal::malformed_request;
    return judgement;
  }
  const bool is_over =
      exceeds(reading, rules.max_order_e8) || (!is_test && exceeds(reading, rules.daily_volume_e8));
  if (is_over || !are_all_in(reading.symbols, rules.symbols) ||
      !are_all_in(reading.types, rules.order_types)) {
    judgement.refusal = SignerRefusal::order_limit_exceeded;
    return judgement;
  }
  if (!is_test && rules.daily_volume_e8) {
    judgement.volume_e8 = reading.value_e8;
    judgement.volume_max_e8 = *rules.daily_volume_e8;
  }
  return judgement;
}

}  // namespace keyswap::bindings
