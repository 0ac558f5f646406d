// SPDX-License-Identifier: Apache-2.0
//
// A loop's connections to upstreams: those at rest, kept for reuse by UpstreamKey, and TLS sessions
// kept for resumption by destination; both of the policy in force only. A reload forgets them. A
// request that began before it (I14) reaches its upstream by its own policy, and the connection is
// not kept afterwards.
//
// A connection is made only where none is at rest, and rests for bounds::kUpstreamIdleMs at most.
// So there are never more than were in use at once lately, and no bound for a destination is
// needed. Where the process has too many in all (Context::Upstreams::open_max), those that rest
// longest give way. TLS sessions are shared between owners: nobody logs in by TLS here, because
// keyswap shows no client certificate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "proxy/flow/destination.h"
#include "proxy/net/context.h"
#include "proxy/net/idle_pool.h"
#include "proxy/net/upstream.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

class Connector final : public UpstreamKeeper {
 public:
  explicit Connector(Context& context);

  // Of a request of `policy`; whose, is not said yet (UpstreamKey::owner).
  static UpstreamKey key_of(const Policy& policy, const flow::Destination& destination);

  // A connection at rest, or null.
  std::unique_ptr<Upstream> take(const UpstreamKey& key);
  // Keeps it for `rest_ms` at most if it may be used again; closes it otherwise.
  void give_back(std::unique_ptr<Upstream> upstream, std::int64_t rest_ms);
  // The same of one over which nothing was sent since it was taken or dialled: its server's clock
  // runs on.
  void give_back_unused(std::unique_ptr<Upstream> upstream);
  // Another one is about to be dialled.
  void make_room();

  // Whoever keeps it: may it rest, to be used again?
  [[nodiscard]] bool may_serve_again(const Upstream& upstream) const;
  // Of one at rest: says goodbye, then buries it.
  void close(std::unique_ptr<Upstream> upstream);
  // The same without a word: it is broken.
  void bury(std::unique_ptr<Upstream> upstream);

  void drop(Upstream& upstream) override;

  // To resume with; null if there is none.
  [[nodiscard]] tls::Session session_for(const UpstreamKey& key);
  void forget_session(const UpstreamKey& key);

  // All at rest; their sessions stay.
  void close_idle();
  // The policy in force is another now.
  void forget_all();

 private:
  [[nodiscard]] bool is_of_policy_in_force(const UpstreamKey& key) const;
  void keep_session(Upstream& upstream);
  void put(std::unique_ptr<Upstream> upstream, std::int64_t until_ms);
  void shed(std::size_t wanted);
  void tidy();

  Context* context_;
  IdlePool<Upstream> idle_;
  std::unordered_map<std::string, tls::Session> sessions_;  // by UpstreamKey::destination
  uv::Timer tidy_;
};

}  // namespace keyswap::net
