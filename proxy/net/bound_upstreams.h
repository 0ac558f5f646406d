// SPDX-License-Identifier: Apache-2.0
//
// The connections to upstreams that belong to one client connection alone (I16), because somebody
// logged in on them: NTLM, Negotiate (proxy/flow/connection_use.h). While the client connection
// lasts its requests to that destination go over them; when one closes, the next request gets a new
// one of its own, never one of the pool; they end with the client connection. Owned by the
// connection.
#pragma once

#include <memory>
#include <vector>

#include "proxy/net/context.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

class BoundUpstreams final : public UpstreamKeeper {
 public:
  explicit BoundUpstreams(Context& context) : context_(&context) {}

  BoundUpstreams(const BoundUpstreams&) = delete;
  BoundUpstreams& operator=(const BoundUpstreams&) = delete;
  BoundUpstreams(BoundUpstreams&&) = delete;
  BoundUpstreams& operator=(BoundUpstreams&&) = delete;
  ~BoundUpstreams() override;

  // Did somebody log in there on this client connection?
  [[nodiscard]] bool has(const UpstreamKey& key) const;
  // The connection that rests, or null.
  std::unique_ptr<Upstream> take(const UpstreamKey& key);
  // From now on its destination is bound. The connection is closed if it may not be used again.
  void keep(std::unique_ptr<Upstream> upstream);

  // Closes those at rest, and forgets where somebody logged in: the policy in force is another now.
  void forget_all();

  void drop(Upstream& upstream) override;

 private:
  struct Entry {
    UpstreamKey key;
    std::unique_ptr<Upstream> upstream;  // null while it is used, or once it has closed
  };

  [[nodiscard]] std::vector<Entry>::iterator find(const UpstreamKey& key);

  Context* context_;
  std::vector<Entry> entries_;  // the oldest first; one a key
};

}  // namespace keyswap::net
