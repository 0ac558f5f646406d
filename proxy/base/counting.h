// SPDX-License-Identifier: Apache-2.0
//
// Plain numbers for the metrics: one thread writes each, any may read it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace keyswap::base {

// Written by one thread: so an addition is a load and a store, and no locked instruction.
class Counter {
 public:
  void add(std::uint64_t amount) { value_.store(read() + amount, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// What was counted of durations, at one moment.
struct DurationFigures {
  std::span<const std::int64_t> ends_us;  // up to which the buckets go
  std::vector<std::uint64_t> buckets;     // one more than there are ends: what took longer
  std::uint64_t took_us = 0;              // all together
};

// How many took how long; `kEndsUs`: the upper ends of the buckets, ascending.
template <const auto& kEndsUs>
class Durations {
 public:
  void add(std::int64_t took_us) {
    const std::int64_t took = took_us < 0 ? 0 : took_us;
    std::size_t bucket = 0;
    while (bucket < kEndsUs.size() && took > kEndsUs[bucket]) {
      ++bucket;
    }
    buckets_[bucket].add(1);
    took_us_.add(static_cast<std::uint64_t>(took));
  }

  // Adds these to those of others with the same ends, or to none yet.
  void add_to(DurationFigures& figures) const {
    figures.ends_us = kEndsUs;
    figures.buckets.resize(buckets_.size());
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      figures.buckets[i] += buckets_[i].read();
    }
    figures.took_us += took_us_.read();
  }

 private:
  std::array<Counter, kEndsUs.size() + 1> buckets_;
  Counter took_us_;
};

}  // namespace keyswap::base
