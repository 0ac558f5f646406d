// SPDX-License-Identifier: Apache-2.0
#include "proxy/limit_table.h"

#include <algorithm>
#include <span>
#include <utility>

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

// The host that stands for an entry's: the first of them by its letters, not in the file, where
// their order means nothing.
std::string host_of(std::span<const Scope> entry) {
  std::string least;
  for (const Scope& scope : entry) {
    auto host = host_of(scope);
    if (least.empty() || host < least) {
      least = std::move(host);
    }
  }
  return least;
}

// `place`: what the counters of an entry are known by; `host`: which one its volume is counted at.
limits::ScopeLimits limits_of(const SecretRule& rule,
                              const Scope& scope,
                              const std::string& place,
                              const std::string& host) {
  limits::ScopeLimits limits;
  if (scope.rate_limit) {
    limits.rate = limits::Rate::of(scope.rate_limit->requests, scope.rate_limit->per_ms);
    limits.rate_key = place;
  }
  if (scope.quota_per_day) {
    limits.quota_per_day = *scope.quota_per_day;
    limits.quota_account = "quota " + place;
  }
  // Volume and nonce belong to the key, however it is reached.
  limits.volume_account = "volume " + rule.name.text() + "@" + host;
  limits.nonce_account = "nonce " + rule.name.text();
  return limits;
}

}  // namespace

limits::RuleLimits limits_of(const SecretRule& rule) {
  const std::string name = rule.kind == bindings::RuleKind::custom ? "custom/" + rule.custom_name
                                                                   : std::string(rule.name.text());
  limits::RuleLimits result;
  result.reserve(rule.scopes.size());
  for (auto first = rule.scopes.begin(); first != rule.scopes.end();) {
    const auto last = std::find_if(
        first, rule.scopes.end(), [&](const Scope& scope) { return scope.entry != first->entry; });
    const std::string host = host_of(std::span(first, last));
    std::string place = name;
    place.append("@").append(host).append("#").append(mark_of(*first));
    for (; first != last; ++first) {
      result.push_back(limits_of(rule, *first, place, host));
    }
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
