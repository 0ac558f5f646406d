// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_guard.h"

#include <algorithm>
#include <utility>

#include "proxy/flow/address_guard.h"
#include "proxy/flow/address_order.h"
#include "proxy/flow/destination_guard.h"
#include "proxy/flow/name_guard.h"

namespace keyswap::outgoing {

namespace {

using base::Errc;
using flow::AddressVerdict;

base::Error not_a_call() {
  return {Errc::invalid_input, "not a URL that a source may be called at"};
}

base::Error refused() {
  return {Errc::permission, "the address guard refuses where a source leads"};
}

base::Error leads_back() {
  return {Errc::permission, "a source leads back to this proxy"};
}

bool is_loopback_literal(const http::Authority& authority) {
  return (authority.kind == http::HostKind::ipv4 && authority.host.starts_with("127.")) ||
         (authority.kind == http::HostKind::ipv6 && authority.host == "::1");
}

bool is_plain(std::string_view url) {
  return std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// Of a name: one of a network of ours may be where the entry allows addresses of it.
bool may_be(AddressVerdict verdict, std::span<const bindings::AddressRange> allowed) {
  return verdict == AddressVerdict::allowed ||
         (verdict == AddressVerdict::not_public && !allowed.empty());
}

// What is not https goes nowhere but to this machine itself.
bool may_be_spoken(const http::AbsoluteTarget& target) {
  return target.protocol == http::AbsoluteTarget::Protocol::https ||
         is_loopback_literal(target.authority);
}

}  // namespace

base::Result<CallGuard> CallGuard::of(std::string_view url,
                                      const CallPolicy& policy,
                                      LeadsHere leads_here) {
  const auto parsed = http::parse_absolute(url);
  if (!parsed || !is_plain(url) || !may_be_spoken(*parsed)) {
    return not_a_call();
  }
  CallGuard guard(policy, std::move(leads_here));
  const bool is_https = parsed->protocol == http::AbsoluteTarget::Protocol::https;
  guard.destination_ = {is_https ? flow::Protocol::https : flow::Protocol::http, parsed->authority};
  const std::string_view rest = parsed->path_and_query;
  guard.target_ = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  if (!http::is_origin_form(guard.target_)) {
    return not_a_call();
  }
  if (const auto begun = guard.begin(); !begun) {
    return begun.error();
  }
  return guard;
}

base::Status CallGuard::begin() {
  if (const auto* const mapped = flow::mapped_to(*bindings_, destination_)) {
    was_named_by_operator_ = true;
    return dial(*mapped);
  }
  KS_TRY(judge_name());
  const bool is_here = is_loopback_literal(destination_.authority);  // no affair of a proxy
  return bindings_->upstream.proxy == nullptr || is_here ? dial(destination_.authority)
                                                         : begin_by_proxy();
}

// I12: the proxy resolves and dials, out of our sight. What can be judged here is judged here.
base::Status CallGuard::begin_by_proxy() {
  const http::Authority& authority = destination_.authority;
  is_by_proxy_ = true;
  if (authority.kind != http::HostKind::name) {
    KS_TRY(judge_addresses(std::span(&authority.host, 1)));
    return reach_proxy();
  }
  if (bindings_->upstream.proxy->guard == bindings::ProxyGuard::resolve) {
    wants_ = authority.host;
    return {};
  }
  return learn(base::Error{Errc::not_found, "the name was not looked up"});
}

base::Status CallGuard::learn(const base::Result<std::vector<std::string>>& addresses) {
  wants_.clear();
  if (is_by_proxy_ && !was_named_by_operator_) {
    return learn_for_proxy(addresses);
  }
  // Without an address there is nothing to judge, and nothing to dial.
  auto in_order = addresses ? flow::in_turns_by_family(*addresses) : std::vector<std::string>();
  if (in_order.empty()) {
    return base::Error{Errc::network, "a source's name has no address"};
  }
  KS_TRY(judge_ends(in_order));
  if (!was_named_by_operator_) {
    KS_TRY(judge_addresses(in_order));
  }
  addresses_ = std::move(in_order);
  return {};
}

base::Status CallGuard::learn_for_proxy(const base::Result<std::vector<std::string>>& addresses) {
  if (addresses) {
    KS_TRY(judge_addresses(*addresses));
  } else if (!may_be(flow::judge_spelled_addresses(destination_.authority.host), allowed_)) {
    return refused();
  }
  return reach_proxy();
}

base::Status CallGuard::reach_proxy() {
  const bindings::UpstreamProxy& proxy = *bindings_->upstream.proxy;
  const auto authority = http::parse_host(proxy.host, proxy.port);
  if (!authority) {
    return authority.error();
  }
  was_named_by_operator_ = true;
  return dial(*authority);
}

base::Status CallGuard::dial(const http::Authority& authority) {
  dialled_ = authority;
  if (authority.kind == http::HostKind::name) {
    wants_ = authority.host;
    return {};
  }
  return learn(std::vector<std::string>{authority.host});
}

base::Status CallGuard::judge_name() const {
  if (destination_.authority.kind != http::HostKind::name) {
    return {};
  }
  if (!may_be(flow::judge_name(destination_.authority.host), allowed_)) {
    return refused();
  }
  return {};
}

// I12: one address that may not be dialled spoils the answer.
base::Status CallGuard::judge_addresses(std::span<const std::string> addresses) const {
  for (const std::string& address : addresses) {
    if (flow::judge_address(address, allowed_) != AddressVerdict::allowed) {
      return refused();
    }
  }
  return {};
}

base::Status CallGuard::judge_ends(std::span<const std::string> addresses) const {
  for (const std::string& address : addresses) {
    if (leads_here_ && leads_here_({address, dialled_.port})) {
      return leads_back();
    }
  }
  return {};
}

bool CallGuard::is_https() const {
  return destination_.protocol == flow::Protocol::https;
}

std::string CallGuard::url() const {
  constexpr std::uint16_t kHttpsPort = 443;
  constexpr std::uint16_t kHttpPort = 80;
  const bool is_secure = is_https();
  return (is_secure ? "https://" : "http://") +
         http::to_string(authority(), is_secure ? kHttpsPort : kHttpPort) + target_;
}

bool CallGuard::may_dial(const uv::Endpoint& endpoint) const {
  return endpoint.port == dialled_.port &&
         std::ranges::find(addresses_, endpoint.address) != addresses_.end();
}

}  // namespace keyswap::outgoing
