// SPDX-License-Identifier: Apache-2.0
//
// rate_limit, quota, blocked, max_body, response_timeout of an entry of `bindings:`.
#include <algorithm>
#include <array>
#include <charconv>

#include "bindings/bounds.h"
#include "bindings/parse_sections.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 2> kRateKeys = {"requests", "per"};
constexpr std::array<std::string_view, 2> kQuotaPeriods = {"day", "1d"};

struct Unit {
  std::string_view name;
  std::int64_t size;
};

constexpr std::array kTimeUnits = {
    Unit{"", 1}, Unit{"s", 1}, Unit{"m", 60}, Unit{"h", 3600}, Unit{"d", 24LL * 3600}};
constexpr std::array kTimeWords = {
    Unit{"second", 1}, Unit{"minute", 60}, Unit{"hour", 3600}, Unit{"day", 24LL * 3600}};
constexpr std::array kByteUnits = {
    Unit{"", 1}, Unit{"KiB", 1 << 10U}, Unit{"MiB", 1 << 20U}, Unit{"GiB", 1 << 30U}};

// "10s", "1MiB", "1000": a whole number and one of the units, at most `most` in all.
template <std::size_t n>
std::optional<std::int64_t> read_amount(std::string_view text,
                                        const std::array<Unit, n>& units,
                                        std::int64_t most) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(read.ptr - text.data());
  const bool has_leading_zero = digits > 1 && text.front() == '0';
  if (read.ec != std::errc{} || number < 0 || has_leading_zero) {
    return std::nullopt;
  }
  const auto* const unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
    return candidate.name == text.substr(digits);
  });
  return unit != units.end() && number <= most / unit->size ? std::optional(number * unit->size)
                                                            : std::nullopt;
}

// "10s", "3600", "minute", at most `most` seconds.
std::optional<std::int64_t> read_time(std::string_view text, std::int64_t most) {
  const auto* const word = std::find_if(
      kTimeWords.begin(), kTimeWords.end(), [&](const Unit& unit) { return unit.name == text; });
  return word != kTimeWords.end() ? std::optional(word->size) : read_amount(text, kTimeUnits, most);
}

std::optional<std::int64_t> read_seconds(const YamlNode& node, ConfigIssues& issues) {
  const auto text = read_text(node, "per", issues);
  if (!text) {
    return std::nullopt;
  }
  const auto seconds = read_time(*text, bounds::kRatePerSecondsMax);
  if (!seconds || *seconds == 0) {
    issues.error(node.place,
                 "`per` must be a time from 1s to 31d",
                 "like: 10s, 1m, 1h, 1d, a number of seconds, or one of second, minute, hour, day");
    return std::nullopt;
  }
  return seconds;
}

void parse_rate_limit(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const YamlSection section(node, "rate_limit", kRateKeys, issues);
  if (!section.is_mapping()) {
    return;
  }
  const auto* const requests_node = section.require("requests", issues);
  const auto* const per_node = section.require("per", issues);
  std::optional<std::int64_t> requests;
  if (requests_node != nullptr) {
    requests = read_number(*requests_node, "requests", {0, bounds::kRateRequestsMax}, issues);
  }
  const auto seconds = per_node == nullptr ? std::nullopt : read_seconds(*per_node, issues);
  // 0 requests: no limit.
  if (requests && seconds && *requests > 0) {
    scope.rate_limit = RateLimit{static_cast<std::uint32_t>(*requests), *seconds * 1000};
  }
}

void parse_quota(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const YamlSection section(node, "quota", kRateKeys, issues);
  if (!section.is_mapping()) {
    return;
  }
  const auto* const requests_node = section.require("requests", issues);
  const auto* const per_node = section.require("per", issues);
  std::optional<std::int64_t> requests;
  if (requests_node != nullptr) {
    requests = read_number(*requests_node, "requests", {1, bounds::kQuotaRequestsMax}, issues);
  }
  const auto period =
      per_node == nullptr ? std::nullopt : read_choice(*per_node, "per", kQuotaPeriods, issues);
  if (requests && period) {
    scope.quota_per_day = static_cast<std::uint32_t>(*requests);
  }
}

void parse_response_timeout(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const auto text = read_text(node, "response_timeout", issues);
  if (!text) {
    return;
  }
  const auto seconds = read_time(*text, base::bounds::kResponseHeadMsMax / 1000);
  if (!seconds || *seconds == 0) {
    issues.error(node.place,
                 "`response_timeout` must be a time from 1s to 24h",
                 "like: 30s, 20m, 1h, or a number of seconds");
    return;
  }
  scope.response_timeout_ms = *seconds * 1000;
}

// What is wrong with the path of a blocked endpoint. An entry that could never match is an error:
// nobody would notice that it does not block.
struct PathProblem {
  std::string text;
  std::string hint;
};

std::optional<PathProblem> problem_of_path(std::string_view path) {
  if (path.empty() || (path.front() != '/' && path.front() != '*')) {
    return PathProblem{"the path of a blocked endpoint must begin with '/' or '*'",
                       "like: \"DELETE /repos/*\", or \"/admin/*\" for any method"};
  }
  if (path.size() > bounds::kPathGlobBytesMax) {
    return PathProblem{"a path has at most 512 bytes", ""};
  }
  const bool is_visible =
      std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!is_visible) {
    return PathProblem{"a path is visible ASCII without spaces", "write * in its place"};
  }
  if (path.find_first_of("?#") != std::string_view::npos) {
    return PathProblem{
        "this endpoint would never be blocked: queries and fragments are not part of a path",
        "name the path alone"};
  }
  if (has_other_readings(path)) {
    return PathProblem{
        "this endpoint would not be blocked in every reading of its path: '%', ';', '\\', '//' and "
        "dot segments are read in more than one way",
        "write the plain path: it is found in every reading"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> read_size(const YamlNode& node,
                                       std::string_view what,
                                       ConfigIssues& issues) {
  const auto text = read_text(node, what, issues);
  if (!text) {
    return std::nullopt;
  }
  const auto bytes =
      read_amount(*text, kByteUnits, static_cast<std::int64_t>(bounds::kMaxBodyBytesMax));
  if (!bytes) {
    issues.error(node.place,
                 "`" + std::string(what) + "` must be a size of at most 1024GiB",
                 "like: 512KiB, 1MiB, or a number of bytes");
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(*bytes);
}

void parse_blocked_entry(const YamlNode& node,
                         std::string_view what,
                         ConfigIssues& issues,
                         std::vector<BlockedEndpoint>& blocked) {
  const auto text = read_text(node, what, issues);
  if (!text) {
    return;
  }
  BlockedEndpoint entry{"*", *text};
  if (const auto space = text->find(' '); space != std::string::npos) {
    entry.method = text->substr(0, space);
    entry.path = text->substr(std::min(text->find_first_not_of(' ', space), text->size()));
  }
  if (entry.method != "*") {
    const auto method = parse_method(entry.method, MethodUse::blocking, node.place, issues);
    if (!method) {
      return;
    }
    entry.method = *method;
  }
  if (const auto problem = problem_of_path(entry.path)) {
    issues.error(node.place, problem->text, problem->hint);
    return;
  }
  blocked.push_back(std::move(entry));
}

void parse_blocked(const YamlNode& node,
                   std::string_view what,
                   ConfigIssues& issues,
                   std::vector<BlockedEndpoint>& blocked) {
  const auto* const list = read_list(node, what, issues);
  if (list != nullptr && list->size() > bounds::kBlockedEndpointsMax) {
    issues.error(node.place, "more than 1000 blocked endpoints", "use * to say them together");
    return;
  }
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_blocked_entry((*list)[i], what, issues, blocked);
  }
}

void parse_scope_limits(const YamlSection& section, ParseContext& context, Scope& scope) {
  if (const auto* const rate = section.find("rate_limit")) {
    parse_rate_limit(*rate, context.issues, scope);
  }
  if (const auto* const quota = section.find("quota")) {
    parse_quota(*quota, context.issues, scope);
  }
  if (const auto* const blocked = section.find("blocked")) {
    parse_blocked(*blocked, "blocked", context.issues, scope.blocked);
  }
  if (const auto* const max_body = section.find("max_body")) {
    scope.max_body_bytes = read_size(*max_body, "max_body", context.issues);
  }
  if (const auto* const timeout = section.find("response_timeout")) {
    parse_response_timeout(*timeout, context.issues, scope);
  }
}

}  // namespace keyswap::bindings
