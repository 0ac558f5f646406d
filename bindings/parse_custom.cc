// SPDX-License-Identifier: Apache-2.0
//
// `custom:`: services that a reverse route reaches, by configuration alone. Each becomes a rule
// without a placeholder: nothing that is forwarded can call for its credential.
#include <algorithm>
#include <array>
#include <optional>

#include "bindings/bounds.h"
#include "bindings/host_pattern.h"
#include "bindings/parse_sections.h"
#include "bindings/placements.h"
#include "bindings/schemes.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 9> kCustomKeys = {"base_url",
                                                         "credential",
                                                         "auth_header",
                                                         "auth_value_prefix",
                                                         "blocked_endpoints",
                                                         "rate_limit",
                                                         "rate_limit_window_seconds",
                                                         "callers",
                                                         "allow_addresses"};
constexpr std::string_view kDefaultHeader = "Authorization";
constexpr std::string_view kDefaultPrefix = "Bearer ";
constexpr std::int64_t kDefaultWindowSeconds = 3600;
constexpr std::int64_t kWindowSecondsMax = 366LL * 24 * 3600;
constexpr std::int64_t kRateLimitMax = 1'000'000'000;
constexpr std::string_view kHttps = "https://";

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// Everything below the base path, in every reading: "/v2/../admin" is outside of "/v2".
void set_base_path(std::string_view path,
                   const YamlNode& node,
                   ConfigIssues& issues,
                   Scope& scope) {
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  if (path.empty()) {
    return;
  }
  constexpr std::string_view kBelow = "/**";
  if (path.size() + kBelow.size() > bounds::kPathGlobBytesMax) {
    issues.error(node.place, "the path of `base_url` is too long");
    return;
  }
  if (!is_visible(path) || path.find_first_of("*?#") != std::string_view::npos ||
      has_other_readings(path)) {
    issues.error(node.place,
                 "the path of `base_url` must be plain",
                 "no query, no '*', '%', ';', '\\', no '//' and no dot segments");
    return;
  }
  scope.base_path = path;
  scope.paths.emplace_back(path);
  scope.paths.emplace_back(scope.base_path + std::string(kBelow));
}

void parse_base_url(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const auto text = read_text(node, "base_url", issues);
  if (!text) {
    return;
  }
  if (!base::to_lower(std::string_view(*text).substr(0, kHttps.size())).starts_with(kHttps)) {
    // I5: a secret never leaves over plain http.
    issues.error(node.place, "`base_url` must begin with https://");
    return;
  }
  const auto rest = std::string_view(*text).substr(kHttps.size());
  const auto slash = std::min(rest.find_first_of("/?#"), rest.size());
  auto parsed = parse_host_pattern(rest.substr(0, slash));
  if (const auto* const problem = std::get_if<HostProblem>(&parsed)) {
    issues.error(node.place, "`base_url`: " + problem->text, problem->hint);
    return;
  }
  auto& host = std::get<ParsedHost>(parsed);
  if (host.pattern.is_wildcard) {
    issues.error(node.place, "`base_url` must name one host");
    return;
  }
  scope.host = std::move(host.pattern);
  scope.port = host.port.value_or(scope.port);
  set_base_path(rest.substr(slash), node, issues, scope);
}

// "DELETE /repos/*". What the pattern means: bindings/blocked.h.
void parse_blocked_entry(const YamlNode& node, ConfigIssues& issues, Scope& scope) {
  const auto text = read_text(node, "blocked_endpoints", issues);
  if (!text) {
    return;
  }
  const auto space = text->find_first_of(' ');
  const auto path = space == std::string::npos ? space : text->find_first_not_of(' ', space);
  if (path == std::string::npos || (*text)[path] != '/') {
    issues.error(node.place,
                 "an entry of `blocked_endpoints` is a method and a path",
                 "as in \"DELETE /repos/*\", or \"* /admin/*\" for every method");
    return;
  }
  bindings::parse_blocked_entry(node, "blocked_endpoints", issues, scope.blocked);
}

// An empty list blocks nothing, and says so.
void parse_blocked(const YamlSection& section, ConfigIssues& issues, Scope& scope) {
  const auto* const node = section.find("blocked_endpoints");
  if (node == nullptr || (node->kind == YamlNode::Kind::sequence && node->items.empty())) {
    return;
  }
  const auto* const list = read_list(*node, "blocked_endpoints", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_blocked_entry((*list)[i], issues, scope);
  }
}

void parse_rate(const YamlSection& section, ConfigIssues& issues, Scope& scope) {
  const auto* const limit = section.find("rate_limit");
  const auto* const window = section.find("rate_limit_window_seconds");
  auto seconds = std::optional(kDefaultWindowSeconds);
  if (window != nullptr) {
    seconds = read_number(*window, "rate_limit_window_seconds", {1, kWindowSecondsMax}, issues);
  }
  const auto requests = limit == nullptr
                            ? std::optional<std::int64_t>(0)
                            : read_number(*limit, "rate_limit", {0, kRateLimitMax}, issues);
  if (limit == nullptr && window != nullptr) {
    issues.error(window->place, "`rate_limit_window_seconds` without `rate_limit` limits nothing");
  }
  if (requests && seconds && *requests > 0) {  // 0: no limit
    constexpr std::int64_t kMsPerSecond = 1000;
    scope.rate_limit = {static_cast<std::uint32_t>(*requests), *seconds * kMsPerSecond};
  }
}

struct Header {
  std::string name{kDefaultHeader};
  std::string prefix{kDefaultPrefix};
};

// Nothing after an error.
std::optional<Header> read_header(const YamlSection& section, ConfigIssues& issues) {
  Header header;
  if (const auto* const node = section.find("auth_header")) {
    const auto text = read_text(*node, "auth_header", issues);
    if (!text) {
      return std::nullopt;
    }
    header.name = *text;
  }
  if (const auto* const node = section.find("auth_value_prefix")) {
    if (node->kind != YamlNode::Kind::scalar) {
      issues.error(node->place,
                   "`auth_value_prefix` must be text",
                   "\"\" if the value is the credential alone");
      return std::nullopt;
    }
    if (node->text.find_first_of("{}") != std::string::npos) {
      issues.error(node->place, "`auth_value_prefix` is text as it is, without braces");
      return std::nullopt;
    }
    header.prefix = node->text;
  }
  return header;
}

void report(const std::vector<SchemeIssue>& found,
            const YamlSection& section,
            ConfigIssues& issues) {
  for (const auto& issue : found) {
    const bool is_header = issue.parameter == "header";
    const auto* const node = section.find(is_header ? "auth_header" : "auth_value_prefix");
    issues.error(node == nullptr ? section.place() : node->place,
                 is_header ? issue.text : "`auth_value_prefix` does not begin a header's value",
                 is_header ? issue.hint : "no controls, no line breaks, no space in front");
  }
}

// The whole value of a header is a prefix and the secret.
void set_injection(const YamlSection& section, ConfigIssues& issues, SecretRule& rule) {
  auto header = read_header(section, issues);
  if (!header) {
    return;
  }
  SchemeSetup setup;
  setup.name = rule.name;
  setup.values.push_back({"header", std::move(header->name)});
  setup.values.push_back({"format", header->prefix + "{secret}"});
  auto place = placements().front()->make(setup);
  report(place.issues, section, issues);
  setup.place = place.placement.get();
  auto made = schemes().front()->make(setup);
  report(made.issues, section, issues);
  if (made.injection != nullptr && place.placement != nullptr) {
    rule.places.emplace_back();
    rule.places.back().injection = std::move(made.injection);
    rule.places.back().placement = std::move(place.placement);
  }
}

void parse_credential(const YamlSection& section, ConfigIssues& issues, SecretRule& rule) {
  const auto* const node = section.require("credential", issues);
  if (node == nullptr) {
    return;
  }
  auto name = vault::SecretName::parse(node->text);
  if (!name) {
    issues.error(node->place,
                 "`credential` must be the name of a secret in the vault",
                 "add one with: keyswap secret add NAME");
    return;
  }
  rule.name = std::move(name).value();
  set_injection(section, issues, rule);
}

void parse_service(const YamlNode& key,
                   const YamlNode& node,
                   ParseContext& context,
                   Bindings& bindings) {
  auto& issues = context.issues;
  const YamlSection section(node, "custom", kCustomKeys, issues);
  if (!check_route_name(key, "custom", context) || !section.is_mapping()) {
    return;
  }
  SecretRule rule;
  rule.kind = RuleKind::custom;
  rule.custom_name = key.text;
  Scope scope;
  if (const auto* const url = section.require("base_url", issues)) {
    parse_base_url(*url, issues, scope);
  }
  parse_credential(section, issues, rule);
  parse_blocked(section, issues, scope);
  parse_rate(section, issues, scope);
  if (const auto* const callers = section.find("callers")) {
    parse_scope_callers(*callers, context, scope);
  }
  if (const auto* const ranges = section.find("allow_addresses")) {
    parse_allow_addresses(*ranges, issues, scope.allow_addresses);
  }
  rule.scopes.push_back(std::move(scope));
  if (!rule.places.empty()) {
    bindings.rules.push_back(std::move(rule));
  }
}

}  // namespace

void parse_custom(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  if (node.kind == YamlNode::Kind::null) {
    return;
  }
  if (node.kind != YamlNode::Kind::mapping) {
    context.issues.error(node.place, "`custom` must be a mapping from names to services");
    return;
  }
  if (node.keys.size() + bindings.rules.size() > base::bounds::kSecretRulesMax) {
    context.issues.error(node.place,
                         "`secrets` and `custom` together have more than 10000 entries");
    return;
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    parse_service(node.keys[i], node.items[i], context, bindings);
  }
}

}  // namespace keyswap::bindings
