// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/flights.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/vault/sources/fake_backend.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using Names = std::vector<std::string>;

std::string text_flight(const std::string& key, const std::string& field = "") {
  return flight_of(Route{0, key, field}, EntryKind::text);
}

// Each key is a value, with whatever fields.
std::string whole_of(const std::string& flight) {
  return std::string(parts_of(key_of(flight)).key);
}

FetchAnswer given(std::string_view text) {
  Fetched fetched;
  fetched.value = sample::locked_copy_of(text);
  return fetched;
}

Names sorted(Names names) {
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("a flight's name says what is asked for, and as what it is needed") {
  const Route route{0, "K", "field"};
  const auto text = flight_of(route, EntryKind::text);
  const auto key = flight_of(route, EntryKind::private_key);
  CHECK(text != key);
  CHECK(key_of(text) == key_of(key));
  CHECK(key_of(text) == key_text("K", "field"));
  CHECK(kind_of(text) == EntryKind::text);
  CHECK(kind_of(key) == EntryKind::private_key);
}

TEST_CASE("all who wait for one value are told what one run brings, and none twice") {
  Flights flights;
  CHECK(flights.want("tK"));
  CHECK_FALSE(flights.want("tK"));
  int told_of = 0;
  for (int i = 0; i < 3; ++i) {
    flights.wait("tK", [&](const FetchAnswer& answer) {
      CHECK(answer->value.reveal() == "value");
      ++told_of;
    });
  }
  CHECK(flights.take_for_run(whole_of, {}, 9) == Names{"tK"});
  CHECK_FALSE(flights.has_queue());
  CHECK_FALSE(flights.want("tK"));  // under way
  Flights::Told told;
  flights.answer("tK", given("value"), told);
  flights.answer("tK", given("value"), told);
  for (auto& [waiter, answer] : told) {
    waiter(std::move(answer));
  }
  CHECK(told_of == 3);
  CHECK(flights.want("tK"));
}

TEST_CASE("so many may wait, and who was told makes room [I10]", "[I10]") {
  Flights flights;
  flights.want("tK");
  for (std::size_t i = 0; i < base::bounds::kSourceQueueMax; ++i) {
    CHECK(flights.has_room());
    flights.wait("tK", [](const FetchAnswer&) {});
  }
  CHECK_FALSE(flights.has_room());
  Flights::Told told;
  flights.answer_all(base::Error{Errc::network, "gone"}, told);
  CHECK(told.size() == base::bounds::kSourceQueueMax);
  CHECK(flights.has_room());
  CHECK_FALSE(flights.has_queue());
}

TEST_CASE("a value's fields go in one run, those that are kept with those that are wanted") {
  Flights flights;
  const auto id = text_flight("role", "id");
  const auto key = text_flight("role", "key");
  const auto other = text_flight("other");
  flights.want(id);
  CHECK(sorted(flights.take_for_run(whole_of, {key, other}, 9)) == sorted({id, key}));
  CHECK(sorted(flights.under_way()) == sorted({id, key}));
  // What is under way is waited for by the value's other fields, and by no other value.
  const auto token = text_flight("role", "token");
  flights.want(token);
  flights.want(other);
  CHECK(flights.take_for_run(whole_of, {}, 9) == Names{other});
  CHECK(flights.has_queue());
  Flights::Told told;
  flights.answer(id, given("1"), told);
  flights.answer(key, given("2"), told);
  CHECK(flights.take_for_run(whole_of, {}, 9) == Names{token});
}

TEST_CASE("one run takes so many values, with all of their fields, and the others wait") {
  Flights flights;
  const auto id = text_flight("role", "id");
  const auto key = text_flight("role", "key");
  for (const auto& flight : {text_flight("a"), id, text_flight("b"), key, text_flight("c")}) {
    flights.want(flight);
  }
  CHECK(flights.take_for_run(whole_of, {}, 2) == Names{text_flight("a"), id, key});
  CHECK(flights.has_queue());
  CHECK(flights.take_for_run(whole_of, {}, 2) == Names{text_flight("b"), text_flight("c")});
  CHECK_FALSE(flights.has_queue());
}

TEST_CASE("what came for a flight is as it is needed; what did not says why") {
  const auto flight = text_flight("K");
  Done done;
  CHECK(arrived_for(flight, done).failed.fault == FetchFault::not_found);
  done.missed.push_back({std::string(key_of(flight)), Failed{FetchFault::unavailable, "down", 0}});
  CHECK(arrived_for(flight, done).failed.fault == FetchFault::unavailable);
  done.values.push_back(
      {std::string(key_of(flight)), sample::locked_copy_of("value"), "", std::nullopt});
  const auto arrived = arrived_for(flight, done);
  REQUIRE(arrived.told == done.values.data());
  CHECK(arrived.value.reveal() == "value");
  CHECK(arrived_for(flight_of(Route{0, "K", ""}, EntryKind::private_key), done).failed.fault ==
        FetchFault::bad_answer);
}

TEST_CASE("whoever waits when all is given up is told nothing") {
  Flights flights;
  flights.want("tK");
  flights.wait("tK", [](const FetchAnswer&) { FAIL("it was told"); });
  flights.clear();
  Flights::Told told;
  flights.answer_all(base::Error{Errc::network, "gone"}, told);
  CHECK(told.empty());
}

}  // namespace keyswap::vault
