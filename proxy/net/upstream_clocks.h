// SPDX-License-Identifier: Apache-2.0
//
// What upstreams' clocks are like, by the Date of their answers: how far each is from this
// machine's, what there is to tell of that, and what is to be added to this machine's time where a
// venue takes only its own. Of verified TLS alone, and each upstream's word counts for itself alone
// (I3). Bounded in number and in time (I10). One for the process; thread-safe. Time is handed in.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/record.h"
#include "proxy/base/clock.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

// This machine's two clocks at one moment, in microseconds.
struct Moments {
  std::int64_t wall_us = 0;
  std::int64_t steady_us = 0;
};

Moments moments_of(const base::Clock& clock);

// What one answer tells. Its Date was made at some time between `sent_us` and `received`, and says
// no more than the second.
struct ClockSight {
  std::int64_t date_s = 0;   // since 1970
  std::int64_t sent_us = 0;  // its request's head; steady clock
  Moments received;          // the answer's head
};

class UpstreamClocks {
 public:
  // What there is to tell of a clock.
  struct Note {
    audit::ClockEvent event = audit::ClockEvent::differs;
    std::int64_t offset_us = 0;
    std::int64_t error_us = 0;
  };

  // Takes what was seen of the upstream `key` (its owner does not matter). Where as many are known
  // as may be, the one goes that agrees with this machine's and was not seen for longest; if none
  // agrees, the new one is not known. A sight that cannot be true together with the one before it
  // puts the upstream in doubt, until the next agrees with it. Gives what is to be told now: when
  // what it is like changed, or it moved on by as much as is noticed, and of one upstream once in
  // bounds::kTellAgainMs.
  std::optional<Note> note(const UpstreamKey& key, const ClockSight& sight);

  // What to add to this machine's time for what the upstream `key` is to take for its own. 0: this
  // machine's time. That is so unless it is known by the policy of `key`, fresh and not in doubt,
  // that it differs by more than may be wrong of it, and by no more than bounds::kClockFollowedMs.
  // In whole milliseconds, and rather too early than too late.
  [[nodiscard]] std::int64_t shift_us(const UpstreamKey& key, const Moments& now) const;

  // Is there any for which shift_us may be other than 0? No lock is taken.
  [[nodiscard]] bool may_shift() const { return off_.load(std::memory_order_relaxed) > 0; }

  // Of how many it is known, fresh and not in doubt, that they differ by more than
  // bounds::kClockNoticedMs; and of which, in no order.
  [[nodiscard]] std::size_t count_apart(const Moments& now) const;

  struct Apart {
    std::string destination;     // UpstreamKey::destination
    std::int64_t offset_us = 0;  // its time less this machine's
  };

  [[nodiscard]] std::vector<Apart> apart(const Moments& now) const;

 private:
  struct Known {
    std::uint64_t policy = 0;    // UpstreamKey::policy
    std::int64_t offset_us = 0;  // its time less this machine's
    std::int64_t error_us = 0;   // by so much that may be wrong
    Moments seen;
    audit::ClockEvent told = audit::ClockEvent::agrees;
    std::int64_t told_us = 0;  // steady clock; 0: nothing was told
    std::int64_t told_offset_us = 0;
    bool is_off = false;      // it counts in off_
    bool is_doubted = false;  // what was seen last contradicts what was seen before

    [[nodiscard]] std::int64_t offset_at(const Moments& now) const;
    [[nodiscard]] bool agrees(const Moments& now) const;
    [[nodiscard]] bool is_apart(const Moments& now) const;
  };

  Known* find_or_add(const UpstreamKey& key, const Moments& now);
  void take(const ClockSight& sight, std::int64_t offset_us, std::int64_t error_us, Known& known);
  void make_room(const Moments& now);
  void set_off(bool is_off, Known& known);

  std::atomic<std::size_t> off_ = 0;  // clocks that differ by more than may be wrong
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;  // by UpstreamKey::destination; guarded by mutex_
};

}  // namespace keyswap::net
