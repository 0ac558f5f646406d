// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/call_slots.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap {
namespace {

using outgoing::CallSlots;
using Tickets = std::vector<std::uint64_t>;
constexpr std::size_t kAll = base::bounds::kCallsAtOnceMax;

TEST_CASE("a source makes two calls at once, and its next ones in turn") {
  CallSlots slots;
  for (const std::uint64_t ticket : {1, 2, 3, 4}) {
    slots.add(ticket, "a");
  }
  CHECK(slots.take() == Tickets{1, 2});
  CHECK(slots.take().empty());
  slots.remove(2);
  CHECK(slots.take() == Tickets{3});
  slots.remove(3);
  slots.remove(4);  // given up while it waited
  CHECK(slots.take().empty());
}

TEST_CASE("G18 however many calls slow sources have, another one's first begins at once") {
  CallSlots slots;
  std::uint64_t ticket = 0;
  for (std::size_t source = 0; source < kAll / 2; ++source) {
    slots.add(++ticket, "slow" + std::to_string(source));
    slots.add(++ticket, "slow" + std::to_string(source));
  }
  CHECK(slots.take().size() == kAll);
  slots.add(100, "other");
  CHECK(slots.take().empty());  // all are in use
  slots.add(101, "slow0");
  slots.remove(1);
  CHECK(slots.take() == Tickets{100});  // not slow0's second
}

TEST_CASE("G18 the turn is found at once, however many wait") {
  constexpr std::uint64_t kMany = 4000;
  CallSlots slots;
  for (std::uint64_t ticket = 0; ticket < kMany; ++ticket) {
    slots.add(ticket, "s" + std::to_string(ticket % (kAll - 1)));
  }
  CHECK(slots.take().size() == kAll);
  for (std::uint64_t ticket = 0; ticket < kMany; ++ticket) {
    slots.add(kMany + ticket, "t" + std::to_string(ticket));
  }
  slots.remove(0);
  CHECK(slots.take() == Tickets{kMany});
}

TEST_CASE("the second call of a source leaves a slot for each that waits for its first") {
  CallSlots slots;
  std::uint64_t ticket = 0;
  for (std::size_t source = 0; source + 1 < kAll; ++source) {
    slots.add(++ticket, "s" + std::to_string(source));
  }
  CHECK(slots.take().size() == kAll - 1);
  slots.add(50, "s0");
  slots.add(51, "new");
  CHECK(slots.take() == Tickets{51});
  slots.remove(2);
  CHECK(slots.take() == Tickets{50});
}

}  // namespace
}  // namespace keyswap
