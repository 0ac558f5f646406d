// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/caller_buckets.h"

#include <memory>

#include "proxy/base/bounds.h"

namespace keyswap::limits {

CallerBuckets::~CallerBuckets() {
  const Node* node = first_.load(std::memory_order_acquire);
  while (node != nullptr) {
    const std::unique_ptr<const Node> gone(node);
    node = gone->next;
  }
}

TokenBucket* CallerBuckets::bucket_of(std::string_view caller) {
  if (caller.empty()) {
    return &nobodys_;
  }
  Node* const first = first_.load(std::memory_order_acquire);
  Node* node = find(first, nullptr, caller);
  if (node == nullptr) {
    node = add(caller, first);
  }
  return node == nullptr ? nullptr : &node->bucket;
}

bool CallerBuckets::are_full(std::int64_t now_us) const {
  if (!nobodys_.is_full(now_us)) {
    return false;
  }
  for (const Node* node = first_.load(std::memory_order_acquire); node != nullptr;
       node = node->next) {
    if (!node->bucket.is_full(now_us)) {
      return false;
    }
  }
  return true;
}

CallerBuckets::Node* CallerBuckets::find(Node* first, const Node* end, std::string_view caller) {
  for (Node* node = first; node != end; node = node->next) {
    if (node->caller == caller) {
      return node;
    }
  }
  return nullptr;
}

// Puts a bucket before `first`, the list as it was searched; if others were put there meanwhile,
// they are searched before it is tried again.
CallerBuckets::Node* CallerBuckets::add(std::string_view caller, Node* first) {
  auto fresh = std::make_unique<Node>();
  fresh->caller = caller;
  while (true) {
    fresh->next = first;
    fresh->place = first == nullptr ? 1 : first->place + 1;
    if (fresh->place > base::bounds::kCallersPerLimitMax) {
      return nullptr;
    }
    const Node* const searched = first;
    if (first_.compare_exchange_weak(
            first, fresh.get(), std::memory_order_acq_rel, std::memory_order_acquire)) {
      return fresh.release();
    }
    if (Node* const others = find(first, searched, caller)) {
      return others;
    }
  }
}

}  // namespace keyswap::limits
