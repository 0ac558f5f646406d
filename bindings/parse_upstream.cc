// SPDX-License-Identifier: Apache-2.0
//
// `upstream:`: further roots, other addresses for names, a proxy on the way.
#include <algorithm>
#include <array>

#include "bindings/host_pattern.h"
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 3> kUpstreamKeys = {"ca_file", "resolve", "proxy"};
constexpr std::array<std::string_view, 2> kProxyKeys = {"url", "guard"};
constexpr std::array<std::string_view, 2> kProxyGuards = {"resolve", "names"};  // ProxyGuard

void parse_ca_file(const YamlNode& node, ParseContext& context, UpstreamSettings& upstream) {
  if (const auto text = read_text(node, "ca_file", context.issues)) {
    upstream.ca_files.push_back(absolute_path(context, *text));
    upstream.ca_file_places.emplace_back(node.place.line, node.place.column);
  }
}

void parse_ca_files(const YamlNode& node, ParseContext& context, UpstreamSettings& upstream) {
  if (node.kind != YamlNode::Kind::sequence) {
    parse_ca_file(node, context, upstream);
    return;
  }
  const auto* const list = read_list(node, "ca_file", context.issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    parse_ca_file((*list)[i], context, upstream);
  }
}

void parse_resolve(const YamlNode& node, ParseContext& context, UpstreamSettings& upstream) {
  auto& issues = context.issues;
  if (node.kind != YamlNode::Kind::mapping) {
    issues.error(node.place,
                 "`resolve` must be a mapping",
                 R"(as in { "api.example.test:443": "127.0.0.1:9443" })");
    return;
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto from = parse_international_authority(node.keys[i].text);
    const auto to = parse_international_authority(node.items[i].text);
    if (!from) {
      issues.error(node.keys[i].place, "a key of `resolve` must be \"HOST:PORT\"");
    }
    if (!to) {
      issues.error(node.items[i].place,
                   "a value of `resolve` must be \"ADDRESS:PORT\" or \"HOST:PORT\"");
    }
    if (from && to && !upstream.resolve.emplace(http::to_string(*from), *to).second) {
      issues.error(node.keys[i].place, "this host and port is in `resolve` twice");
    }
  }
}

void parse_proxy_url(const YamlNode& node, ParseContext& context, UpstreamProxy& proxy) {
  auto& issues = context.issues;
  const auto text = read_text(node, "proxy", issues);
  if (!text) {
    return;
  }
  const auto url = http::parse_absolute(*text);
  const bool has_path = url && !url->path_and_query.empty() && url->path_and_query != "/";
  if (!url || url->protocol != http::AbsoluteTarget::Protocol::http || has_path) {
    issues.error(node.place,
                 "`proxy` must be \"http://HOST:PORT\"",
                 "without user name, path or https: the upstream's TLS goes through it untouched");
    return;
  }
  proxy.host = url->authority.host;
  proxy.port = url->authority.port;
}

void parse_proxy(const YamlNode& node, ParseContext& context, UpstreamSettings& upstream) {
  upstream.proxy = std::make_unique<UpstreamProxy>();
  if (node.kind != YamlNode::Kind::mapping) {
    parse_proxy_url(node, context, *upstream.proxy);
    return;
  }
  const YamlSection section(node, "proxy", kProxyKeys, context.issues);
  if (const auto* const url = section.require("url", context.issues)) {
    parse_proxy_url(*url, context, *upstream.proxy);
  }
  if (const auto* const guard = section.find("guard")) {
    const auto chosen = read_choice(*guard, "guard", kProxyGuards, context.issues);
    upstream.proxy->guard = chosen == 1U ? ProxyGuard::names : ProxyGuard::resolve;
  }
}

}  // namespace

void parse_upstream(const YamlNode& node, ParseContext& context, UpstreamSettings& upstream) {
  const YamlSection section(node, "upstream", kUpstreamKeys, context.issues);
  if (const auto* const files = section.find("ca_file")) {
    parse_ca_files(*files, context, upstream);
  }
  if (const auto* const resolve = section.find("resolve")) {
    parse_resolve(*resolve, context, upstream);
  }
  if (const auto* const proxy = section.find("proxy")) {
    parse_proxy(*proxy, context, upstream);
  }
}

}  // namespace keyswap::bindings
