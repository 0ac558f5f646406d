// SPDX-License-Identifier: Apache-2.0
//
// What one event loop counts of its records, for the metrics (proxy/services/metrics.h): plain
// numbers that the loop's thread alone writes and any thread may read. No name of a host or a
// secret is in them, so that there are always as many.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "audit/record.h"
#include "proxy/base/counting.h"

namespace keyswap::services {

class Counts {
 public:
  static constexpr std::size_t kDecisions = 4;
  static constexpr std::size_t kReasons = 128;  // more than there are
  static constexpr std::size_t kClasses = 10;   // of statuses, by their first digit; 0: no answer
  static constexpr std::array<std::int64_t, 11> kExchangeEndsUs = {5'000,
                                                                   10'000,
                                                                   25'000,
                                                                   50'000,
                                                                   100'000,
                                                                   250'000,
                                                                   500'000,
                                                                   1'000'000,
                                                                   2'500'000,
                                                                   5'000'000,
                                                                   10'000'000};

  void add(const audit::DecisionRecord& record) {
    const auto decision = static_cast<std::size_t>(record.decision) % kDecisions;
    const auto reason = static_cast<std::size_t>(record.reason) % kReasons;
    decisions_[decision][reason].add(record.count);
    records_.add(1);
  }

  void add(const audit::ResponseRecord& record) {
    constexpr int kPerClass = 100;
    const int its_class = record.status / kPerClass;
    responses_[static_cast<std::size_t>(its_class) % kClasses].add(1);
    bytes_.add(record.bytes);
    exchanges_.add(record.duration_us);
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

  [[nodiscard]] const base::Durations<kExchangeEndsUs>& exchanges() const { return exchanges_; }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_.read(); }

  [[nodiscard]] std::uint64_t records() const { return records_.read(); }

 private:
  std::array<std::array<base::Counter, kReasons>, kDecisions> decisions_;
  std::array<base::Counter, kClasses> responses_;
  base::Durations<kExchangeEndsUs> exchanges_;
  base::Counter bytes_;
  base::Counter records_;
};

}  // namespace keyswap::services
