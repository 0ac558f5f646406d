// SPDX-License-Identifier: Apache-2.0
//
// `audit:`, and the keys that agent-vault-proxy's files have for machinery that is different here:
// `cache:`, `preflight:`, `backend:`. They are checked as strictly as there, and change nothing.
#include <algorithm>
#include <array>
#include <limits>

#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 2> kAuditKeys = {"path", "fail_on_unwritable"};
constexpr std::array<std::string_view, 3> kCacheKeys = {
    "ttl_seconds", "max_entries", "jitter_seconds"};
constexpr std::array<std::string_view, 1> kPreflightKeys = {"fail_on_warning"};
constexpr std::array<std::string_view, 2> kBackendKeys = {"type", "config"};
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int32_t>::max();

void check_number(const YamlSection& section,
                  std::string_view key,
                  NumberRange range,
                  ConfigIssues& issues) {
  if (const auto* const node = section.find(key)) {
    static_cast<void>(read_number(*node, key, range, issues));
  }
}

bool looks_like_a_file(const std::string& path) {
  constexpr std::array<std::string_view, 3> kEndings = {".jsonl", ".json", ".log"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
    return path.ends_with(ending);
  });
}

void parse_audit_path(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  const auto text = read_text(node, "path", context.issues);
  if (!text) {
    return;
  }
  bindings.audit_path = absolute_path(context, *text);
  if (looks_like_a_file(*text)) {
    context.issues.warning(node.place,
                           "`audit.path` names a folder here; segments are written into it",
                           "name a folder, as in `path: audit`: keyswap help audit");
  }
}

}  // namespace

void parse_audit(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  auto& issues = context.issues;
  const YamlSection section(node, "audit", kAuditKeys, issues);
  if (const auto* const path = section.find("path")) {
    parse_audit_path(*path, context, bindings);
  }
  const auto* const flag = section.find("fail_on_unwritable");
  // I6, I13: there is no way on without a record.
  if (flag != nullptr && read_flag(*flag, "fail_on_unwritable", issues) == std::optional(false)) {
    issues.warning(
        flag->place,
        "`fail_on_unwritable: false` has no effect: without a record no request is sent");
  }
}

void parse_cache(const YamlNode& node, ParseContext& context) {
  auto& issues = context.issues;
  const YamlSection section(node, "cache", kCacheKeys, issues);
  check_number(section, "ttl_seconds", {10, 3600}, issues);
  check_number(section, "max_entries", {1, kNoLimit}, issues);
  check_number(section, "jitter_seconds", {0, kNoLimit}, issues);
  issues.warning(
      node.place,
      "`cache` has no effect: secrets are opened from this home's vault when they are used");
}

void parse_preflight(const YamlNode& node, ParseContext& context) {
  auto& issues = context.issues;
  const YamlSection section(node, "preflight", kPreflightKeys, issues);
  if (const auto* const flag = section.find("fail_on_warning")) {
    static_cast<void>(read_flag(*flag, "fail_on_warning", issues));
  }
  issues.warning(node.place, "`preflight` has no effect", "keyswap doctor makes such checks");
}

void parse_backend(const YamlNode& node, ParseContext& context) {
  auto& issues = context.issues;
  const YamlSection section(node, "backend", kBackendKeys, issues);
  const auto* const type = section.require("type", issues);
  const auto text = type == nullptr ? std::nullopt : read_text(*type, "type", issues);
  if (text && std::any_of(text->begin(), text->end(), [](char c) { return c < ' ' || c > '~'; })) {
    issues.error(type->place, "`type` must be ASCII");
  }
  const auto* const config = section.find("config");
  if (config != nullptr && config->kind != YamlNode::Kind::mapping) {
    issues.error(config->place, "`config` must be a mapping (key: value)");
  }
  issues.warning(node.place,
                 "`backend` has no effect: secrets come from this home's vault",
                 "keyswap secret add NAME puts them there");
}

}  // namespace keyswap::bindings
