// SPDX-License-Identifier: Apache-2.0
#include "proxy/coding/memory.h"

#include <cstdint>
#include <limits>

#include <catch2/catch.hpp>

namespace keyswap::coding {

TEST_CASE("no more is given at a time than the bound, and what comes back counts no more",
          "[I10]") {
  Memory memory(1000);
  CHECK(memory.take(1001) == nullptr);
  CHECK(memory.take(std::numeric_limits<std::size_t>::max()) == nullptr);
  void* const half = memory.take(500);
  REQUIRE(half != nullptr);
  CHECK(reinterpret_cast<std::uintptr_t>(half) % alignof(std::max_align_t) == 0);
  CHECK(memory.take(500) == nullptr);
  memory.give_back(half);
  void* const other = memory.take(900);
  CHECK(other != nullptr);
  memory.give_back(other);
  memory.give_back(nullptr);
}

TEST_CASE("all who decode share one bound, and what comes back counts no more", "[I10]") {
  MemoryTotal total(1000);
  Memory one(900, total);
  Memory other(900, total);
  void* const of_one = one.take(600);
  REQUIRE(of_one != nullptr);
  CHECK(other.take(600) == nullptr);
  one.give_back(of_one);
  void* const of_other = other.take(600);
  CHECK(of_other != nullptr);
  other.give_back(of_other);
  CHECK(total.add(1000));
  CHECK_FALSE(total.add(std::numeric_limits<std::size_t>::max()));
}

}  // namespace keyswap::coding
