// SPDX-License-Identifier: Apache-2.0
//
// `hosts:` of an entry of a secret's `bindings:`.
#include <algorithm>
#include <iterator>
#include <optional>

#include "bindings/parse_sections.h"
#include "bindings/venue.h"

namespace keyswap::bindings {

namespace {

// A list's name, or nothing after an error.
std::optional<std::string> read_host_list(const YamlNode& node, ParseContext& context) {
  auto text = read_text(node, "hosts", context.issues);
  if (!text || !hosts_of_list(context.venues, *text).empty()) {
    return text;
  }
  std::string known;
  for (const auto list : host_lists(context.venues)) {
    known += (known.empty() ? "" : ", ") + std::string(list);
  }
  context.issues.error(node.place,
                       quoted_or(*text, "this") + " is no list of hosts",
                       known.empty() ? "" : "there are: " + known);
  return std::nullopt;
}

// The hosts of every list that is named.
std::vector<VenueHost> read_hosts(const YamlNode& node, ParseContext& context) {
  std::vector<VenueHost> hosts;
  const auto add = [&](const YamlNode& item) {
    if (const auto list = read_host_list(item, context)) {
      std::ranges::copy(hosts_of_list(context.venues, *list), std::back_inserter(hosts));
    }
  };
  if (node.kind != YamlNode::Kind::sequence) {
    add(node);
    return hosts;
  }
  const auto* const items = read_list(node, "hosts", context.issues);
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    add((*items)[i]);
  }
  return hosts;
}

}  // namespace

// With `websocket: true` a list stands for its hosts of messages, too, and the key is theirs alone.
void parse_hosts(const YamlNode& node,
                 const Scope& scope,
                 ParseContext& context,
                 std::vector<Scope>& scopes) {
  constexpr std::uint16_t kHttpsPort = 443;
  const auto hosts = read_hosts(node, context);
  const auto add = [&](const VenueHost& host, std::uint16_t port) {
    scopes.push_back(scope);
    scopes.back().host = {std::string(host.name), false};
    scopes.back().port = port;
    scopes.back().websocket = host.takes_messages;
  };
  for (const auto& host : hosts) {
    if (!host.takes_messages) {
      add(host, scope.port);
    }
  }
  const bool has_messages = std::ranges::any_of(hosts, &VenueHost::takes_messages);
  for (const auto& host : hosts) {
    if (!scope.websocket || !host.takes_messages) {
      continue;
    }
    add(host, kHttpsPort);
    if (host.other_port != 0) {
      add(host, host.other_port);
    }
  }
  if (scope.websocket && !has_messages && !hosts.empty()) {
    context.issues.error(node.place,
                         "no host of this list takes messages, so `websocket` has no place here",
                         "remove it");
  }
}

}  // namespace keyswap::bindings
