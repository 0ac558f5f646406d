// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/date.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace keyswap::http {

namespace {

// Digits alone; -1: it is none.
int digits_in(std::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return -1;
    }
    number = number * 10 + (c - '0');
  }
  return number;
}

bool is_up_to(int number, int most) {
  return number >= 0 && number <= most;
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
  using namespace std::chrono;
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static constexpr std::array<std::string_view, 7> kDays = {
      "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  // What stands where in "Sun, 06 Nov 1994 08:49:37 GMT".
  constexpr std::size_t kBytes = 29;
  const bool is_of_form = text.size() == kBytes && text.substr(3, 2) == ", " && text[7] == ' ' &&
                          text[11] == ' ' && text[16] == ' ' && text[19] == ':' &&
                          text[22] == ':' && text.substr(25) == " GMT";
  if (!is_of_form) {
    return std::nullopt;
  }
  const auto month_at = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day_at = std::ranges::find(kDays, text.substr(0, 3));
  const int day_of_month = digits_in(text.substr(5, 2));
  const int year_number = digits_in(text.substr(12, 4));
  const int hour = digits_in(text.substr(17, 2));
  const int minute = digits_in(text.substr(20, 2));
  const int second = digits_in(text.substr(23, 2));
  const bool is_read = month_at != kMonths.end() && day_at != kDays.end() && day_of_month >= 0 &&
                       year_number >= 0 && is_up_to(hour, 23) && is_up_to(minute, 59) &&
                       is_up_to(second, 60);  // a leap second
  if (!is_read) {
    return std::nullopt;
  }
  const year_month_day date{year(year_number),
                            month(static_cast<unsigned>(month_at - kMonths.begin()) + 1),
                            day(static_cast<unsigned>(day_of_month))};
  if (!date.ok() ||
      weekday(sys_days(date)) != weekday(static_cast<unsigned>(day_at - kDays.begin()))) {
    return std::nullopt;
  }
  const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return duration_cast<seconds>(time.time_since_epoch()).count();
}

}  // namespace keyswap::http
