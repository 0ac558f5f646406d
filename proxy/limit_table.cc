// SPDX-License-Identifier: Apache-2.0
#include "proxy/limit_table.h"

#include "bindings/digest.h"
#include "proxy/limits/token_bucket.h"

namespace keyswap::proxy {

namespace {

using bindings::Scope;
using bindings::SecretRule;

// Two entries of one host are told apart by so many hex digits; those who could look for a
// collision write the bindings.
constexpr std::size_t kMarkDigits = 16;

// "api.example.com:443"
std::string host_of(const Scope& scope) {
  return (scope.host.is_wildcard ? "*." : "") + scope.host.host + ":" + std::to_string(scope.port);
}

// A digest of what tells apart entries of one host.
std::string mark_of(const Scope& scope) {
  std::string text;
  const auto add = [&text](char kind, const std::string& word) {
    // No word has a line break in it.
    text += kind + word + "\n";
  };
  for (const auto& method : scope.methods) {
    add('m', method);
  }
  for (const auto& path : scope.paths) {
    add('p', path.text());
  }
  for (const auto& caller : scope.callers) {
    add('c', caller);
  }
  add('r', scope.route);
  return bindings::sha256_hex(text).substr(0, kMarkDigits);
}

// `first`: the first scope of the entry.
limits::ScopeLimits limits_of(const SecretRule& rule, const Scope& first, const Scope& scope) {
  const std::string name = rule.kind == bindings::RuleKind::custom ? "custom/" + rule.custom_name
                                                                   : std::string(rule.name.text());
  const std::string host = host_of(first);
  const std::string place = name + "@" + host;
  limits::ScopeLimits limits;
  if (scope.rate_limit) {
    limits.rate = limits::Rate::of(scope.rate_limit->requests, scope.rate_limit->per_ms);
    limits.rate_key = place + "#" + mark_of(first);
  }
  if (scope.quota_per_day) {
    limits.quota_per_day = *scope.quota_per_day;
    limits.quota_account = "quota " + place + "#" + mark_of(first);
  }
  // Volume and nonce belong to the key, however it is reached.
  limits.volume_account = "volume " + rule.name.text() + "@" + host;
  limits.nonce_account = "nonce " + rule.name.text();
  return limits;
}

}  // namespace

limits::RuleLimits limits_of(const SecretRule& rule) {
  limits::RuleLimits result;
  result.reserve(rule.scopes.size());
  const Scope* first = nullptr;
  for (const auto& scope : rule.scopes) {
    if (first == nullptr || first->entry != scope.entry) {
      first = &scope;
    }
    result.push_back(limits_of(rule, *first, scope));
  }
  return result;
}

std::vector<limits::RuleLimits> limits_of(const bindings::Bindings& bindings) {
  std::vector<limits::RuleLimits> result;
  result.reserve(bindings.rules.size());
  for (const auto& rule : bindings.rules) {
    result.push_back(limits_of(rule));
  }
  return result;
}

}  // namespace keyswap::proxy
