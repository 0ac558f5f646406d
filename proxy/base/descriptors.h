// SPDX-License-Identifier: Apache-2.0
//
// File descriptors as a bounded good (I10): how many the process may have, how many it has, and
// spare ones that are held so that whoever must open a file can when all others are in use.
#pragma once

#include <cstddef>
#include <vector>

namespace keyswap::base {

// Does errno `number` say that nothing can be opened now, for want of descriptors or memory? That
// passes by itself.
bool is_exhaustion(int number);

// The soft limit (RLIMIT_NOFILE). 0: it cannot be read.
std::size_t descriptors_allowed();
// How many are open; of a process that was given high numbers by its parent, those below 4096.
std::size_t descriptors_open();

// Opens /dev/null for each of stdin, stdout and stderr that is closed, so that no file or
// connection gets their number and is then written to as if it were stderr. First thing in a
// program.
void hold_standard_descriptors();

// How many clients fit when `open` of `allowed` descriptors are in use for other things: each may
// cost bounds::kDescriptorsPerClient, and bounds::kDescriptorsReserved stay free. At least 1, at
// most bounds::kClientConnectionsMax.
std::size_t clients_that_fit(std::size_t allowed, std::size_t open);

// Holds `count` descriptors for a user on one thread.
class SpareDescriptors {
 public:
  // While it lives the spare ones are free to be used; then as many as there are again are held.
  class Lent {
   public:
    explicit Lent(SpareDescriptors& spares) : spares_(&spares) { spares.give(); }

    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    Lent(Lent&&) = delete;
    Lent& operator=(Lent&&) = delete;

    ~Lent() { spares_->hold(); }

   private:
    SpareDescriptors* spares_;
  };

  explicit SpareDescriptors(std::size_t count);
  SpareDescriptors(const SpareDescriptors&) = delete;
  SpareDescriptors& operator=(const SpareDescriptors&) = delete;
  SpareDescriptors(SpareDescriptors&& other) noexcept;
  SpareDescriptors& operator=(SpareDescriptors&&) = delete;

  ~SpareDescriptors() { give(); }

  [[nodiscard]] std::size_t held() const { return held_.size(); }

 private:
  void give();
  void hold();

  std::size_t count_;
  std::vector<int> held_;
};

}  // namespace keyswap::base
