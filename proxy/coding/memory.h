// SPDX-License-Identifier: Apache-2.0
//
// The memory that a library decodes in: bounded (I10), and wiped when it is given back, because
// what was decoded may hold a secret that came back and is not scrubbed yet (I1, I8).
#pragma once

#include <cstddef>

namespace keyswap::coding {

class Memory {
 public:
  // `bytes_max`: of all that is taken at a time.
  explicit Memory(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  Memory(Memory&&) = delete;
  Memory& operator=(Memory&&) = delete;
  ~Memory() = default;

  // Aligned for anything; null: past the bound.
  void* take(std::size_t size);
  void give_back(void* block);

 private:
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
};

}  // namespace keyswap::coding
