// SPDX-License-Identifier: Apache-2.0
#include "vault/holdings.h"

#include <list>
#include <thread>

#include "proxy/base/bounds.h"
#include "test/vault/sample.h"
#include "vault/arena.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;
using sample::secret_of;

constexpr std::size_t kBlock = 1024;

Secret block_of(int number) {
  return secret_of(std::string(kBlock - 8, 'x') + std::to_string(number));
}

// As many of its own as it gets, of 1024 bytes each.
std::size_t take_all(std::list<Holder>& holders, Holdings& all, const std::string& caller) {
  std::size_t taken = 0;
  for (int i = 0; i < 1000; ++i) {
    holders.emplace_back(&all, caller);
    if (!holders.back().hold(block_of(i))) {
      return taken;
    }
    ++taken;
  }
  return taken;
}

}  // namespace

TEST_CASE("what many hold together counts once, and is given back with the last", "[I10]") {
  Holdings all(4 * kBlock);
  const Secret secret = block_of(1);
  std::list<Holder> holders;
  for (int i = 0; i < 2000; ++i) {
    holders.emplace_back(&all, i % 2 == 0 ? "ann" : "bob");
    REQUIRE(holders.back().hold(secret));
  }
  CHECK(all.bytes() == kBlock);
  while (holders.size() > 1) {
    holders.pop_front();
  }
  CHECK(all.bytes() == kBlock);
  holders.clear();
  CHECK(all.bytes() == 0);
}

TEST_CASE("who holds much is refused more, and who comes after any number of them is not",
          "[I10]") {
  Holdings all(64 * kBlock);
  std::list<Holder> holders;
  CHECK(take_all(holders, all, "first") == 48);  // three quarters
  CHECK(take_all(holders, all, "second") == 12);
  CHECK(take_all(holders, all, "third") == 3);
  // What it holds already it may use again.
  Holder again(&all, "first");
  const Secret own = block_of(0);
  CHECK_FALSE(again.hold(own));
  holders.clear();
  CHECK(all.bytes() == 0);
  CHECK(again.hold(own));
}

TEST_CASE("a caller at its bound may use again what it holds", "[I10]") {
  Holdings all(64 * kBlock);
  const Secret own = block_of(0);
  Holder first(&all, "ann");
  REQUIRE(first.hold(own));
  std::list<Holder> holders;
  take_all(holders, all, "ann");
  Holder refused(&all, "ann");
  CHECK_FALSE(refused.hold(block_of(2000)));
  CHECK(refused.hold(own));
}

TEST_CASE("one connection has a bound of its own", "[I10]") {
  Holdings all(16 * bounds::kHeldPerConnectionBytesMax);
  Holder holder(&all, "ann");
  const std::size_t blocks = bounds::kHeldPerConnectionBytesMax / kBlock;
  for (std::size_t i = 0; i < blocks; ++i) {
    REQUIRE(holder.hold(block_of(static_cast<int>(i))));
  }
  CHECK_FALSE(holder.hold(block_of(-1)));
  holder.release();
  CHECK(holder.hold(block_of(-1)));
}

TEST_CASE("what is held is not given to others while it is counted", "[I1]") {
  REQUIRE(lock_memory());
  Holdings all(64 * kBlock);
  const std::size_t free_before = arena::free_bytes();
  Holder holder(&all, "ann");
  REQUIRE(holder.hold(block_of(1)));
  CHECK(free_before - arena::free_bytes() == kBlock);
  Holder moved(std::move(holder));
  CHECK(all.bytes() == kBlock);
  moved.release();
  CHECK(arena::free_bytes() == free_before);
  CHECK(all.bytes() == 0);
}

TEST_CASE("without holdings nothing is counted or refused") {
  Holder holder;
  CHECK(holder.hold(secret_of(std::string(bounds::kSecretBytesMax, 'x'))));
  holder.release();
}

TEST_CASE("threads may hold and release at once") {
  Holdings all(64 * kBlock);
  const Secret shared = block_of(1);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&all, secret = shared.share(), i] {
      for (int turn = 0; turn < 2000; ++turn) {
        Holder holder(&all, i % 2 == 0 ? "ann" : "bob");
        static_cast<void>(holder.hold(secret));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(all.bytes() == 0);
}

}  // namespace keyswap::vault
