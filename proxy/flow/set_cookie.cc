// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/set_cookie.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::flow {

namespace {

using http::grammar::trim;

// What is longer than anybody waits for is as good as this.
constexpr std::int64_t kLifeMaxS = std::int64_t{100} * 366 * 24 * 3600;
// A server without a clock (RFC 9110 section 6.6.1) clears a cookie by a day before this program.
constexpr std::int64_t kLongPastS = 1'577'836'800;  // 2020-01-01

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the digits at the front, of which there are `least` to `most`, and none behind them.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const auto count = static_cast<std::size_t>(end - text.begin());
  if (count < least || count > most) {
    return std::nullopt;
  }
  int number = 0;
  for (const char digit : text.substr(0, count)) {
    number = number * 10 + (digit - '0');
  }
  text.remove_prefix(count);
  return number;
}

// --- days ---

struct CookieDate {
  std::optional<std::int64_t> time_s;  // of the day
  std::optional<int> day;
  std::optional<unsigned> month;
  std::optional<int> year;
};

// "08:49:37", and what is no digit behind it.
std::optional<std::int64_t> time_in(std::string_view token) {
  std::array<int, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && !token.starts_with(':')) {
      return std::nullopt;
    }
    token.remove_prefix(i > 0 ? 1 : 0);
    const auto number = take_number(token, 1, 2);
    if (!number || *number > (i == 0 ? 23 : 59)) {
      return std::nullopt;
    }
    parts[i] = *number;
  }
  return (parts[0] * 60 + parts[1]) * 60 + parts[2];
}

std::optional<unsigned> month_in(std::string_view token) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (base::equal_ignoring_case(token.substr(0, 3), kMonths[i])) {
      return i + 1;
    }
  }
  return std::nullopt;
}

std::optional<int> year_in(std::string_view token) {
  const auto number = take_number(token, 2, 4);
  if (!number) {
    return std::nullopt;
  }
  const int century = *number >= 100 ? 0 : *number >= 70 ? 1900 : 2000;
  return *number + century;
}

// What a token is stands in no order: each is the first that is not found yet, and that it can be.
void read_token(std::string_view token, CookieDate& date) {
  if (!date.time_s) {
    date.time_s = time_in(token);
    if (date.time_s) {
      return;
    }
  }
  std::string_view rest = token;
  if (!date.day) {
    date.day = take_number(rest, 1, 2);
    if (date.day) {
      return;
    }
  }
  if (!date.month) {
    date.month = month_in(token);
    if (date.month) {
      return;
    }
  }
  if (!date.year) {
    date.year = year_in(token);
  }
}

bool is_delimiter(char c) {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// --- attributes ---

// A sign that no digits follow, or another text, says nothing.
std::optional<std::int64_t> seconds_in(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  const std::string_view digits = text.substr(is_negative ? 1 : 0);
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) {
    return std::nullopt;
  }
  std::int64_t seconds = 0;
  for (const char digit : digits) {
    seconds = std::min(kLifeMaxS, seconds * 10 + (digit - '0'));
  }
  return is_negative ? 0 : seconds;
}

struct CookieEnd {
  std::optional<std::int64_t> max_age_s;
  std::optional<std::int64_t> expires_s;  // since 1970
};

// The last of each counts.
CookieEnd read_attributes(std::string_view attributes) {
  CookieEnd end;
  while (!attributes.empty()) {
    const std::string_view one = attributes.substr(0, attributes.find(';'));
    attributes.remove_prefix(std::min(one.size() + 1, attributes.size()));
    const auto equals = std::min(one.find('='), one.size());
    const std::string_view name = trim(one.substr(0, equals));
    const std::string_view value = trim(one.substr(std::min(equals + 1, one.size())));
    if (base::equal_ignoring_case(name, "max-age")) {
      const auto seconds = seconds_in(value);
      end.max_age_s = seconds ? seconds : end.max_age_s;
    } else if (base::equal_ignoring_case(name, "expires")) {
      const auto time = parse_cookie_date(value);
      end.expires_s = time ? time : end.expires_s;
    }
  }
  return end;
}

// `Max-Age` goes before `Expires` (section 5.3). 0 and less: it is cleared.
std::optional<std::int64_t> life_of(const CookieEnd& end, std::optional<std::int64_t> sent_s) {
  if (end.max_age_s || !end.expires_s) {
    return end.max_age_s;
  }
  if (!sent_s) {
    return *end.expires_s < kLongPastS ? std::optional<std::int64_t>(0) : std::nullopt;
  }
  return std::min(*end.expires_s - *sent_s, kLifeMaxS);
}

}  // namespace

std::optional<ReceivedCookie> read_set_cookie(std::string_view field,
                                              std::string_view name,
                                              std::optional<std::int64_t> sent_s) {
  const std::string_view pair = field.substr(0, field.find(';'));
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) {
    return std::nullopt;
  }
  const auto life_s =
      life_of(read_attributes(field.substr(std::min(pair.size() + 1, field.size()))), sent_s);
  if (life_s && *life_s <= 0) {
    return std::nullopt;
  }
  std::string_view value = trim(pair.substr(equals + 1));
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
    value = value.substr(1, value.size() - 2);
  }
  return ReceivedCookie{value, life_s};
}

std::optional<std::int64_t> parse_cookie_date(std::string_view text) {
  CookieDate found;
  while (!text.empty()) {
    const auto end = std::ranges::find_if(text, is_delimiter);
    const auto size = static_cast<std::size_t>(end - text.begin());
    if (size > 0) {
      read_token(text.substr(0, size), found);
    }
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  if (!found.time_s || !found.day || !found.month || !found.year || *found.year < 1601) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*found.year),
                                         std::chrono::month(*found.month),
                                         std::chrono::day(static_cast<unsigned>(*found.day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  const std::chrono::seconds midnight = std::chrono::sys_days(date).time_since_epoch();
  return midnight.count() + *found.time_s;
}

}  // namespace keyswap::flow
