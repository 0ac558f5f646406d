// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/known_credential.h"

#include <algorithm>
#include <variant>

#include "bindings/host_pattern.h"
#include "proxy/cli/providers.h"

namespace keyswap::cli {

namespace {

using bindings::SecretRule;
using bindings::YamlNode;

const YamlNode* find(const YamlNode* mapping, std::string_view key) {
  if (mapping == nullptr) {
    return nullptr;
  }
  const auto found = std::ranges::find(mapping->keys, key, &YamlNode::text);
  return found == mapping->keys.end()
             ? nullptr
             : &mapping->items[static_cast<std::size_t>(found - mapping->keys.begin())];
}

// The same but for their places and quotes.
bool says_same(const YamlNode& a, const YamlNode& b) {
  return a.kind == b.kind && a.text == b.text &&
         std::ranges::equal(a.keys, b.keys, {}, &YamlNode::text, &YamlNode::text) &&
         std::ranges::equal(a.items, b.items, says_same);
}

bool reaches(const SecretRule& rule, const std::string& host) {
  constexpr std::uint16_t kHttpsPort = 443;
  const auto parsed = bindings::parse_host_pattern(host);
  const auto* const wanted = std::get_if<bindings::ParsedHost>(&parsed);
  if (wanted == nullptr || wanted->pattern.is_wildcard) {
    return false;
  }
  const std::uint16_t port = wanted->port.value_or(kHttpsPort);
  return std::ranges::any_of(rule.scopes, [&](const bindings::Scope& scope) {
    return !scope.host.is_wildcard && scope.host.host == wanted->pattern.host && scope.port == port;
  });
}

bool reaches_all(const SecretRule& rule,
                 const bindings::Provider& provider,
                 const std::string& host) {
  return std::ranges::all_of(hosts_of(provider), [&](const std::string& each) {
    return reaches(rule, each == "{host}" ? host : each);
  });
}

// Does the file say of it what an entry would say that were made now?
bool is_injected_so(const SecretRule& rule,
                    const BindingsFile& file,
                    const bindings::Provider& provider,
                    const std::string& host) {
  const auto document = bindings::parse_yaml(file.text.bindings);
  const auto* const there = find(find(find(&document.root, "secrets"), rule.name.text()), "inject");
  const auto made = bindings::entry_of(provider, {rule.name.text(), rule.placeholder, host});
  const auto* const wanted = find(&made, "inject");
  return there != nullptr && wanted != nullptr && says_same(*there, *wanted);
}

}  // namespace

const SecretRule* find_known_rule(const vault::Vault& vault,
                                  const BindingsFile& file,
                                  const bindings::Provider& provider,
                                  const std::string& host,
                                  std::string_view value) {
  const auto& rules = file.bindings.rules;
  const auto found = std::ranges::find_if(rules, [&](const SecretRule& rule) {
    return rule.kind == bindings::RuleKind::secret && reaches_all(rule, provider, host) &&
           is_kept(vault, rule.name, value) && is_injected_so(rule, file, provider, host);
  });
  return found == rules.end() ? nullptr : &*found;
}

bool is_kept(const vault::Vault& vault, const vault::SecretName& name, std::string_view value) {
  const auto matches = vault.matches(name, value);
  return matches && *matches;
}

}  // namespace keyswap::cli
