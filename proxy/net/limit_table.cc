// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/limit_table.h"

#include <algorithm>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "bindings/digest.h"
#include "bindings/model_rules.h"
#include "bindings/venue.h"
#include "proxy/limits/token_bucket.h"

namespace keyswap::net {

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

// A place of the rule, whatever its number: "header x-api-key", and " 1" behind it for one more
// that is called the same.
std::string place_mark(const SecretRule& rule, std::uint32_t place) {
  const auto called = [&](std::uint32_t number) {
    const bindings::Placement& placement = *rule.places[number].placement;
    return std::string(placement.kind()) + " " + std::string(placement.name());
  };
  const std::string name = called(place);
  std::size_t before = 0;
  for (std::uint32_t number = 0; number < place; ++number) {
    before += rule.places[number].has_scopes && called(number) == name ? 1 : 0;
  }
  return before == 0 ? name : name + " " + std::to_string(before);
}

// A digest of what tells apart entries of one host.
std::string mark_of(const SecretRule& rule, const Scope& scope) {
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
  if (scope.place) {
    // What is bound for one place never pays into, or from, what another has.
    add('i', place_mark(rule, *scope.place));
  }
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

// The vault entry with the key that a rule acts with; several rules may act with one.
std::string key_of(const SecretRule& rule) {
  const bool has_key = !rule.places.empty() && !rule.injection().needs().empty();
  return has_key ? rule.injection().needs().front().text() : rule.name.text();
}

bool may_be(const Scope& scope, std::string_view host) {
  if (!scope.host.is_wildcard) {
    return scope.host.host == host;
  }
  const auto dot = host.find('.');
  return dot != std::string_view::npos && host.substr(dot + 1) == scope.host.host;
}

// Where the orders of an entry are counted: the accounts at the venue (nullptr: none) that its
// hosts act on, whether by requests or on a WebSocket; a host that the venue does not know is an
// account of its own.
std::set<std::string> accounts_of(std::span<const Scope> entry, const bindings::Venue* venue) {
  const auto hosts = venue == nullptr ? std::span<const bindings::VenueHost>{} : venue->hosts();
  std::set<std::string> accounts;
  for (const Scope& scope : entry) {
    bool is_known = false;
    for (const auto& host : hosts) {
      if (!host.list.empty() && may_be(scope, host.name)) {
        accounts.emplace(host.list);
        is_known = true;
      }
    }
    if (!is_known) {
      accounts.insert(host_of(scope));
    }
  }
  return accounts;
}

// What the counters of an entry are known by.
struct Names {
  std::string place;  // of its rate and quota
  std::vector<std::string> volumes;
  std::string old_volume;
};

limits::ScopeLimits limits_of(const SecretRule& rule, const Scope& scope, const Names& names) {
  limits::ScopeLimits limits;
  if (scope.rate_limit) {
    limits.rate = limits::Rate::of(scope.rate_limit->requests, scope.rate_limit->per_ms);
    limits.rate_key = names.place;
  }
  if (scope.quota_per_day) {
    limits.quota_per_day = *scope.quota_per_day;
    limits.quota_account = "quota " + names.place;
  }
  // Volume and nonce belong to the key, by whichever rule and entry it is used.
  limits.volume_accounts = names.volumes;
  limits.nonce_account = "nonces " + key_of(rule);
  limits.old_volume_account = names.old_volume;
  limits.old_nonce_account = "nonce " + rule.name.text();
  if (scope.models != nullptr && scope.models->budget) {
    const bindings::Budget& budget = *scope.models->budget;
    limits.budget = limits::BudgetLimits{
        names.place, budget.micro_usd_per_day, budget.tokens_per_min, budget.is_alert};
  }
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
    const std::span entry(first, last);
    const std::string host = host_of(entry);
    Names names{.place = name + "@" + host + "#" + mark_of(rule, *first),
                .volumes = {},
                .old_volume = "volume " + rule.name.text() + "@" + host};
    for (const std::string& account : accounts_of(entry, rule.venue)) {
      names.volumes.push_back("traded " + key_of(rule) + "@" + account);
    }
    for (; first != last; ++first) {
      result.push_back(limits_of(rule, *first, names));
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

}  // namespace keyswap::net
