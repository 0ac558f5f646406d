// SPDX-License-Identifier: Apache-2.0
//
// Users are those of the memory's world (uv::LocalUsers in test/fuzz/session/world.cc): by the
// socket's number one whom nobody knows, our own, and another.
#include "proxy/net/arrival.h"

#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/binding.h"
#include "proxy/uv/local_users.h"

namespace keyswap::net {

namespace {

constexpr int kUnknown = 0;
constexpr int kOwn = 1;
constexpr int kOther = 2;

struct Listener {
  explicit Listener(std::size_t places, bindings::AllowedUsers allowed = {}) {
    strangers.set_places(places);
    auto made = std::make_shared<bindings::Bindings>();
    made->allow_users = std::move(allowed);
    context.policy.bindings = std::move(made);
    context.clients.users = &users;
    context.strangers = &strangers;
  }

  Arrival accept(int socket) { return look_at_arrival(context, socket); }

  Strangers strangers;
  uv::LocalUsers users;
  Context context;
};

}  // namespace

TEST_CASE("users who may not come without a token take no place of those who may", "[I10]") {
  Listener listener(2);
  const Arrival first = listener.accept(kOther);
  CHECK(first.has_room);
  CHECK(first.user == 2U);
  auto second = std::make_unique<Arrival>(listener.accept(kUnknown));
  CHECK(second->has_room);
  CHECK_FALSE(listener.accept(kOther).has_room);
  CHECK_FALSE(listener.accept(kUnknown).has_room);
  std::vector<Arrival> ours;
  for (int i = 0; i < 10; ++i) {
    ours.push_back(listener.accept(kOwn));
    CHECK(ours.back().has_room);
    CHECK(ours.back().is_own_user);
    CHECK(ours.back().place == nullptr);
  }
  second.reset();  // who leaves makes room
  CHECK(listener.accept(kOther).has_room);
}

TEST_CASE("users whom the bindings allow are no strangers", "[I10]") {
  Listener listener(0, {.is_everybody = false, .numbers = {2}});
  CHECK(listener.accept(kOther).has_room);
  CHECK_FALSE(listener.accept(kUnknown).has_room);
  Listener open(0, {.is_everybody = true, .numbers = {}});
  CHECK(open.accept(kUnknown).has_room);
}

TEST_CASE("a stranger who shows a token makes room for another", "[I10]") {
  Listener listener(1);
  Arrival proven = listener.accept(kOther);
  CHECK_FALSE(listener.accept(kOther).has_room);
  proven.place.reset();  // as Connection::proven() does
  CHECK(listener.accept(kOther).has_room);
}

}  // namespace keyswap::net
