// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/upstream_clocks.h"

#include <algorithm>
#include <cstdlib>

#include "proxy/base/bounds.h"

namespace keyswap::net {

namespace {

using audit::ClockEvent;

constexpr std::int64_t kUsInMs = 1'000;
constexpr std::int64_t kDateUs = 1'000'000;  // what a Date does not say

ClockEvent event_of(std::int64_t offset_us) {
  const std::int64_t size_us = std::abs(offset_us);
  if (size_us > base::bounds::kClockFollowedMs * kUsInMs) {
    return ClockEvent::too_far;
  }
  return size_us > base::bounds::kClockNoticedMs * kUsInMs ? ClockEvent::differs
                                                           : ClockEvent::agrees;
}

// By so much this machine's clock moved against the one that does not jump.
std::int64_t moved_us(const Moments& then, const Moments& now) {
  return (now.wall_us - now.steady_us) - (then.wall_us - then.steady_us);
}

bool was_set(const Moments& then, const Moments& now) {
  return std::abs(moved_us(then, now)) > base::bounds::kClockSetMs * kUsInMs;
}

bool is_fresh(const Moments& seen, const Moments& now) {
  return now.steady_us - seen.steady_us <= base::bounds::kClockKnownMs * kUsInMs &&
         !was_set(seen, now);
}

// Whole milliseconds, towards the past.
std::int64_t down_to_ms(std::int64_t us) {
  const std::int64_t rest_us = us % kUsInMs;
  return us - rest_us - (rest_us < 0 ? kUsInMs : 0);
}

}  // namespace

Moments moments_of(const base::Clock& clock) {
  return {clock.wall_us(), clock.steady_us()};
}

std::optional<UpstreamClocks::Note> UpstreamClocks::note(const UpstreamKey& key,
                                                         const ClockSight& sight) {
  const Moments& now = sight.received;
  const std::int64_t trip_us = now.steady_us - sight.sent_us;
  if (trip_us < 0 || trip_us > base::bounds::kClockTripMs * kUsInMs) {
    return std::nullopt;
  }
  const std::int64_t offset_us = sight.date_s * kDateUs - (now.wall_us - trip_us / 2);
  const std::int64_t error_us = kDateUs + trip_us / 2;
  const ClockEvent event = event_of(offset_us);
  const std::lock_guard lock(mutex_);
  Known* const known = find_or_add(key, now);
  if (known == nullptr) {
    return std::nullopt;  // I10
  }
  take(sight, offset_us, error_us, *known);
  const bool has_moved =
      event != ClockEvent::agrees &&
      std::abs(offset_us - known->told_offset_us) > base::bounds::kClockNoticedMs * kUsInMs;
  const bool is_late =
      known->told_us == 0 || now.steady_us - known->told_us >= base::bounds::kTellAgainMs * kUsInMs;
  if ((event == known->told && !has_moved) || !is_late) {
    return std::nullopt;
  }
  known->told = event;
  known->told_us = now.steady_us;
  known->told_offset_us = offset_us;
  return Note{event, offset_us, error_us};
}

// Null: too many are known already, or this is of a policy that is over.
UpstreamClocks::Known* UpstreamClocks::find_or_add(const UpstreamKey& key, const Moments& now) {
  auto found = known_.find(key.destination);
  if (found == known_.end()) {
    if (known_.size() >= base::bounds::kClocksMax) {
      make_room(now);
    }
    if (known_.size() >= base::bounds::kClocksMax) {
      return nullptr;
    }
    found = known_.emplace(key.destination, Known{}).first;
    found->second.policy = key.policy;
    return &found->second;
  }
  Known& known = found->second;
  if (key.policy < known.policy) {
    return nullptr;
  }
  if (key.policy > known.policy) {
    // I14: it may lead elsewhere now. What was told was told.
    known.policy = key.policy;
    known.seen = {};
    known.error_us = 0;
    known.is_doubted = false;
  }
  return &known;
}

void UpstreamClocks::take(const ClockSight& sight,
                          std::int64_t offset_us,
                          std::int64_t error_us,
                          Known& known) {
  const Moments& now = sight.received;
  const bool is_news = known.error_us == 0 || was_set(known.seen, now);
  const bool is_due = now.steady_us - known.seen.steady_us > base::bounds::kClockBetterMs * kUsInMs;
  // Both cannot be true of one clock: it was set, or there are several behind that name. Which of
  // them is asked next nobody knows, so none is followed until two sights in a row agree.
  const bool contradicts = !is_news && is_fresh(known.seen, now) &&
                           std::abs(offset_us - known.offset_at(now)) > error_us + known.error_us;
  known.is_doubted = contradicts;
  if (is_news || is_due || contradicts || error_us <= known.error_us) {
    known.offset_us = offset_us;
    known.error_us = error_us;
    known.seen = now;
  }
  set_off(!contradicts && std::abs(known.offset_us) > known.error_us, known);
}

std::int64_t UpstreamClocks::shift_us(const UpstreamKey& key, const Moments& now) const {
  if (!may_shift()) {
    return 0;
  }
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key.destination);
  if (found == known_.end() || found->second.policy != key.policy || found->second.is_doubted ||
      !is_fresh(found->second.seen, now)) {
    return 0;
  }
  const Known& known = found->second;
  const std::int64_t shift_us = known.offset_at(now);
  const std::int64_t size_us = std::abs(shift_us);
  return size_us <= known.error_us || size_us > base::bounds::kClockFollowedMs * kUsInMs
             ? 0
             : down_to_ms(shift_us);
}

std::size_t UpstreamClocks::count_apart(const Moments& now) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(known_, [&](const auto& entry) { return entry.second.is_apart(now); }));
}

std::vector<UpstreamClocks::Apart> UpstreamClocks::apart(const Moments& now) const {
  std::vector<Apart> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [destination, known] : known_) {
    if (known.is_apart(now)) {
      all.push_back({destination, known.offset_at(now)});
    }
  }
  return all;
}

// What counts no more goes first, then of those that nobody misses the one that was not seen for
// longest.
void UpstreamClocks::make_room(const Moments& now) {
  auto oldest = known_.end();
  for (auto entry = known_.begin(); entry != known_.end();) {
    if (!is_fresh(entry->second.seen, now)) {
      set_off(false, entry->second);
      entry = known_.erase(entry);
      continue;
    }
    if (entry->second.agrees(now) &&
        (oldest == known_.end() || entry->second.seen.steady_us < oldest->second.seen.steady_us)) {
      oldest = entry;
    }
    ++entry;
  }
  if (known_.size() >= base::bounds::kClocksMax && oldest != known_.end()) {
    known_.erase(oldest);
  }
}

std::int64_t UpstreamClocks::Known::offset_at(const Moments& now) const {
  return offset_us - moved_us(seen, now);
}

bool UpstreamClocks::Known::is_apart(const Moments& now) const {
  return !is_doubted && is_fresh(seen, now) && event_of(offset_us) != ClockEvent::agrees;
}

// Is this as good as not known? Nothing is shifted for it, and what it was told of is long over.
bool UpstreamClocks::Known::agrees(const Moments& now) const {
  return !is_off && !is_doubted && told == ClockEvent::agrees &&
         (told_us == 0 || now.steady_us - told_us >= base::bounds::kTellAgainMs * kUsInMs);
}

void UpstreamClocks::set_off(bool is_off, Known& known) {
  if (is_off && !known.is_off) {
    ++off_;
  } else if (!is_off && known.is_off) {
    --off_;
  }
  known.is_off = is_off;
}

}  // namespace keyswap::net
