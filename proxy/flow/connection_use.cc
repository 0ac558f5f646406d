// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/connection_use.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::flow {

namespace {

using http::grammar::is_name;
using http::grammar::trim;

// RFC 4559 section 4; [MS-NTHT] section 2.1 (NTLM); "Kerberos" and "Nego2" are older and newer
// names of the same.
constexpr std::array<std::string_view, 4> kLoginSchemes = {
    "ntlm", "negotiate", "kerberos", "nego2"};
constexpr std::size_t kLoginBytesMax = std::string_view("negotiate").size();

// Behind the quotation mark that ends the quoted string whose content begins at `at`.
const char* end_of_quoted(const char* at, const char* end) {
  for (; at != end; ++at) {
    if (*at == '"') {
      return at + 1;
    }
    if (*at == '\\' && at + 1 != end) {
      ++at;
    }
  }
  return end;
}

bool ends_scheme(char c) {
  return c == ',' || http::grammar::is_space(c);
}

// The next element of a comma-separated list, taken off `rest`. A comma in a quoted string
// (RFC 9110 section 5.6.4) ends none.
std::string_view next_element(std::string_view& rest) {
  // Most are the only one, without a quoted string.
  if (rest.find(',') == std::string_view::npos && rest.find('"') == std::string_view::npos) {
    return trim(std::exchange(rest, {}));
  }
  const auto ends_run = [](char c) {
    return c == ',' || c == '"';
  };
  const auto* at = std::find_if(rest.begin(), rest.end(), ends_run);
  while (at != rest.end() && *at == '"') {
    at = std::find_if(end_of_quoted(at + 1, rest.end()), rest.end(), ends_run);
  }
  const auto end = static_cast<std::size_t>(at - rest.begin());
  const std::string_view element = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trim(element);
}

// A list that is far longer than any challenge counts as a yes (I10): what follows from that is
// that a connection is not shared (I16).
template <typename Judge>
bool any_element(std::string_view list, const Judge& judge) {
  constexpr int kElementsMax = 64;
  for (int i = 0; !list.empty(); ++i) {
    if (i == kElementsMax || judge(next_element(list))) {
      return true;
    }
  }
  return false;
}

bool is_any_login(std::string_view challenges) {
  return any_element(challenges, is_connection_login);
}

bool says_login(const http::Field& field) {
  if (is_name(field.name, "www-authenticate") || is_name(field.name, "proxy-authenticate")) {
    return is_any_login(field.value);
  }
  if (is_name(field.name, "persistent-auth")) {
    return any_element(field.value, [](std::string_view element) {
      return base::equal_ignoring_case(element, "true");
    });
  }
  if (is_name(field.name, "proxy-support")) {
    // RFC 4559 section 6.
    return any_element(field.value, [](std::string_view element) {
      return base::equal_ignoring_case(element, "session-based-authentication");
    });
  }
  return false;
}

// Of `name=value` or `name="value"`: the value, a whole number; nothing if it is of another name or
// no number. A number too large to count is the largest.
std::optional<std::int64_t> number_of(std::string_view element, std::string_view name) {
  constexpr std::int64_t kMax = 1'000'000;
  const std::size_t equals = std::min(element.find('='), element.size());
  if (!is_name(trim(element.substr(0, equals)), name)) {
    return std::nullopt;
  }
  std::string_view digits = trim(element.substr(std::min(equals + 1, element.size())));
  if (digits.size() >= 2 && digits.front() == '"' && digits.back() == '"') {
    digits = digits.substr(1, digits.size() - 2);
  }
  if (digits.empty() || !http::grammar::all_are(digits, http::grammar::kDigit)) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  for (const char digit : digits) {
    number = std::min(kMax, number * 10 + (digit - '0'));
  }
  return number;
}

template <typename Fields>
bool any_field_is_login(const Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const auto& field) {
    return (is_name(field.name, "authorization") || is_name(field.name, "proxy-authorization")) &&
           is_any_login(field.value);
  });
}

}  // namespace

bool is_connection_login(std::string_view credentials) {
  const std::string_view begin = credentials.substr(0, kLoginBytesMax + 1);
  const auto* const end = std::find_if(begin.begin(), begin.end(), ends_scheme);
  const std::string_view scheme(begin.data(), static_cast<std::size_t>(end - begin.begin()));
  return std::ranges::any_of(kLoginSchemes,
                             [scheme](std::string_view known) { return is_name(scheme, known); });
}

bool carries_connection_login(const http::RequestHead& head) {
  return any_field_is_login(head.fields);
}

bool carries_connection_login(const http::OutgoingFields& fields) {
  return any_field_is_login(fields);
}

bool speaks_of_connection_login(const http::ResponseHead& head) {
  return std::ranges::any_of(head.fields, says_login);
}

std::optional<std::int64_t> rest_ms(const http::ResponseHead& head) {
  std::optional<std::int64_t> shortest;
  for (const http::Field& field : head.fields) {
    if (!is_name(field.name, "keep-alive")) {
      continue;
    }
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view element = next_element(rest);
      std::optional<std::int64_t> ms;
      if (const auto seconds = number_of(element, "timeout")) {
        ms = std::max<std::int64_t>(0, *seconds * 1000 - base::bounds::kKeepAliveMarginMs);
      } else if (number_of(element, "max") == 0) {
        ms = 0;
      }
      shortest = ms ? std::min(*ms, shortest.value_or(*ms)) : shortest;
    }
  }
  return shortest;
}

}  // namespace keyswap::flow
