// SPDX-License-Identifier: Apache-2.0
//
// Which source may make its next call: bounds::kCallsAtOnceMax at once, bounds::kCallsPerSourceMax
// of them of one source, and its second only while a slot stays free for each other source that
// waits for its first. So no source, however slow, holds up another. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::outgoing {

class CallSlots {
 public:
  // It waits from now on, behind those that do. No two have the same ticket.
  void add(std::uint64_t ticket, std::string_view source);
  // It is over, or given up, whether it waits still or not; another one is nothing.
  void remove(std::uint64_t ticket);

  // Those whose turn it is, each once; they have their slots until they are removed.
  [[nodiscard]] std::vector<std::uint64_t> take();

 private:
  struct Asking {
    std::uint64_t ticket = 0;
    std::string source;
    bool has_slot = false;
  };

  std::vector<Asking> asking_;  // in the order of their coming
};

}  // namespace keyswap::outgoing
