// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_slots.h"

#include <algorithm>
#include <map>

#include "proxy/base/bounds.h"

namespace keyswap::outgoing {

namespace bounds = base::bounds;

void CallSlots::add(std::uint64_t ticket, std::string_view source) {
  asking_.push_back({ticket, std::string(source), false});
}

void CallSlots::remove(std::uint64_t ticket) {
  std::erase_if(asking_, [ticket](const Asking& one) { return one.ticket == ticket; });
}

// One pass, however many wait.
std::vector<std::uint64_t> CallSlots::take() {
  std::map<std::string_view, std::size_t> slots;  // that a source has
  std::size_t in_use = 0;
  for (const Asking& one : asking_) {
    slots[one.source] += one.has_slot ? 1 : 0;
    in_use += one.has_slot ? 1 : 0;
  }
  auto firsts = static_cast<std::size_t>(
      std::ranges::count_if(slots, [](const auto& source) { return source.second == 0; }));
  std::vector<std::uint64_t> taken;
  for (Asking& one : asking_) {
    if (in_use == bounds::kCallsAtOnceMax) {
      break;
    }
    std::size_t& own = slots[one.source];
    const std::size_t kept_free = own == 0 ? 0 : firsts;
    if (one.has_slot || own == bounds::kCallsPerSourceMax ||
        in_use + kept_free >= bounds::kCallsAtOnceMax) {
      continue;
    }
    firsts -= own == 0 ? 1 : 0;
    ++own;
    ++in_use;
    one.has_slot = true;
    taken.push_back(one.ticket);
  }
  return taken;
}

}  // namespace keyswap::outgoing
