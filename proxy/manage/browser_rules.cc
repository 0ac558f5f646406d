// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/browser_rules.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bytes.h"
#include "proxy/http/target.h"

namespace keyswap::manage {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::string_view kJson = "application/json";

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

bool is_json(const http::HeaderList& fields) {
  const http::Field* const type = fields.find("content-type");
  return type != nullptr && fields.count("content-type") == 1 &&
         base::equal_ignoring_case(without_blanks(type->value.substr(0, type->value.find(';'))),
                                   kJson);
}

}  // namespace

bool is_reading(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

BrowserRules BrowserRules::of_address(const std::string& address) {
  const auto colon = address.rfind(':');
  const std::string end = address.substr(colon);
  std::vector<std::string> names;
  for (const std::string& host : {std::string("127.0.0.1"),
                                  std::string("localhost"),
                                  std::string("[::1]"),
                                  address.substr(0, colon)}) {
    names.push_back(host + end);
    if (end == ":" + std::to_string(kHttpPort)) {
      names.push_back(host);
    }
  }
  return BrowserRules(std::move(names));
}

// Exactly one, and one of ours: what DNS was made to lead here has another name (DNS rebinding).
bool BrowserRules::is_named_rightly(const http::RequestHead& head) const {
  if (head.target.starts_with('/')) {
    const http::Field* const host = head.fields.find("host");
    return names_.empty() ||
           (host != nullptr && head.fields.count("host") == 1 &&
            std::ranges::find(names_, base::to_lower(host->value)) != names_.end());
  }
  const auto absolute = http::parse_absolute(head.target);
  if (!absolute) {
    return false;
  }
  const http::Field* const host = head.fields.find("host");
  const auto named = host == nullptr || head.fields.count("host") != 1
                         ? base::Result<http::Authority>(
                               base::Error{base::Errc::invalid_input, "there is no one Host"})
                         : http::parse_authority(host->value, kHttpPort);
  return named && *named == absolute->authority &&
         absolute->protocol == http::AbsoluteTarget::Protocol::http &&
         (names_.empty() ||
          std::ranges::find(names_, http::to_string(absolute->authority)) != names_.end());
}

// A program sends no Origin; a browser sends it with whatever is no simple GET. `null` and another
// scheme, host or port are others: cookies and SameSite would take a port for the same site.
bool BrowserRules::is_own_origin(const http::RequestHead& head) const {
  const auto count = head.fields.count("origin");
  if (count > 1 || head.fields.count("sec-fetch-site") > 1) {
    return false;
  }
  if (count == 1) {
    const http::Field* const host = head.fields.find("host");
    if (host == nullptr ||
        head.fields.find("origin")->value != "http://" + std::string(host->value)) {
      return false;
    }
  }
  const http::Field* const site = head.fields.find("sec-fetch-site");
  if (site == nullptr || site->value == "same-origin") {
    return true;
  }
  // Somebody typed the address: the page itself may be seen so, and nothing changed.
  return site->value == "none" && count == 0 && is_reading(head.method);
}

std::optional<Answer> BrowserRules::check(const http::RequestHead& head) const {
  if (!is_named_rightly(head)) {
    return answer_error(421, "this listener has another name");
  }
  if (!is_own_origin(head)) {
    return answer_error(403, "another origin may not use this");
  }
  if (head.method == "OPTIONS") {
    return answer_error(403, "no preflight is granted");
  }
  const bool has_body = head.framing.kind != http::Framing::Kind::none;
  if (is_reading(head.method)) {
    return has_body ? std::optional(answer_error(400, "a GET has no body")) : std::nullopt;
  }
  // A request without a body would need no permission in a browser either.
  if (head.method != "DELETE" || has_body) {
    if (!is_json(head.fields)) {
      return answer_error(415, "Content-Type: application/json is needed");
    }
  }
  return std::nullopt;
}

}  // namespace keyswap::manage
