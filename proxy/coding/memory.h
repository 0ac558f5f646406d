// SPDX-License-Identifier: Apache-2.0
//
// The memory that a library decodes in: bounded (I10), and wiped when it is given back, because
// what was decoded may hold a secret that came back and is not scrubbed yet (I1, I8).
#pragma once

#include <atomic>
#include <cstddef>

#include "proxy/base/bounds.h"

namespace keyswap::coding {

// What all who decode have taken. Thread-safe.
class MemoryTotal {
 public:
  explicit MemoryTotal(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False: past the bound; nothing is counted then.
  [[nodiscard]] bool add(std::size_t size) {
    if (size > bytes_max_) {
      return false;
    }
    if (bytes_.fetch_add(size, std::memory_order_relaxed) <= bytes_max_ - size) {
      return true;
    }
    remove(size);
    return false;
  }

  void remove(std::size_t size) { bytes_.fetch_sub(size, std::memory_order_relaxed); }

  // Of the process.
  static MemoryTotal& of_all() {
    static MemoryTotal total(base::bounds::kDecodersBytesMax);
    return total;
  }

 private:
  std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_ = 0;
};

class Memory {
 public:
  // `bytes_max`: of all that is taken at a time. `total` outlives it.
  explicit Memory(std::size_t bytes_max, MemoryTotal& total = MemoryTotal::of_all())
      : bytes_max_(bytes_max), total_(total) {}

  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  Memory(Memory&&) = delete;
  Memory& operator=(Memory&&) = delete;
  ~Memory() = default;

  // Aligned for anything; null: past a bound.
  void* take(std::size_t size);
  void give_back(void* block);

 private:
  std::size_t bytes_max_;
  MemoryTotal& total_;
  std::size_t bytes_ = 0;
};

}  // namespace keyswap::coding
