// SPDX-License-Identifier: Apache-2.0
//
// What somebody can repeat as often as he likes, counted, so that he does not fill the disk with
// records of it (I10): of each kind a few have a record at once, then all of
// bounds::kRepeatsWindowMs share one, which is the last of them with their number. Pure: time,
// records and locks are its owner's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"

namespace keyswap::net {

// `Kind`: has an order. `Item`: has a `count`, how many it stands for.
template <typename Kind, typename Item>
class Repeats {
 public:
  explicit Repeats(std::size_t kinds_max) : kinds_max_(kinds_max) {}

  // May it be told apart? If not, all that may not share Kind{}.
  [[nodiscard]] bool has_room_for(const Kind& kind, std::int64_t steady_us) {
    if (entries_.size() >= kinds_max_ && !entries_.contains(kind)) {
      forget_idle(steady_us);
    }
    return entries_.size() < kinds_max_ || entries_.contains(kind);
  }

  // True: it is to be recorded by itself. Of its kind `at_once` may be so in a row, and one more
  // for each window that goes by. False: it was counted.
  [[nodiscard]] bool add(Kind kind, const Item& item, std::size_t at_once, std::int64_t steady_us) {
    Entry& entry = entries_[std::move(kind)];
    const std::int64_t paid_us = std::max(entry.paid_until_us, steady_us) + kWindowUs;
    const auto credit_us = static_cast<std::int64_t>(at_once) * kWindowUs;
    if (entry.count == 0 && paid_us - steady_us <= credit_us) {
      entry.paid_until_us = paid_us;
      return true;
    }
    if (entry.count == 0) {
      entry.due_us = steady_us + kWindowUs;
    }
    ++entry.count;
    entry.last = item;
    return false;
  }

  // What was counted, once a window of each kind. A kind of which nothing comes is forgotten.
  std::vector<Item> take_due(std::int64_t steady_us) {
    std::vector<Item> due;
    for (auto& [kind, entry] : entries_) {
      if (entry.count > 0 && entry.due_us <= steady_us) {
        due.push_back(std::exchange(entry.last, {}));
        due.back().count = std::exchange(entry.count, 0);
        entry.paid_until_us = std::max(entry.paid_until_us, steady_us) + kWindowUs;
      }
    }
    forget_idle(steady_us);
    return due;
  }

  // The same, however lately it was taken: at the end.
  std::vector<Item> take_all() {
    return take_due(std::numeric_limits<std::int64_t>::max() - kWindowUs);
  }

  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  static constexpr std::int64_t kWindowUs = base::bounds::kRepeatsWindowMs * 1000;

  struct Entry {
    std::int64_t paid_until_us = 0;  // each record costs a window of it
    std::int64_t due_us = 0;
    std::uint64_t count = 0;
    Item last;
  };

  void forget_idle(std::int64_t steady_us) {
    std::erase_if(entries_, [steady_us](const auto& entry) {
      return entry.second.count == 0 && entry.second.paid_until_us <= steady_us;
    });
  }

  std::size_t kinds_max_;
  std::map<Kind, Entry> entries_;
};

}  // namespace keyswap::net
