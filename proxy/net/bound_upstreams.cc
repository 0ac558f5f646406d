// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/bound_upstreams.h"

#include <algorithm>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/net/connector.h"

namespace keyswap::net {

BoundUpstreams::~BoundUpstreams() {
  forget_all();
}

void BoundUpstreams::forget_all() {
  for (Entry& entry : entries_) {
    if (entry.upstream) {
      context_->upstreams.connector->close(std::move(entry.upstream));
    }
  }
  entries_.clear();
}

bool BoundUpstreams::has(const UpstreamKey& key) const {
  return std::ranges::find(entries_, key, &Entry::key) != entries_.end();
}

std::unique_ptr<Upstream> BoundUpstreams::take(const UpstreamKey& key) {
  const auto entry = find(key);
  return entry == entries_.end() ? nullptr : std::move(entry->upstream);
}

void BoundUpstreams::keep(std::unique_ptr<Upstream> upstream) {
  auto entry = find(upstream->key());
  if (entry == entries_.end()) {
    if (entries_.size() == base::bounds::kBoundUpstreamsMax) {
      // I10: who is logged in at that many places at once must log in anew at the first of them.
      if (entries_.front().upstream) {
        context_->upstreams.connector->close(std::move(entries_.front().upstream));
      }
      entries_.erase(entries_.begin());
    }
    entry = entries_.insert(entries_.end(), {upstream->key(), nullptr});
  }
  upstream->rest(*this);
  if (!context_->upstreams.connector->may_serve_again(*upstream)) {
    context_->upstreams.connector->close(std::move(upstream));
    return;
  }
  KS_ASSERT(!entry->upstream);  // a client connection has one request at a time
  entry->upstream = std::move(upstream);
}

void BoundUpstreams::drop(Upstream& upstream) {
  const auto entry = find(upstream.key());
  if (entry != entries_.end() && entry->upstream.get() == &upstream) {
    context_->upstreams.connector->bury(std::move(entry->upstream));
  }
}

std::vector<BoundUpstreams::Entry>::iterator BoundUpstreams::find(const UpstreamKey& key) {
  return std::ranges::find(entries_, key, &Entry::key);
}

}  // namespace keyswap::net
