// SPDX-License-Identifier: Apache-2.0
#include "audit/timestamp.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace keyswap::audit {

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kUsPerDay = kSecondsPerDay * kUsPerSecond;
constexpr std::int64_t kYear0Us = -62'167'219'200 * kUsPerSecond;
constexpr std::int64_t kYear9999EndUs = 253'402'300'800 * kUsPerSecond - 1;
constexpr std::string_view kForm = "0000-00-00T00:00:00.000000Z";
static_assert(kForm.size() == kTimestampBytes);

struct Date {
  std::int64_t year;
  std::int64_t month;
  std::int64_t day;
};

// Proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that the leap day is
// the last of its year and every month's start is a linear function.
Date date_of(std::int64_t days_since_1970) {
  const std::int64_t days = days_since_1970 + 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0),
          month,
          day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

std::int64_t days_of(const Date& date) {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t shifted_month = date.month > 2 ? date.month - 3 : date.month + 9;
  const std::int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr std::array<std::array<char, 2>, 100> kPairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs.at(i) = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return pairs;
}();

// Two digits of a number below 100.
void write_pair(std::int64_t number, char* out) {
  std::memcpy(out, kPairs[static_cast<std::size_t>(number)].data(), 2);
}

std::int64_t read_digits(std::string_view digits) {
  std::int64_t number = 0;
  for (const char c : digits) {
    number = number * 10 + (c - '0');
  }
  return number;
}

bool has_form(std::string_view text) {
  return text.size() == kForm.size() &&
         std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
           return form == '0' ? c >= '0' && c <= '9' : c == form;
         });
}

}  // namespace

void write_timestamp(std::int64_t wall_us, char* out) {
  const std::int64_t us = std::clamp(wall_us, kYear0Us, kYear9999EndUs);
  const std::int64_t days = (us >= 0 ? us : us - (kUsPerDay - 1)) / kUsPerDay;
  const std::int64_t of_day = us - days * kUsPerDay;
  const std::int64_t seconds = of_day / kUsPerSecond;
  const Date date = date_of(days);
  std::copy(kForm.begin(), kForm.end(), out);
  const std::int64_t fraction = of_day % kUsPerSecond;
  write_pair(date.year / 100, out);
  write_pair(date.year % 100, out + 2);
  write_pair(date.month, out + 5);
  write_pair(date.day, out + 8);
  write_pair(seconds / 3600, out + 11);
  write_pair(seconds / 60 % 60, out + 14);
  write_pair(seconds % 60, out + 17);
  write_pair(fraction / 10'000, out + 20);
  write_pair(fraction / 100 % 100, out + 22);
  write_pair(fraction % 100, out + 24);
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  if (!has_form(text)) {
    return std::nullopt;
  }
  const Date date{read_digits(text.substr(0, 4)),
                  read_digits(text.substr(5, 2)),
                  read_digits(text.substr(8, 2))};
  const std::int64_t seconds = read_digits(text.substr(11, 2)) * 3600 +
                               read_digits(text.substr(14, 2)) * 60 +
                               read_digits(text.substr(17, 2));
  const std::int64_t us =
      (days_of(date) * kSecondsPerDay + seconds) * kUsPerSecond + read_digits(text.substr(20, 6));
  // One time, one text: what overflows its place (a 25th hour, a 13th month) comes back different.
  std::array<char, kTimestampBytes> again{};
  write_timestamp(us, again.data());
  if (std::string_view(again.data(), again.size()) != text) {
    return std::nullopt;
  }
  return us;
}

}  // namespace keyswap::audit
