// SPDX-License-Identifier: Apache-2.0
//
// `approve:` of an entry of `bindings:`.
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "bindings/approval_rule.h"
#include "bindings/bounds.h"
#include "bindings/parse_sections.h"
#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 7> kApproveKeys = {
    "methods", "paths", "headers", "hold", "expires", "retry", "on_timeout"};
constexpr std::array<std::string_view, 2> kOnTimeout = {"403", "202"};

// Fields that say who sends, or when: they are another's with each try, or no part of what is
// asked for.
constexpr std::array<std::string_view, 7> kNeverBound = {"authorization",
                                                         "proxy-authorization",
                                                         "cookie",
                                                         "user-agent",
                                                         "date",
                                                         "host",
                                                         "content-length"};

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};

constexpr std::array kUnits = {Unit{"", 1}, Unit{"s", 1}, Unit{"m", 60}, Unit{"h", 3600}};

std::optional<std::int64_t> read_seconds(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto digits = static_cast<std::size_t>(read.ptr - text.data());
  const bool has_leading_zero = digits > 1 && text.front() == '0';
  if (read.ec != std::errc{} || number < 0 || has_leading_zero) {
    return std::nullopt;
  }
  const auto* const unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  return unit != kUnits.end() && number <= bounds::kApprovalSecondsMax / unit->seconds
             ? std::optional(number * unit->seconds)
             : std::nullopt;
}

struct TimeRange {
  std::int64_t least_s;
  std::int64_t most_s;
  std::string_view told;  // "from 1s to 24h"
};

void read_time(const YamlSection& section,
               std::string_view key,
               const TimeRange& range,
               ConfigIssues& issues,
               std::int64_t& ms) {
  const auto* const node = section.find(key);
  const auto text = node == nullptr ? std::nullopt : read_text(*node, key, issues);
  if (!text) {
    return;
  }
  const auto seconds = read_seconds(*text);
  if (!seconds || *seconds < range.least_s || *seconds > range.most_s) {
    issues.error(node->place,
                 "`" + std::string(key) + "` must be a time " + std::string(range.told),
                 "like: 30s, 10m, 1h, or a number of seconds");
    return;
  }
  ms = *seconds * 1000;
}

void read_headers(const YamlNode& node, ConfigIssues& issues, ApprovalRule& rule) {
  const auto* const list = read_list(node, "headers", issues);
  if (list != nullptr && list->size() > bounds::kApprovalHeadersMax) {
    issues.error(node.place, "more than 16 header fields");
    return;
  }
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "headers", issues);
    if (!text) {
      continue;
    }
    std::string name = base::to_lower(*text);
    if (!http::grammar::all_are(name, http::grammar::kToken)) {
      issues.error((*list)[i].place, "an entry of `headers` must be the name of a header field");
    } else if (std::ranges::find(kNeverBound, name) != kNeverBound.end()) {
      issues.error((*list)[i].place,
                   "`" + name + "` can be no part of what is approved",
                   "it says who sends, or when, or is known from elsewhere");
    } else {
      rule.headers.push_back(std::move(name));
    }
  }
}

// `paths` here are looked for in every reading that some server may have.
void check_paths(const YamlSection& section, const ApprovalRule& rule, ConfigIssues& issues) {
  for (const PathPattern& path : rule.paths) {
    if (has_other_readings(path.text())) {
      issues.error(section.find("paths")->place,
                   "a path of `approve` is not found in every reading: '%', ';', '\\', '//' and "
                   "dot segments are read in more than one way",
                   "write the plain path: it is found in every reading");
      return;
    }
  }
}

void check_times(const YamlSection& section, const ApprovalRule& rule, ConfigIssues& issues) {
  if (rule.hold_ms > rule.expires_ms) {
    issues.error(section.place(),
                 "`hold` of `approve` is longer than `expires`",
                 "a client waits no longer than a person may take");
  }
  if (rule.hold_ms == 0 && rule.on_timeout == OnTimeout::refuse) {
    issues.error(section.place(),
                 "`hold: 0` of `approve` needs `on_timeout: 202` beside it",
                 "else nobody could ever decide in time");
  }
}

// What comes on an open WebSocket cannot be held.
void check_messages(const YamlNode& node,
                    const SecretRule& rule,
                    const Scope& scope,
                    ConfigIssues& issues) {
  if (scope.ws_text || (scope.websocket && rule.messages() != nullptr)) {
    issues.error(node.place,
                 "`approve` cannot stand beside messages of a WebSocket that carry or are signed "
                 "with the secret",
                 "a message on an open WebSocket cannot be held; bind it in an entry of its own");
  }
}

}  // namespace

void parse_scope_approval(const YamlSection& section,
                          const SecretRule& rule,
                          ParseContext& context,
                          Scope& scope) {
  const auto* const node = section.find("approve");
  if (node == nullptr) {
    return;
  }
  auto& issues = context.issues;
  check_messages(*node, rule, scope, issues);
  auto made = std::make_shared<ApprovalRule>();
  if (node->kind == YamlNode::Kind::scalar) {  // `true`: every request, as usual
    if (read_flag(*node, "approve", issues).value_or(false)) {
      scope.approval = std::move(made);
    }
    return;
  }
  const YamlSection approve(*node, "approve", kApproveKeys, issues);
  if (!approve.is_mapping()) {
    return;
  }
  Scope requests;
  parse_where(approve, nullptr, context, requests);
  made->methods = std::move(requests.methods);
  made->paths = std::move(requests.paths);
  if (const auto* const headers = approve.find("headers")) {
    read_headers(*headers, issues, *made);
  }
  read_time(approve,
            "hold",
            {0, bounds::kApprovalHoldSecondsMax, "from 0s to 10m"},
            issues,
            made->hold_ms);
  const TimeRange usual{1, bounds::kApprovalSecondsMax, "from 1s to 24h"};
  read_time(approve, "expires", usual, issues, made->expires_ms);
  read_time(approve, "retry", usual, issues, made->retry_ms);
  if (const auto* const on_timeout = approve.find("on_timeout")) {
    const auto choice = read_choice(*on_timeout, "on_timeout", kOnTimeout, issues);
    made->on_timeout = choice == 1U ? OnTimeout::accept : OnTimeout::refuse;
  }
  check_paths(approve, *made, issues);
  check_times(approve, *made, issues);
  scope.approval = std::move(made);
}

}  // namespace keyswap::bindings
