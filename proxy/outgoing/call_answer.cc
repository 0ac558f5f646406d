// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_answer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/date.h"

namespace keyswap::outgoing {

namespace {

namespace bounds = base::bounds;

constexpr std::size_t kBodyBytesFirst = 4096;
constexpr std::int64_t kMsPerSecond = 1000;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  const auto last = text.find_last_not_of(" \t\r\n");
  return first == std::string_view::npos ? "" : text.substr(first, last - first + 1);
}

// Digits alone, all of them.
std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const bool is_digits =
      !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return is_digits && failed == std::errc() ? std::optional(number) : std::nullopt;
}

// "HTTP/1.1 200 OK": the three digits behind the first space; 0 for what is none.
int parse_status(std::string_view line) {
  constexpr std::size_t kDigits = 3;
  const std::size_t space = line.find(' ');
  const auto number = space == std::string_view::npos
                          ? std::nullopt
                          : parse_number(line.substr(space + 1, kDigits));
  return static_cast<int>(number.value_or(0));
}

// Seconds, or a date (RFC 9110 section 10.2.3).
std::int64_t parse_retry_after(std::string_view value, std::int64_t now_s) {
  auto seconds = parse_number(value);
  if (!seconds) {
    const auto date = http::parse_date(value);
    seconds = date ? *date - now_s : 0;
  }
  return std::clamp<std::int64_t>(*seconds, 0, bounds::kSourceRetryAfterMsMax / kMsPerSecond) *
         kMsPerSecond;
}

}  // namespace

CallAnswerReader::Taken CallAnswerReader::head_line(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > bounds::kCallHeadBytesMax) {
    return Taken::too_much;
  }
  if (line.starts_with("HTTP/")) {
    status_ = parse_status(line);
    retry_after_ms_ = 0;
    date_s_.reset();
    is_used_up_ = false;
    quota_resets_s_ = 0;
    return Taken::yes;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (base::equal_ignoring_case(name, "retry-after")) {
      retry_after_ms_ = parse_retry_after(value, now_s_);
    } else if (base::equal_ignoring_case(name, "date")) {
      date_s_ = http::parse_date(value);
    } else if (base::equal_ignoring_case(name, "x-ratelimit-remaining")) {
      is_used_up_ = value == "0";
    } else if (base::equal_ignoring_case(name, "x-ratelimit-reset")) {
      quota_resets_s_ = parse_number(value).value_or(0);
    }
  }
  return Taken::yes;
}

CallAnswerReader::Taken CallAnswerReader::body(std::string_view piece) {
  if (piece.size() > body_bytes_max_ - body_size_) {
    return Taken::too_much;
  }
  const std::size_t size = body_size_ + piece.size();
  if (size > body_.size() && !grow(size)) {
    return Taken::no_room;
  }
  std::copy(piece.begin(), piece.end(), body_.data() + body_size_);
  body_size_ = size;
  return Taken::yes;
}

// Doubled, so that a short answer takes little; what it was copied from is wiped.
bool CallAnswerReader::grow(std::size_t size) {
  const std::size_t doubled = std::max({size, 2 * body_.size(), kBodyBytesFirst});
  auto larger = vault::LockedBytes::of_size(std::max(size, std::min(doubled, body_bytes_max_)));
  if (!larger) {
    return false;
  }
  std::copy_n(body_.data(), body_size_, larger->data());
  body_ = std::move(*larger);
  return true;
}

vault::CallAnswer CallAnswerReader::take() {
  vault::CallAnswer answer;
  answer.status = status_;
  if (body_size_ != 0) {
    answer.body = vault::Secret::adopt(std::move(body_), std::exchange(body_size_, 0));
  }
  answer.retry_after_ms = retry_after_ms_;
  answer.date_s = date_s_;
  answer.used_up_until_s = is_used_up_ ? std::optional(quota_resets_s_) : std::nullopt;
  return answer;
}

}  // namespace keyswap::outgoing
