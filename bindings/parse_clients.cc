// SPDX-License-Identifier: Apache-2.0
//
// Whom the listener serves besides those with a token: `allow_users:` and `allow_origins:`.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include "bindings/parse_sections.h"
#include "proxy/base/bounds.h"
#include "proxy/base/users.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kEverybody = "*";

// The entries of a list that is not too long; nullptr after an error.
const std::vector<YamlNode>* read_bounded(const YamlNode& node,
                                          std::string_view what,
                                          std::size_t most,
                                          ConfigIssues& issues) {
  const auto* const list = read_list(node, what, issues);
  if (list != nullptr && list->size() > most) {
    issues.error(node.place,
                 "`" + std::string(what) + "` has more than " + std::to_string(most) + " entries");
    return nullptr;
  }
  return list;
}

bool is_number(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The highest is what system calls take for "none".
std::optional<std::uint32_t> read_user_number(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  const bool is_one = read.ec == std::errc{} && read.ptr == end &&
                      number != std::numeric_limits<std::uint32_t>::max();
  return is_one ? std::optional(number) : std::nullopt;
}

void parse_user(const YamlNode& node, bool is_alone, ConfigIssues& issues, AllowedUsers& users) {
  const auto text = read_text(node, "allow_users", issues);
  if (!text) {
    return;
  }
  if (*text == kEverybody) {
    users.is_everybody = true;
    if (is_alone) {
      issues.warning(node.place,
                     "every user of this machine may use the secrets, within their bindings",
                     "name the users, or give callers tokens");
    } else {
      issues.error(node.place, "'*' is everybody, so that the other entries say nothing");
    }
    return;
  }
  const auto number = is_number(*text) ? read_user_number(*text) : base::user_number(*text);
  if (!number) {
    issues.error(node.place,
                 quoted_or(*text, "this") + " is no user of this machine",
                 "a user's name or number, as `id` shows them");
  } else if (std::ranges::find(users.numbers, *number) != users.numbers.end()) {
    issues.error(node.place, quoted_or(*text, "this user") + " is listed twice");
  } else {
    users.numbers.push_back(*number);
  }
}

// As a browser writes it (RFC 6454 section 6.2): no path, no default port, all in lower case.
bool is_web_origin(std::string_view rest, std::uint16_t default_port) {
  const auto authority = http::parse_authority(rest, default_port);
  return authority && http::to_string(*authority, default_port) == rest;
}

bool is_plain(std::string_view text, std::string_view besides) {
  return !text.empty() && std::ranges::all_of(text, [besides](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           besides.find(c) != std::string_view::npos;
  });
}

bool is_origin(std::string_view text) {
  constexpr std::string_view kMark = "://";
  constexpr std::uint16_t kHttpPort = 80;
  constexpr std::uint16_t kHttpsPort = 443;
  const auto mark = text.find(kMark);
  if (mark == std::string_view::npos || text.size() > base::bounds::kOriginBytesMax) {
    return false;
  }
  const auto scheme = text.substr(0, mark);
  const auto rest = text.substr(mark + kMark.size());
  if (scheme == "http" || scheme == "https") {
    return is_web_origin(rest, scheme == "http" ? kHttpPort : kHttpsPort);
  }
  // Of a browser's extension, or of a program that shows pages of its own.
  return is_plain(scheme, "+-.") && is_plain(rest, "-._:");
}

}  // namespace

void parse_allow_users(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  auto& issues = context.issues;
  const auto* const list =
      read_bounded(node, "allow_users", base::bounds::kAllowedUsersMax, issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_user((*list)[i], list->size() == 1, issues, bindings.allow_users);
  }
  if (list != nullptr && !bindings.callers.empty()) {
    issues.warning(node.place,
                   "`allow_users` changes nothing here",
                   "with `callers` everybody has to show a token");
  }
}

void parse_allow_origins(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  auto& issues = context.issues;
  const auto* const list =
      read_bounded(node, "allow_origins", base::bounds::kAllowedOriginsMax, issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const YamlNode& item = (*list)[i];
    const auto text = read_text(item, "allow_origins", issues);
    if (!text) {
      continue;
    }
    auto& origins = bindings.allow_origins;
    if (!is_origin(*text)) {
      // `null` is what every page may say that hides where it comes from.
      issues.error(item.place,
                   "this is no origin of a web page",
                   "scheme and host, and the port unless it is the scheme's own, in lower case: "
                   "http://localhost:3000");
    } else if (std::ranges::find(origins, *text) != origins.end()) {
      issues.error(item.place, "this origin is listed twice");
    } else {
      origins.push_back(*text);
    }
  }
}

}  // namespace keyswap::bindings
