// SPDX-License-Identifier: Apache-2.0
//
// Time is handed in: nothing below proxy/net/server.cc asks the system for it, so that a test can
// say what time it is. SystemClock is the only real one.
#pragma once

#include <chrono>
#include <cstdint>

namespace keyswap::base {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  Clock(Clock&&) = delete;
  Clock& operator=(Clock&&) = delete;
  virtual ~Clock() = default;

  // Microseconds since 1970-01-01 UTC; may jump. For records and certificates.
  [[nodiscard]] virtual std::int64_t wall_us() const = 0;

  // Microseconds from some start; never goes back. For durations and deadlines.
  [[nodiscard]] virtual std::int64_t steady_us() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  [[nodiscard]] std::int64_t steady_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace keyswap::base
