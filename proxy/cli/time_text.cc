// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/time_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace keyswap::cli {

namespace {

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::size_t kDateBytes = 10;     // 2026-11-22
constexpr std::size_t kSecondsBytes = 19;  // 2026-11-22T02:25:09
constexpr std::size_t kAmountDigitsMax = 9;
constexpr std::size_t kFractionDigitsMax = 6;

std::optional<int> number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') {
      return std::nullopt;
    }
    value = value * 10 + (c - '0');
  }
  return digits.empty() ? std::nullopt : std::optional(value);
}

std::optional<std::int64_t> parse_ago(std::string_view text, std::int64_t now_us) {
  if (text.size() < 2 || text.size() > kAmountDigitsMax + 1) {
    return std::nullopt;
  }
  const auto amount = number(text.substr(0, text.size() - 1));
  if (!amount) {
    return std::nullopt;
  }
  std::int64_t unit_s = 0;
  switch (text.back()) {
    case 's':
      unit_s = 1;
      break;
    case 'm':
      unit_s = 60;
      break;
    case 'h':
      unit_s = 3600;
      break;
    case 'd':
      unit_s = 86'400;
      break;
    default:
      return std::nullopt;
  }
  // Longer ago than 1970 is as long ago as can be: nothing is older, and the product would not fit.
  const std::int64_t ago_s = *amount * unit_s;
  return ago_s >= now_us / kMicro ? 0 : now_us - ago_s * kMicro;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  if (text.size() != kDateBytes || text[4] != '-' || text[7] != '-') {
    return std::nullopt;
  }
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  if (!year || !month || !day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
}

std::optional<std::int64_t> parse_clock(std::string_view text) {  // "02:25:09"
  if (text.size() != kSecondsBytes - kDateBytes - 1 || text[2] != ':' || text[5] != ':') {
    return std::nullopt;
  }
  const auto hour = number(text.substr(0, 2));
  const auto minute = number(text.substr(3, 2));
  const auto second = number(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  return std::int64_t{3600} * *hour + std::int64_t{60} * *minute + *second;
}

std::optional<std::int64_t> parse_fraction(std::string_view text) {  // "" or ".123456"
  if (text.empty()) {
    return 0;
  }
  if (text.size() > kFractionDigitsMax + 1 || text.front() != '.') {
    return std::nullopt;
  }
  std::string digits(text.substr(1));
  if (digits.empty()) {
    return std::nullopt;
  }
  digits.resize(kFractionDigitsMax, '0');
  const auto micro = number(digits);
  return micro ? std::optional<std::int64_t>(*micro) : std::nullopt;
}

std::optional<std::int64_t> parse_moment(std::string_view text) {
  if (text.size() <= kSecondsBytes || text[kDateBytes] != 'T' || text.back() != 'Z') {
    return std::nullopt;
  }
  const auto date = parse_date(text.substr(0, kDateBytes));
  const auto clock = parse_clock(text.substr(kDateBytes + 1, kSecondsBytes - kDateBytes - 1));
  const auto fraction = parse_fraction(text.substr(kSecondsBytes, text.size() - kSecondsBytes - 1));
  if (!date || !clock || !fraction) {
    return std::nullopt;
  }
  return (*date + *clock) * kMicro + *fraction;
}

}  // namespace

std::string format_time(std::int64_t seconds) {
  const std::chrono::sys_seconds moment{std::chrono::seconds(seconds)};
  const auto days = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(moment - days);
  std::array<char, 48> text{};
  const int size = std::snprintf(text.data(),
                                 text.size(),
                                 "%04d-%02u-%02uT%02d:%02d:%02dZ",
                                 static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()),
                                 static_cast<int>(clock.hours().count()),
                                 static_cast<int>(clock.minutes().count()),
                                 static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string format_minute(std::int64_t seconds) {
  constexpr std::size_t kMinuteBytes = 5;
  const std::string whole = format_time(seconds);
  return whole.substr(0, kDateBytes) + " " + whole.substr(kDateBytes + 1, kMinuteBytes) + "Z";
}

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_us) {
  if (const auto ago = parse_ago(text, now_us)) {
    return ago;
  }
  if (const auto date = parse_date(text)) {
    return *date * kMicro;
  }
  return parse_moment(text);
}

}  // namespace keyswap::cli
