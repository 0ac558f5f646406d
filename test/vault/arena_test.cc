// SPDX-License-Identifier: Apache-2.0
#include "vault/arena.h"

#include <sys/wait.h>

#include "test/vault/sample.h"

namespace keyswap::vault {

TEST_CASE("Blocks are aligned to their cache line and taken from the smallest hole") {
  REQUIRE(lock_memory());
  char* first = arena::allocate(64);
  char* second = arena::allocate(65);
  char* third = arena::allocate(1);
  REQUIRE(first != nullptr);
  REQUIRE(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
  REQUIRE(second - first == 128);
  REQUIRE(third - first == 64);  // the buddy of the first, not a new piece of the large rest
  arena::release(second, 65);
  arena::release(first, 64);
  arena::release(third, 1);
}

TEST_CASE("Nothing and too much are not given") {
  REQUIRE(lock_memory());
  REQUIRE(arena::allocate(0) == nullptr);
  REQUIRE(arena::allocate(static_cast<std::size_t>(-1)) == nullptr);
}

TEST_CASE("Locking twice is locking once") {
  REQUIRE(arena::lock(base::bounds::kLockedArenaBytesMin));
  const std::size_t free_before = arena::free_bytes();
  REQUIRE(arena::lock(base::bounds::kLockedArenaBytesMin));
  REQUIRE(arena::free_bytes() == free_before);
}

TEST_CASE("Releasing a block twice, or with another size, stops the program") {
  REQUIRE(lock_memory());
  const bool is_twice = GENERATE(true, false);
  REQUIRE_FALSE(sample::in_child([is_twice] {
    static_cast<void>(std::freopen("/dev/null", "w", stderr));
    if (!lock_memory()) {
      return true;
    }
    char* block = arena::allocate(100);
    arena::release(block, is_twice ? 100 : 1000);
    arena::release(block, 100);
    return true;
  }));
}

}  // namespace keyswap::vault
