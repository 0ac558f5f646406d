// SPDX-License-Identifier: Apache-2.0
//
// What one event loop counts of its records, for the metrics (proxy/services/metrics.h): plain
// numbers that the loop's thread alone writes and any thread may read. No name of a host or a
// secret is in them, so that there are always as many.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "audit/record.h"

namespace keyswap::services {

// Written by one thread: so an addition is a load and a store, and no locked instruction.
class Counter {
 public:
  void add(std::uint64_t amount) { value_.store(read() + amount, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

class Counts {
 public:
  static constexpr std::size_t kDecisions = 4;
  static constexpr std::size_t kReasons = 128;  // more than there are
  static constexpr std::size_t kClasses = 10;   // of statuses, by their first digit; 0: no answer
  // Upper ends in milliseconds; what took longer is in one bucket more.
  static constexpr std::array<std::int64_t, 11> kBucketsMs = {
      5, 10, 25, 50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000};

  void add(const audit::DecisionRecord& record) {
    const auto decision = static_cast<std::size_t>(record.decision) % kDecisions;
    const auto reason = static_cast<std::size_t>(record.reason) % kReasons;
    decisions_[decision][reason].add(record.count);
    records_.add(1);
  }

  void add(const audit::ResponseRecord& record) {
    constexpr int kPerClass = 100;
    constexpr std::int64_t kUsPerMs = 1000;
    const int its_class = record.status / kPerClass;
    responses_[static_cast<std::size_t>(its_class) % kClasses].add(1);
    bytes_.add(record.bytes);
    const std::int64_t took_us = record.duration_us < 0 ? 0 : record.duration_us;
    std::size_t bucket = 0;
    while (bucket < kBucketsMs.size() && took_us > kBucketsMs[bucket] * kUsPerMs) {
      ++bucket;
    }
    buckets_[bucket].add(1);
    took_us_.add(static_cast<std::uint64_t>(took_us));
    records_.add(1);
  }

  // Any other.
  void add_record() { records_.add(1); }

  [[nodiscard]] std::uint64_t decided(std::size_t decision, std::size_t reason) const {
    return decisions_[decision][reason].read();
  }

  [[nodiscard]] std::uint64_t answered(std::size_t its_class) const {
    return responses_[its_class].read();
  }

  [[nodiscard]] std::uint64_t in_bucket(std::size_t bucket) const {
    return buckets_[bucket].read();
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_.read(); }

  [[nodiscard]] std::uint64_t took_us() const { return took_us_.read(); }

  [[nodiscard]] std::uint64_t records() const { return records_.read(); }

 private:
  std::array<std::array<Counter, kReasons>, kDecisions> decisions_;
  std::array<Counter, kClasses> responses_;
  std::array<Counter, kBucketsMs.size() + 1> buckets_;
  Counter bytes_;
  Counter took_us_;
  Counter records_;
};

}  // namespace keyswap::services
