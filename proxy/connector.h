// SPDX-License-Identifier: Apache-2.0
//
// A loop's connections to upstreams: idle ones kept for reuse, and TLS sessions kept for
// resumption, both by destination (scheme, host, port) and both of the policy in force only. A
// reload forgets them; a request that began before it (I14) reaches its upstream by its own policy,
// and what it brings back is not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/context.h"
#include "proxy/flow/destination.h"
#include "proxy/upstream.h"
#include "proxy/uv/timer.h"

namespace keyswap::proxy {

class Connector {
 public:
  explicit Connector(Context& context);

  // Of a request of `policy`.
  static UpstreamKey key_of(const Policy& policy, const flow::Destination& destination);

  // An idle connection, or null.
  std::unique_ptr<Upstream> take(const UpstreamKey& key);
  // Keeps it if it may be used again and there is room; buries it otherwise.
  void give_back(std::unique_ptr<Upstream> upstream);
  // An idle connection closed or spoke out of turn.
  void drop(Upstream& upstream);

  // To resume with; null if there is none.
  [[nodiscard]] tls::Session session_for(const UpstreamKey& key);
  void forget_session(const UpstreamKey& key);

  void close_idle();
  // The policy in force is another now.
  void forget_all();

 private:
  [[nodiscard]] bool is_of_policy_in_force(const UpstreamKey& key) const;
  void keep_session(Upstream& upstream);
  void close_overdue();

  Context* context_;
  // By UpstreamKey::destination.
  std::unordered_map<std::string, std::vector<std::unique_ptr<Upstream>>> idle_;
  std::size_t idle_count_ = 0;
  std::unordered_map<std::string, tls::Session> sessions_;
  uv::Timer overdue_;
};

}  // namespace keyswap::proxy
