// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_slots.h"

#include <algorithm>
#include <set>

#include "proxy/base/bounds.h"

namespace keyswap::outgoing {

namespace bounds = base::bounds;

void CallSlots::add(std::uint64_t ticket, std::string_view source) {
  asking_.push_back({ticket, std::string(source), false});
}

void CallSlots::remove(std::uint64_t ticket) {
  std::erase_if(asking_, [ticket](const Asking& one) { return one.ticket == ticket; });
}

std::vector<std::uint64_t> CallSlots::take() {
  std::vector<std::uint64_t> taken;
  for (Asking& one : asking_) {
    if (!one.has_slot && may_begin(one)) {
      one.has_slot = true;
      taken.push_back(one.ticket);
    }
  }
  return taken;
}

bool CallSlots::may_begin(const Asking& one) const {
  const std::size_t own = slots_of(one.source);
  const std::size_t kept_free = own == 0 ? 0 : others_waiting(one.source);
  return own < bounds::kCallsPerSourceMax && slots_in_use() + kept_free < bounds::kCallsAtOnceMax;
}

std::size_t CallSlots::slots_of(std::string_view source) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      asking_, [source](const Asking& one) { return one.has_slot && one.source == source; }));
}

std::size_t CallSlots::slots_in_use() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(asking_, [](const Asking& one) { return one.has_slot; }));
}

std::size_t CallSlots::others_waiting(std::string_view source) const {
  std::set<std::string_view> waiting;
  for (const Asking& one : asking_) {
    if (!one.has_slot && one.source != source && slots_of(one.source) == 0) {
      waiting.insert(one.source);
    }
  }
  return waiting.size();
}

}  // namespace keyswap::outgoing
