// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/rfc3339.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>

namespace keyswap::vault {

namespace {

using namespace std::chrono;

constexpr std::string_view kDigits = "0123456789";

// Takes the next `count` characters, which are digits, and what stands behind them; -1: they are
// not.
int take(std::string_view& text, std::size_t count, char behind = '\0') {
  const std::string_view digits = text.substr(0, count);
  const bool is_whole = digits.size() == count &&
                        digits.find_first_not_of(kDigits) == std::string_view::npos &&
                        (behind == '\0' || (text.size() > count && text[count] == behind));
  if (!is_whole) {
    return -1;
  }
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  text.remove_prefix(count + (behind == '\0' ? 0 : 1));
  return number;
}

bool take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) {
    return true;
  }
  const std::size_t end = std::min(text.find_first_not_of(kDigits, 1), text.size());
  text.remove_prefix(end);
  return end > 1;
}

// "Z", "+02:00".
std::optional<minutes> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") {
    return minutes(0);
  }
  if (!text.starts_with('+') && !text.starts_with('-')) {
    return std::nullopt;
  }
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const int hour = take(text, 2, ':');
  const int minute = take(text, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !text.empty()) {
    return std::nullopt;
  }
  return sign * (hours(hour) + minutes(minute));
}

}  // namespace

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  const int year_number = take(text, 4, '-');
  const int month_number = take(text, 2, '-');
  const int day_number = take(text, 2);
  const bool has_time = text.starts_with('T') || text.starts_with('t');
  text.remove_prefix(has_time ? 1 : 0);
  const int hour = take(text, 2, ':');
  const int minute = take(text, 2, ':');
  const int second = take(text, 2);
  if (std::min({year_number, month_number, day_number, hour, minute, second}) < 0 || !has_time ||
      hour > 23 || minute > 59 || second > 60 || !take_fraction(text)) {
    return std::nullopt;
  }
  const auto offset = take_offset(text);
  const year_month_day date{year(year_number),
                            month(static_cast<unsigned>(month_number)),
                            day(static_cast<unsigned>(day_number))};
  if (!offset || !date.ok()) {
    return std::nullopt;
  }
  const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - *offset;
  return duration_cast<seconds>(time.time_since_epoch()).count();
}

}  // namespace keyswap::vault
