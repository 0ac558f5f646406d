// SPDX-License-Identifier: Apache-2.0
//
// A loop's connections to upstreams: idle ones kept for reuse, and TLS sessions kept for
// resumption, both by the whole destination identity (scheme, host, port, and the policy whose
// trust verified it).
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

  // What identifies a destination's connections; two that differ never share one (R9).
  static std::string key_of(const Context& context, const flow::Destination& destination);

  // An idle connection, or null.
  std::unique_ptr<Upstream> take(const std::string& key);
  // Keeps it if it may be used again and there is room; buries it otherwise.
  void give_back(std::unique_ptr<Upstream> upstream);
  // An idle connection closed or spoke out of turn.
  void drop(Upstream& upstream);

  // To resume with; null if there is none.
  [[nodiscard]] tls::Session session_for(const std::string& key);
  void keep_session(const std::string& key, tls::Session session);
  void forget_session(const std::string& key);

  void close_idle();

 private:
  void close_overdue();

  Context* context_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<Upstream>>> idle_;
  std::size_t idle_count_ = 0;
  std::unordered_map<std::string, tls::Session> sessions_;
  uv::Timer overdue_;
};

}  // namespace keyswap::proxy
