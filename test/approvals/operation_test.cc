// SPDX-License-Identifier: Apache-2.0
//
// The steps of an operation, and each of its times by a clock that the test turns.
#include "proxy/approvals/operation.h"

#include <catch2/catch.hpp>

#include "test/approvals/support.h"

namespace keyswap::approvals {

using test::kMinute;
using test::kSecond;
using test::refusal_of;
using test::taken;
using test::waiting;

namespace {

const Decider kWho{"uid 1000", "command"};

Operation approved() {
  return taken(decide(waiting(), true, kWho, 0, kSecond));
}

}  // namespace

TEST_CASE("each state has its name, and nothing else is one") {
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(State::client_gone); ++number) {
    const auto state = static_cast<State>(number);
    CHECK(parse_state(to_string(state)) == state);
  }
  CHECK_FALSE(parse_state("held"));
  CHECK_FALSE(parse_state(""));
}

TEST_CASE("who decides is noted, and the operation is another version") {
  const Operation now = approved();
  CHECK(now.state == State::approved);
  CHECK(now.version == 2);
  CHECK(now.by == "uid 1000");
  CHECK(now.how == "command");
  CHECK(now.retry_expires_us == kSecond + 10 * kMinute);
  const Operation denied = taken(decide(waiting(), false, kWho, 1, kSecond));
  CHECK(denied.state == State::denied);
  CHECK(denied.retry_expires_us == 0);
}

TEST_CASE("of two who decide the second is told, as is who saw another version") {
  CHECK(refusal_of(decide(approved(), false, kWho, 0, kSecond)) == Refused::decided);
  CHECK(refusal_of(decide(waiting(), true, kWho, 2, kSecond)) == Refused::decided);
  const Operation detached = taken(detach(waiting(), kSecond));
  CHECK(refusal_of(decide(detached, true, kWho, 1, kSecond)) == Refused::decided);
  CHECK(taken(decide(detached, true, kWho, 2, kSecond)).state == State::approved);
}

TEST_CASE("nobody decides any more once its time is over, to the microsecond") {
  const std::int64_t end = 10 * kMinute;
  CHECK(taken(decide(waiting(), true, kWho, 0, end - 1)).state == State::approved);
  CHECK(refusal_of(decide(waiting(), true, kWho, 0, end)) == Refused::expired);
  CHECK(at(waiting(), end - 1).state == State::waiting);
  CHECK(at(waiting(), end).state == State::expired);
  CHECK(refusal_of(detach(waiting(), end)) == Refused::expired);
}

TEST_CASE("an approved request may be sent for its time, to the microsecond") {
  const std::int64_t end = kSecond + 10 * kMinute;
  CHECK(taken(claim(approved(), "agent", "digest", end - 1)).state == State::executing);
  CHECK(refusal_of(claim(approved(), "agent", "digest", end)) == Refused::expired);
  CHECK(at(approved(), end).state == State::expired);
  CHECK(at(taken(claim(approved(), "agent", "digest", end - 1)), end).state == State::executing);
}

TEST_CASE("a grant is used once, by its caller, for its request") {
  CHECK(refusal_of(claim(approved(), "other", "digest", kSecond)) == Refused::unknown);
  CHECK(refusal_of(claim(approved(), "agent", "another", kSecond)) == Refused::mismatch);
  CHECK(refusal_of(claim(waiting(), "agent", "digest", kSecond)) == Refused::pending);
  const Operation used = taken(claim(approved(), "agent", "digest", kSecond));
  CHECK(refusal_of(claim(used, "agent", "digest", kSecond)) == Refused::used);
  for (const State end : {State::succeeded, State::failed, State::unknown}) {
    const Operation over = taken(finish(used, end, 2 * kSecond));
    CHECK(over.state == end);
    CHECK(is_terminal(over.state));
    CHECK(refusal_of(claim(over, "agent", "digest", 2 * kSecond)) == Refused::used);
    CHECK(refusal_of(finish(over, State::failed, 2 * kSecond)) == Refused::decided);
  }
  const Operation denied = taken(decide(waiting(), false, kWho, 0, kSecond));
  CHECK(refusal_of(claim(denied, "agent", "digest", kSecond)) == Refused::denied);
}

TEST_CASE("what waits no longer is not decided on, nor sent") {
  for (const State end : {State::expired, State::client_gone}) {
    const Operation over = taken(end_open(waiting(), end, kSecond));
    CHECK(over.state == end);
    CHECK(refusal_of(claim(over, "agent", "digest", kSecond)) == Refused::expired);
    CHECK(std::holds_alternative<Refused>(decide(over, true, kWho, 0, kSecond)));
  }
  CHECK(refusal_of(end_open(approved(), State::client_gone, kSecond)) == Refused::decided);
  CHECK(taken(end_open(approved(), State::expired, kSecond)).state == State::expired);
}

TEST_CASE("a restart ends what waited on a connection, and keeps what comes again") {
  CHECK(recovered(waiting(), kSecond).state == State::expired);
  CHECK(recovered(approved(), 2 * kSecond).state == State::expired);
  const Operation detached = taken(detach(waiting(), kSecond));
  CHECK(recovered(detached, 2 * kSecond) == detached);
  CHECK(recovered(detached, 10 * kMinute).state == State::expired);
  const Operation granted = taken(decide(detached, true, kWho, 0, kSecond));
  CHECK(recovered(granted, 2 * kSecond) == granted);
  const Operation used = taken(claim(granted, "agent", "digest", kSecond));
  CHECK(recovered(used, 2 * kSecond).state == State::unknown);
  const Operation over = taken(finish(used, State::succeeded, 2 * kSecond));
  CHECK(recovered(over, 3 * kSecond) == over);
}

TEST_CASE(
    "whatever an operation is made of is in the text that its seal is over, and the seal not") {
  const Operation one = waiting();
  const auto differs = [&one](auto change) {
    Operation other = one;
    change(other);
    return sealed_text(other) != sealed_text(one);
  };
  CHECK(differs([](Operation& other) { other.state = State::approved; }));
  CHECK(differs([](Operation& other) { other.version = 2; }));
  CHECK(differs([](Operation& other) { other.digest = "another"; }));
  CHECK(differs([](Operation& other) { other.is_detached = true; }));
  CHECK(differs([](Operation& other) { other.retry_expires_us = 1; }));
  CHECK(differs([](Operation& other) {
    other.host += other.method;  // what moves from one part to the next
    other.method.clear();
  }));
  CHECK_FALSE(differs([](Operation& other) { other.seal = "ab"; }));
}

TEST_CASE("an operation that somebody else wrote is over, whatever it said of itself") {
  Operation made = waiting();
  made.state = State::approved;
  made.by = "uid 0";
  made.how = "command";
  made.retry_expires_us = kMinute;
  const Operation now = disowned(made, 1);
  CHECK(now.state == State::expired);
  CHECK(now.by.empty());
  CHECK(now.how.empty());
  CHECK(now.retry_expires_us == 0);
}

}  // namespace keyswap::approvals
