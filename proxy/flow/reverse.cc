// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/reverse.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "bindings/venue.h"
#include "proxy/base/bounds.h"
#include "proxy/flow/caller.h"
#include "proxy/http/websocket_handshake.h"

namespace keyswap::flow {

namespace {

using audit::Reason;
using bindings::Bindings;
using bindings::RouteUse;
using bindings::Scope;
using bindings::Venue;

constexpr std::string_view kProxy = "/proxy/";
constexpr std::string_view kCustom = "/custom/";
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::uint32_t kFirstPlace = 0;  // of a rule: the one that routes use

// Providers that need no `route:`.
struct Provider {
  std::string_view name;
  std::string_view host;
};

constexpr std::array<Provider, 2> kProviders = {Provider{"openai", "api.openai.com"},
                                                Provider{"anthropic", "api.anthropic.com"}};

// "NAME/rest?query" -> NAME, and "/rest?query" or "?query" or "".
struct Split {
  std::string_view name;
  std::string_view rest;
};

Split split(std::string_view text) {
  const auto end = std::min(text.find_first_of("/?"), text.size());
  return {text.substr(0, end), text.substr(end)};
}

// "/NAME/rest" -> the venue of that name, or nullptr.
const Venue* find_route_venue(std::string_view target, bindings::Venues venues) {
  const auto below = target.substr(std::min<std::size_t>(target.size(), 1));
  const auto [name, rest] = split(below);
  return target.starts_with('/') && rest.starts_with('/') ? bindings::find_venue(venues, name)
                                                          : nullptr;
}

// What a route may lead to, as far as it is not one place: the first that allows the request and
// serves the caller, else the first.
class Choice {
 public:
  Choice(const http::RequestHead& head, const Bindings& bindings, std::string_view caller)
      : head_(head), bindings_(bindings), caller_(caller) {}

  // A scope that could be meant, for requests with that target: one and the same for all offers.
  void offer(RouteUse use, std::string_view target) {
    if (is_decided_) {
      return;
    }
    const auto& rule = bindings_.rules[use.rule];
    auto authority = authority_of(rule.scopes[use.scope]);
    if (!authority) {
      return;
    }
    // Another scope of the rule may say more about this method and path.
    if (!readings_) {
      target_ = target;
      readings_.emplace(head_.method, target_, head_.fields);
    }
    const auto [match, scope] =
        bindings_.match_scope(use.rule, kFirstPlace, *authority, *readings_);
    const bool is_matched = match == bindings::Match::matched;
    use.scope = is_matched ? scope : use.scope;
    is_decided_ = is_matched && serves(rule.scopes[use.scope], caller_);
    if (is_decided_ || !use_) {
      use_ = use;
      authority_ = std::move(*authority);
    }
  }

  [[nodiscard]] const std::optional<RouteUse>& use() const { return use_; }

  [[nodiscard]] const http::Authority& authority() const { return authority_; }

 private:
  static std::optional<http::Authority> authority_of(const Scope& scope) {
    auto parsed = http::parse_host(scope.host.host, scope.port);
    return parsed && !scope.host.is_wildcard ? std::optional(std::move(*parsed)) : std::nullopt;
  }

  const http::RequestHead& head_;
  const Bindings& bindings_;
  std::string_view caller_;
  std::string target_;
  std::optional<bindings::RequestReadings> readings_;  // of the target
  std::optional<RouteUse> use_;
  http::Authority authority_;
  bool is_decided_ = false;
};

// Every rule's first scope at a host that `wanted` is true for.
template <typename Wanted>
void offer_hosts(const Bindings& bindings,
                 std::span<const std::uint32_t> rules,
                 std::string_view target,
                 Choice& choice,
                 Wanted wanted) {
  for (const std::uint32_t number : rules) {
    const auto& rule = bindings.rules[number];
    for (std::uint32_t scope = 0; scope < rule.scopes.size(); ++scope) {
      if (rule.kind == bindings::RuleKind::secret && wanted(rule.scopes[scope])) {
        choice.offer({number, scope}, target);
      }
    }
  }
}

// `target`: what the venue's host gets.
void offer_venue(const Bindings& bindings,
                 const Venue& venue,
                 std::string_view target,
                 Choice& choice) {
  std::vector<std::uint32_t> rules;
  for (std::uint32_t number = 0; number < bindings.rules.size(); ++number) {
    if (bindings.rules[number].venue == &venue) {
      rules.push_back(number);
    }
  }
  const auto segment = split(target.substr(1)).name;
  offer_hosts(bindings, rules, target, choice, [&](const Scope& scope) {
    return !scope.host.is_wildcard && venue.serves_route(scope.host.host, segment);
  });
}

void offer_provider(const Bindings& bindings,
                    std::string_view name,
                    std::string_view target,
                    Choice& choice) {
  if (const auto* const route = bindings.find_route("proxy/" + std::string(name))) {
    choice.offer(*route, target);
    return;
  }
  const auto* const provider = std::ranges::find(kProviders, name, &Provider::name);
  if (provider == kProviders.end()) {
    return;
  }
  const http::Authority authority{std::string(provider->host), kHttpsPort, http::HostKind::name};
  offer_hosts(bindings, bindings.rules_binding(authority), target, choice, [&](const Scope& scope) {
    return Bindings::names(scope, authority);
  });
}

// The rest as a target of its own, below `base`.
std::string target_below(std::string_view base, std::string_view rest) {
  std::string target(base);
  if (base.empty() && !rest.starts_with('/')) {
    target += '/';
  }
  return target.append(rest);
}

// What is asked for, and the new target.
std::string offer_all(std::string_view target, const Bindings& bindings, Choice& choice) {
  if (const auto* const venue = find_route_venue(target, bindings.venues)) {
    std::string below(target.substr(1 + venue->name().size()));
    offer_venue(bindings, *venue, below, choice);
    return below;
  }
  const bool is_custom = target.starts_with(kCustom);
  const auto [name, rest] = split(target.substr((is_custom ? kCustom : kProxy).size()));
  if (!is_custom) {
    std::string below = target_below("", rest);
    offer_provider(bindings, name, below, choice);
    return below;
  }
  const auto* const route = bindings.find_route("custom/" + std::string(name));
  if (route == nullptr) {
    return "";
  }
  std::string below =
      target_below(bindings.rules[route->rule].scopes[route->scope].base_path, rest);
  choice.offer(*route, below);
  return below;
}

std::optional<Reason> check_request(const http::RequestHead& head, std::string_view target) {
  if (const auto reason = check_hop(head)) {
    return reason;
  }
  if (!http::is_origin_form(head.target) || !http::is_origin_form(target)) {
    return Reason::malformed_request;
  }
  if (target.size() > base::bounds::kTargetBytesMax) {
    return Reason::target_too_long;
  }
  if (http::asks_for_websocket(head)) {
    return Reason::upgrade_not_supported;
  }
  return std::nullopt;
}

}  // namespace

bool is_reverse_target(std::string_view target, bindings::Venues venues) {
  return target.starts_with(kProxy) || target.starts_with(kCustom) ||
         find_route_venue(target, venues) != nullptr;
}

ReverseRoute find_reverse(const http::RequestHead& head,
                          const Bindings& bindings,
                          std::string_view caller) {
  Choice choice(head, bindings, caller);
  std::string target = offer_all(head.target, bindings, choice);
  ReverseRoute found;
  if (!choice.use()) {
    found.refusal = Reason::malformed_request;
    return found;
  }
  found.destination = {
      Protocol::https, choice.authority(), bindings.rules[choice.use()->rule].custom_name};
  found.refusal = check_request(head, target);
  found.use = ReverseUse{choice.use()->rule, choice.use()->scope, std::move(target)};
  return found;
}

}  // namespace keyswap::flow
