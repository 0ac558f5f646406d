// SPDX-License-Identifier: Apache-2.0
#include "bindings/binding.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <typeinfo>

#include "bindings/blocked.h"
#include "bindings/message_signer.h"
#include "bindings/signer.h"
#include "vault/source_kind.h"

namespace keyswap::bindings {

namespace {

// What a "*." pattern would have to say to match `destination`; nothing for addresses and single
// labels.
std::optional<std::string_view> wildcard_base(const http::Authority& destination) {
  const auto dot = destination.host.find('.');
  if (destination.kind != http::HostKind::name || dot == std::string::npos || dot == 0) {
    return std::nullopt;
  }
  return std::string_view(destination.host).substr(dot + 1);
}

bool allows(const Scope& scope, const RequestReadings& request) {
  if (!request.allows_method(scope.methods)) {
    return false;
  }
  // I5: one and the same pattern must match in every reading; two patterns that share the readings
  // between them would let a path in that neither of them names.
  return scope.paths.empty() ||
         std::any_of(scope.paths.begin(), scope.paths.end(), [&](const PathPattern& pattern) {
           return request.is_allowed_by(pattern);
         });
}

// The same for what must not be got around: might some server read the request as one in scope?
bool may_allow(const Scope& scope, const RequestReadings& request) {
  return request.may_be_among(scope.methods) &&
         (scope.paths.empty() ||
          std::any_of(scope.paths.begin(), scope.paths.end(), [&](const PathPattern& pattern) {
            return request.may_be_at(pattern);
          }));
}

// Does it mean requests of that caller?
bool is_for(const Scope& scope, std::string_view caller) {
  return scope.callers.empty() || std::ranges::find(scope.callers, caller) != scope.callers.end();
}

// Is the scope one of that place?
bool is_of(const Scope& scope, const SecretRule& rule, std::optional<std::uint32_t> place) {
  if (!place) {
    return true;
  }
  return rule.places[*place].has_scopes ? scope.place == place : !scope.place;
}

bool names_secret(const SecretRule& rule, const SecretRule& other) {
  return std::ranges::find(rule.together_with, other.name) != rule.together_with.end();
}

// Does some scope of the rule open WebSockets there?
bool opens_websocket(const SecretRule& rule, const http::Authority& destination) {
  return std::ranges::any_of(rule.scopes, [&](const Scope& scope) {
    return scope.websocket && Bindings::names(scope, destination);
  });
}

// Asks the schemes of a destination's rules whether they close an endpoint. What a scheme says of
// requests does not depend on the rule, so each is asked once, however many rules have it.
class Closing {
 public:
  Closing(const http::Authority& destination,
          const RequestReadings& request,
          Bindings::Purpose purpose)
      : destination_(destination), request_(request), purpose_(purpose) {}

  // Does the rule's scheme close the endpoint? Where the rule opens a WebSocket, the scheme judges
  // the messages and not the request; there it says where one may be opened.
  bool is_closed_by(const SecretRule& rule) {
    const auto* const messages = rule.messages();
    if (purpose_ == Bindings::Purpose::websocket && messages != nullptr &&
        opens_websocket(rule, destination_)) {
      return messages->forbids_opening(destination_.host, request_.target());
    }
    const auto* const signer = rule.signer();
    if (signer == nullptr) {
      return false;  // nor has a honeytoken any scheme
    }
    const auto scheme = rule.injection().scheme();
    if (std::find(asked_.begin(), asked_.end(), scheme) != asked_.end()) {
      return false;
    }
    asked_.push_back(scheme);
    return signer->forbids(request_);
  }

 private:
  const http::Authority& destination_;
  const RequestReadings& request_;
  Bindings::Purpose purpose_;
  std::vector<std::string_view> asked_;  // schemes that let it through
};

// A rule that is out of force opens no address.
void append_ranges(const SecretRule& rule,
                   const http::Authority& destination,
                   std::vector<AddressRange>& ranges) {
  if (rule.is_out_of_force()) {
    return;
  }
  for (const auto& scope : rule.scopes) {
    if (Bindings::names(scope, destination)) {
      ranges.insert(ranges.end(), scope.allow_addresses.begin(), scope.allow_addresses.end());
    }
  }
}

}  // namespace

bool HostPattern::covers(const HostPattern& one) const {
  const auto dot = one.host.find('.');
  return is_wildcard && !one.is_wildcard && dot != std::string::npos &&
         std::string_view(one.host).substr(dot + 1) == host;
}

std::vector<vault::SecretName> SecretRule::needs() const {
  std::vector<vault::SecretName> names;
  for (const SecretPlace& place : places) {
    for (const vault::SecretName& entry : place.injection->needs()) {
      if (std::ranges::find(names, entry) == names.end()) {
        names.push_back(entry);
      }
    }
  }
  return names;
}

std::size_t Bindings::HostKeyHash::operator()(const HostKeyView& key) const noexcept {
  const std::size_t rest = (std::size_t{key.port} << 1U) | (key.is_wildcard ? 1U : 0U);
  return std::hash<std::string_view>{}(key.host) ^ (rest * 0x9E3779B97F4A7C15ULL);
}

bool Bindings::is_elsewhere(const vault::SecretName& name) const {
  const vault::SourceSpec* const source = sources == nullptr ? nullptr : sources->source_of(name);
  return source != nullptr && source->kind != vault::kLocalKind;
}

std::vector<vault::SecretName> Bindings::own_entries() const {
  std::vector<vault::SecretName> names;
  for (const SecretRule& rule : rules) {
    for (const vault::SecretName& name : rule.needs()) {
      const vault::Route* const route = sources == nullptr ? nullptr : sources->find(name);
      if (route == nullptr) {
        names.push_back(name);
      } else if (auto other = vault::SecretName::parse(route->key);
                 other && (!is_elsewhere(name) ||
                           sources->specs()[route->source].kind == vault::kSealedKind)) {
        names.push_back(std::move(*other));
      }
    }
  }
  for (const vault::SourceSpec& spec :
       sources == nullptr ? std::span<const vault::SourceSpec>() : sources->specs()) {
    names.insert(names.end(), spec.own.begin(), spec.own.end());
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void Bindings::build_index() {
  routes_.clear();
  by_host_.clear();
  has_wildcards_ = false;
  has_guards_ = false;
  has_honeytokens_ = false;
  has_required_ = false;
  has_captures_ = false;
  has_proving_ = false;
  signers_.clear();
  std::vector<std::string_view> texts;
  texts.reserve(rules.size());
  std::vector<BodyIndex::Placeholder> in_bodies;
  for (std::uint32_t number = 0; number < rules.size(); ++number) {
    texts.emplace_back(rules[number].searched());
    const bool is_in_texts = rules[number].has_place_in_body() || rules[number].message_place;
    if (!rules[number].placeholder.empty() && is_in_texts) {
      in_bodies.push_back({number, rules[number].placeholder});
    }
    has_honeytokens_ = has_honeytokens_ || rules[number].kind == RuleKind::honeytoken;
    index_hosts(number);
    index_routes(number);
  }
  placeholders_.build(texts);
  sightings_.build(texts);
  body_placeholders_.build(in_bodies);
}

void Bindings::index_hosts(std::uint32_t number) {
  const auto& rule = rules[number];
  add_signer(rule.signer());
  has_proving_ = has_proving_ || (rule.signer() != nullptr && rule.signer()->knows_its_clients());
  has_required_ = has_required_ || std::ranges::any_of(rule.places, &SecretPlace::is_required);
  has_captures_ = has_captures_ || !rule.captures.empty();
  // What nobody decrypts could not be captured either.
  rule.see_hosts([&](const Scope& scope) {
    has_guards_ = has_guards_ || !scope.blocked.empty();
    index_host(scope, number);
  });
}

void Bindings::index_host(const Scope& scope, std::uint32_t number) {
  auto& numbers = by_host_[HostKey{scope.host.host, scope.port, scope.host.is_wildcard}];
  if (numbers.empty() || numbers.back() != number) {
    numbers.push_back(number);
  }
  has_wildcards_ = has_wildcards_ || scope.host.is_wildcard;
}

void Bindings::index_routes(std::uint32_t number) {
  const auto& rule = rules[number];
  if (rule.is_out_of_force()) {
    return;
  }
  if (rule.kind == RuleKind::custom) {
    routes_.try_emplace("custom/" + rule.custom_name, RouteUse{number, 0});
    return;
  }
  for (std::uint32_t scope = 0; scope < rule.scopes.size(); ++scope) {
    if (const auto& name = rule.scopes[scope].route; !name.empty()) {
      routes_.try_emplace("proxy/" + name, RouteUse{number, scope});
    }
  }
}

const RouteUse* Bindings::find_route(std::string_view name) const {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : &found->second;
}

const Bindings::RuleNumbers* Bindings::rules_of(const HostKeyView& key) const {
  const auto found = by_host_.find(key);
  return found == by_host_.end() ? nullptr : &found->second;
}

bool Bindings::names(const Scope& scope, const http::Authority& destination) {
  if (scope.port != destination.port) {
    return false;
  }
  if (!scope.host.is_wildcard) {
    return scope.host.host == destination.host;
  }
  return wildcard_base(destination) == std::optional<std::string_view>(scope.host.host);
}

bool Bindings::binds(const http::Authority& destination) const {
  // A custom service is reached by its route; who forwards to its host gets nothing there.
  const auto has_secret = [this](const RuleNumbers* numbers) {
    return numbers != nullptr && std::ranges::any_of(*numbers, [this](std::uint32_t number) {
             return rules[number].kind == RuleKind::secret;
           });
  };
  if (has_secret(rules_of({destination.host, destination.port, false}))) {
    return true;
  }
  const auto base = has_wildcards_ ? wildcard_base(destination) : std::nullopt;
  return base.has_value() && has_secret(rules_of({*base, destination.port, true}));
}

void Bindings::find_placeholders(std::string_view text, std::vector<std::uint32_t>& found) const {
  placeholders_.find(text, found);
}

std::optional<PlaceholderIndex::Hit> Bindings::next_placeholder(std::string_view text,
                                                                std::size_t from) const {
  return placeholders_.find_next(text, from);
}

ScopeMatch Bindings::match_scope(std::uint32_t rule,
                                 std::optional<std::uint32_t> place,
                                 const http::Authority& destination,
                                 const RequestReadings& request) const {
  auto result = Match::other_destination;
  if (rules[rule].is_out_of_force()) {
    return {result, 0};
  }
  const auto& scopes = rules[rule].scopes;
  for (std::uint32_t number = 0; number < scopes.size(); ++number) {
    if (!is_of(scopes[number], rules[rule], place) || !names(scopes[number], destination)) {
      continue;
    }
    if (allows(scopes[number], request)) {
      return {Match::matched, number};
    }
    result = Match::out_of_scope;
  }
  return {result, 0};
}

bool Bindings::may_be_in_scope(std::uint32_t rule,
                               std::uint32_t place,
                               const http::Authority& destination,
                               const RequestReadings& request) const {
  return std::ranges::any_of(rules[rule].scopes, [&](const Scope& scope) {
    return is_of(scope, rules[rule], place) && names(scope, destination) &&
           may_allow(scope, request);
  });
}

bool Bindings::may_go_together(std::uint32_t a, std::uint32_t b) const {
  return names_secret(rules[a], rules[b]) || names_secret(rules[b], rules[a]);
}

std::optional<std::uint32_t> Bindings::missing_rule(const http::Authority& destination,
                                                    const RequestReadings& request,
                                                    std::span<const std::uint32_t> used) const {
  if (!has_required_) {
    return std::nullopt;
  }
  for (const std::uint32_t number : rules_binding(destination)) {
    const auto& places = rules[number].places;
    for (std::uint32_t place = 0; place < places.size(); ++place) {
      if (places[place].is_required && std::ranges::find(used, number) == used.end() &&
          may_be_in_scope(number, place, destination, request)) {
        return number;
      }
    }
  }
  return std::nullopt;
}

std::vector<CaptureUse> Bindings::captures_of(const http::Authority& destination,
                                              const RequestReadings& request,
                                              std::string_view caller) const {
  std::vector<CaptureUse> found;
  if (!has_captures_) {
    return found;
  }
  for (const std::uint32_t number : rules_binding(destination)) {
    const auto& captures = rules[number].captures;
    for (std::uint32_t i = 0; i < captures.size(); ++i) {
      const Scope& where = captures[i].where;
      if (names(where, destination) && may_allow(where, request)) {
        const bool is_theirs = is_for(where, caller);
        found.push_back({number, i, is_theirs && allows(where, request), is_theirs});
      }
    }
  }
  return found;
}

bool Bindings::is_captured(const vault::SecretName& name) const {
  return has_captures_ && std::ranges::any_of(rules, [&](const SecretRule& rule) {
           return !rule.captures.empty() && rule.name == name;
         });
}

std::optional<RouteUse> Bindings::proven_use(const http::Authority& destination,
                                             const RequestReadings& request,
                                             std::string_view caller) const {
  std::optional<RouteUse> first;
  if (!has_proving_) {
    return first;
  }
  for (const std::uint32_t number : rules_binding(destination)) {
    const auto* const signer = rules[number].signer();
    if (signer == nullptr || !signer->knows_its_clients()) {
      continue;
    }
    const auto [match, scope] = match_scope(number, std::nullopt, destination, request);
    if (match != Match::matched) {
      continue;
    }
    if (is_for(rules[number].scopes[scope], caller)) {
      return RouteUse{number, scope};
    }
    first = first.value_or(RouteUse{number, scope});
  }
  return first;
}

std::vector<std::uint32_t> Bindings::rules_binding(const http::Authority& destination) const {
  std::vector<std::uint32_t> found;
  const auto add = [&](const RuleNumbers* numbers) {
    if (numbers != nullptr) {
      found.insert(found.end(), numbers->begin(), numbers->end());
    }
  };
  add(rules_of({destination.host, destination.port, false}));
  if (const auto base = has_wildcards_ ? wildcard_base(destination) : std::nullopt) {
    add(rules_of({*base, destination.port, true}));
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  return found;
}

void Bindings::add_signer(const Signer* signer) {
  if (signer == nullptr) {
    return;
  }
  has_guards_ = true;
  const bool is_known = std::ranges::any_of(
      signers_, [&](const Signer* known) { return typeid(*known) == typeid(*signer); });
  if (!is_known) {
    signers_.push_back(signer);
  }
}

bool Bindings::forbids_host(const http::Authority& destination) const {
  const bool is_closed = std::ranges::any_of(
      signers_, [&](const Signer* signer) { return signer->forbids_host(destination.host); });
  // Whoever opens it judges its messages.
  const auto opens = [&](std::uint32_t number) {
    const auto& rule = rules[number];
    return rule.messages() != nullptr && opens_websocket(rule, destination);
  };
  return is_closed && std::ranges::none_of(rules_binding(destination), opens);
}

std::vector<RouteUse> Bindings::websocket_scopes(const http::Authority& destination,
                                                 const RequestReadings& request) const {
  std::vector<RouteUse> found;
  for (const std::uint32_t number : rules_binding(destination)) {
    if (const auto scope = websocket_scope(number, destination, request)) {
      found.push_back({number, *scope});
    }
  }
  return found;
}

std::optional<std::uint32_t> Bindings::websocket_scope(std::uint32_t number,
                                                       const http::Authority& destination,
                                                       const RequestReadings& request) const {
  const SecretRule& rule = rules[number];
  const auto opens = [&](std::optional<std::uint32_t> place) {
    const auto [match, scope] = match_scope(number, place, destination, request);
    return match == Match::matched && rule.scopes[scope].websocket ? std::optional(scope)
                                                                   : std::nullopt;
  };
  if (std::ranges::none_of(rule.places, &SecretPlace::has_scopes)) {
    return opens(std::nullopt);
  }
  for (std::uint32_t place = 0; place < rule.places.size(); ++place) {
    if (const auto scope = opens(place)) {
      return scope;
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Bindings::forbidding_rule(const http::Authority& destination,
                                                       const RequestReadings& request,
                                                       Purpose purpose) const {
  if (!has_guards_) {
    return std::nullopt;
  }
  Closing closing(destination, request, purpose);
  for (const std::uint32_t number : rules_binding(destination)) {
    const auto& rule = rules[number];
    const bool is_blocked_here = std::ranges::any_of(rule.scopes, [&](const Scope& scope) {
      return names(scope, destination) && find_blocked(scope, request) != nullptr;
    });
    if (is_blocked_here || closing.is_closed_by(rule)) {
      return number;
    }
  }
  return std::nullopt;
}

std::vector<AddressRange> Bindings::allowed_addresses(const http::Authority& destination,
                                                      std::string_view custom_service) const {
  std::vector<AddressRange> ranges;
  const auto add = [&](const RuleNumbers* numbers) {
    for (std::size_t i = 0; numbers != nullptr && i < numbers->size(); ++i) {
      const SecretRule& rule = rules[(*numbers)[i]];
      if (rule.kind == RuleKind::secret || rule.custom_name == custom_service) {
        append_ranges(rule, destination, ranges);
      }
    }
  };
  add(rules_of({destination.host, destination.port, false}));
  if (const auto base = wildcard_base(destination)) {
    add(rules_of({*base, destination.port, true}));
  }
  return ranges;
}

}  // namespace keyswap::bindings
