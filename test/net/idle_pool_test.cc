// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/idle_pool.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/net/upstream.h"

namespace keyswap {

namespace {

struct Thing {
  using Key = net::UpstreamKey;

  Thing(int named, Key of) : name(named), key_(std::move(of)) {}

  [[nodiscard]] const Key& key() const { return key_; }

  int name;
  net::IdlePlace<Thing> idle_place;

 private:
  Key key_;
};

using Pool = net::IdlePool<Thing>;

const net::UpstreamKey kOne{"shost", 1, "u1000/"};

std::unique_ptr<Thing> thing(int name, net::UpstreamKey key = kOne) {
  return std::make_unique<Thing>(name, std::move(key));
}

int taken(Pool& pool, const net::UpstreamKey& key = kOne, std::int64_t now_ms = 0) {
  const auto found = pool.take(key, now_ms);
  return found ? found->name : 0;
}

}  // namespace

TEST_CASE("what rested last is taken first") {
  Pool pool;
  for (int name = 1; name <= 3; ++name) {
    pool.put(thing(name), 100);
  }
  CHECK(pool.size() == 3);
  CHECK(taken(pool) == 3);
  CHECK(taken(pool) == 2);
  pool.put(thing(4), 100);
  CHECK(taken(pool) == 4);
  CHECK(taken(pool) == 1);
  CHECK(taken(pool) == 0);
  CHECK(pool.size() == 0);
}

TEST_CASE("nothing is taken under another key: destination, policy or owner", "[I16]") {
  Pool pool;
  pool.put(thing(1), 100);
  CHECK(taken(pool, {"sother", 1, "u1000/"}) == 0);
  CHECK(taken(pool, {"shost", 2, "u1000/"}) == 0);
  CHECK(taken(pool, {"shost", 1, "u1001/"}) == 0);
  CHECK(taken(pool, {"shost", 1, "u1000/agent"}) == 0);
  CHECK(taken(pool, {"shostu", 1, "1000/"}) == 0);
  CHECK(taken(pool) == 1);
}

TEST_CASE("what is overdue is not taken, and is handed out to be closed") {
  Pool pool;
  pool.put(thing(1), 50);
  pool.put(thing(2), 10);  // its server keeps it for less time
  pool.put(thing(3, {"sother", 1, ""}), 20);
  CHECK(taken(pool, kOne, 10) == 1);
  pool.put(thing(4), 50);
  std::vector<int> closed;
  pool.take_overdue(20, [&](const std::unique_ptr<Thing>& one) { closed.push_back(one->name); });
  CHECK(closed == std::vector{2, 3});
  CHECK(taken(pool, kOne, 49) == 4);
  CHECK(taken(pool, kOne, 50) == 0);
}

TEST_CASE("where there is no room the one that rests longest goes, whatever its key") {
  Pool pool;
  pool.put(thing(1, {"sother", 1, ""}), 100);
  pool.put(thing(2), 100);
  pool.put(thing(3, {"sother", 1, ""}), 100);
  CHECK(pool.take_oldest()->name == 1);
  CHECK(pool.take_oldest()->name == 2);
  CHECK(pool.take_oldest()->name == 3);
  CHECK(pool.take_oldest() == nullptr);
}

TEST_CASE("one that closes by itself is removed out of turn") {
  Pool pool;
  std::vector<const Thing*> all;
  for (int name = 1; name <= 5; ++name) {
    auto made = thing(name);
    all.push_back(made.get());
    pool.put(std::move(made), 100);
  }
  CHECK(pool.remove(*all[2])->name == 3);
  CHECK(pool.remove(*all[4])->name == 5);
  CHECK(pool.remove(*all[0])->name == 1);
  CHECK(pool.take_oldest()->name == 2);
  CHECK(taken(pool) == 4);
}

}  // namespace keyswap
