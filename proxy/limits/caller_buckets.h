// SPDX-License-Identifier: Apache-2.0
//
// The token buckets of one limit: one for each caller, made when it first comes. Thread-safe
// without a lock: buckets are added to a list and stay until it goes, so that whoever found one may
// keep using it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/limits/token_bucket.h"

namespace keyswap::limits {

class CallerBuckets {
 public:
  CallerBuckets() = default;
  CallerBuckets(const CallerBuckets&) = delete;
  CallerBuckets& operator=(const CallerBuckets&) = delete;
  CallerBuckets(CallerBuckets&&) = delete;
  CallerBuckets& operator=(CallerBuckets&&) = delete;
  ~CallerBuckets();

  // The caller's bucket ("": callers that did not say who they are), as long as this object lives.
  // nullptr: bounds::kCallersPerLimitMax others came before.
  TokenBucket* bucket_of(std::string_view caller);

  // Are all of them full, so that nothing is lost with them?
  [[nodiscard]] bool are_full(std::int64_t now_us) const;

 private:
  struct Node {
    std::string caller;
    TokenBucket bucket;
    Node* next = nullptr;
    std::size_t place = 0;  // from 1, counted from the list's end
  };

  static Node* find(Node* first, const Node* end, std::string_view caller);
  Node* add(std::string_view caller, Node* first);

  TokenBucket nobodys_;
  std::atomic<Node*> first_ = nullptr;
};

}  // namespace keyswap::limits
