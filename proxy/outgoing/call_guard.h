// SPDX-License-Identifier: Apache-2.0
//
// Where a call of ours may go. The same guards as for upstreams hold
// (proxy/flow/destination_guard.h, I12), with the addresses that the source's own entry allows: a
// name is judged, then every address that it has, and one that is refused spoils the call. Only
// what was judged is dialled. A call does not come back to this proxy, it is https, and http to a
// loopback address alone.
//
// Pure: it says which name it has to know the addresses of, and is told them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/binding.h"
#include "proxy/base/result.h"
#include "proxy/flow/destination.h"
#include "proxy/http/target.h"
#include "proxy/tls/context.h"
#include "proxy/uv/tcp.h"

namespace keyswap::outgoing {

// What a call goes by: of the policy in force (I14), and of the source's entry in it.
struct CallPolicy {
  std::vector<bindings::AddressRange> allowed;
  std::shared_ptr<const bindings::Bindings> bindings;
  std::shared_ptr<const tls::ClientContext> tls;
};

// Would a connection to it come out at a listener of ours?
using LeadsHere = std::function<bool(const uv::Endpoint& endpoint)>;

class CallGuard {
 public:
  // invalid_input: not a URL of such a call; permission: refused by its name or its address. `url`
  // need not outlive the call; `leads_here` may be empty: nobody listens.
  static base::Result<CallGuard> of(std::string_view url,
                                    const CallPolicy& policy,
                                    LeadsHere leads_here);

  // The host whose addresses have to be known next, a name; "" once all are.
  [[nodiscard]] const std::string& wants() const { return wants_; }

  // What a resolver said of it (uv::Lookup). permission; network (not_found, timed_out) when there
  // is no answer and without it nothing can be judged or dialled.
  base::Status learn(const base::Result<std::vector<std::string>>& addresses);

  // --- once nothing is wanted any more ---

  [[nodiscard]] bool is_https() const;

  // The one that is verified, and named in the request.
  [[nodiscard]] const http::Authority& authority() const { return destination_.authority; }

  // Path and query, "/" at least.
  [[nodiscard]] const std::string& target() const { return target_; }

  // The URL in normal form.
  [[nodiscard]] std::string url() const;

  // Where the connection goes: the authority itself, where `upstream.resolve` leads it, or
  // `upstream.proxy`.
  [[nodiscard]] const http::Authority& dialled() const { return dialled_; }

  [[nodiscard]] bool is_by_proxy() const { return is_by_proxy_; }

  // Its addresses, all of them judged; in the order to be tried.
  [[nodiscard]] std::span<const std::string> addresses() const { return addresses_; }

  // Was exactly this one judged, whatever a library found out by itself meanwhile?
  [[nodiscard]] bool may_dial(const uv::Endpoint& endpoint) const;

 private:
  CallGuard(const CallPolicy& policy, LeadsHere leads_here)
      : bindings_(policy.bindings), allowed_(policy.allowed), leads_here_(std::move(leads_here)) {}

  base::Status begin();
  base::Status begin_by_proxy();
  base::Status dial(const http::Authority& authority);
  base::Status reach_proxy();
  // Of the name that goes to the proxy: judged, not dialled.
  base::Status learn_for_proxy(const base::Result<std::vector<std::string>>& addresses);
  [[nodiscard]] base::Status judge_name() const;
  [[nodiscard]] base::Status judge_addresses(std::span<const std::string> addresses) const;
  [[nodiscard]] base::Status judge_ends(std::span<const std::string> addresses) const;

  std::shared_ptr<const bindings::Bindings> bindings_;
  std::vector<bindings::AddressRange> allowed_;
  LeadsHere leads_here_;
  flow::Destination destination_;
  std::string target_;
  http::Authority dialled_;
  std::vector<std::string> addresses_;
  std::string wants_;
  bool is_by_proxy_ = false;
  bool was_named_by_operator_ = false;  // `dialled_` stands in the bindings' file, unjudged
};

}  // namespace keyswap::outgoing
