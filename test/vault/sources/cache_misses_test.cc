// SPDX-License-Identifier: Apache-2.0
//
// What becomes of one value that a source does not give, while it gives others.
#include "test/vault/sources/fake_backend.h"
#include "vault/sources/cache_core.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::Cached;
using sample::rule_with_stale;

}  // namespace

TEST_CASE("what a source has not is asked for again after a second, and nothing else is held up") {
  Cached source;
  const auto none = source.ask("NONE");
  const auto known = source.ask("K");
  source.answer();
  CHECK(none->is(Errc::not_found));
  CHECK(known->text() == "value-1");
  CHECK(source.ask("NONE")->is_at_once);
  CHECK_FALSE(source.ask("L")->is_told());
  source.answer();
  source.world.values["NONE"] = "there now";
  source.pass_s(1);
  CHECK(source.fetch("NONE") == "there now");
}

TEST_CASE("many values that come one by one are fetched by several runs, one after the other") {
  Cached source;
  std::vector<std::shared_ptr<sample::Told>> all;
  for (std::size_t i = 0; i < base::bounds::kSourceRunValuesMax + 1; ++i) {
    const std::string key = "many-" + std::to_string(i);
    source.world.values[key] = "value";
    all.push_back(source.ask(key));
  }
  CHECK_FALSE(source.asked_for().empty());
  CHECK(source.engine.waiting() == 1);
  source.answer();
  CHECK(all.front()->text() == "value");
  CHECK_FALSE(all.back()->is_told());
  CHECK(source.asked_for() == "fetch many-16");
  source.answer();
  CHECK(all.back()->text() == "value");
}

TEST_CASE("a value that cannot be read is asked for again after a second, and holds up nothing") {
  Cached source;
  const auto bad = source.ask("K");
  source.answer(422);
  CHECK(bad->is(Errc::corrupt));
  CHECK(source.cache->state().next_try_us == 0);
  CHECK(source.ask("K")->is_at_once);
  const auto other = source.ask("L");
  CHECK_FALSE(other->is_told());
  source.answer(404);
  source.pass_s(1);
  CHECK(source.fetch() == "value-1");
}

TEST_CASE("a bad answer about one of several keys takes nothing away that is still good") {
  Cached source;
  source.fetch("K");
  source.pass_s(80);
  source.world.missed["K"] = {FetchFault::bad_answer, "malformed", 0};
  source.ask("K");
  const auto other = source.ask("L");
  CHECK(source.asked_for() == "fetch K L");
  source.answer();
  CHECK(other->text() == "other");
  CHECK(source.ask("K")->text() == "value-1");
  CHECK(source.asked_for().empty());  // it is not asked for again at once
  source.pass_s(20);
  const auto over = source.ask("K");
  CHECK_FALSE(over->is_told());
  source.answer();
  CHECK(over->is(Errc::corrupt));
}

TEST_CASE("a value that is not what it is needed for takes nothing away that is still good") {
  Cached source;
  source.fetch("K");
  source.pass_s(80);
  source.world.values["K"] = "\n";
  source.ask("K");
  source.ask("L");
  source.answer();
  CHECK(source.ask("K")->text() == "value-1");
}

TEST_CASE("G19 one of several keys cannot be had: its old value serves on, and none else is down") {
  Cached source(rule_with_stale(50'000));
  source.fetch("K");
  source.pass_s(100);
  source.world.missed["K"] = {FetchFault::unavailable, "exit_status", 0};
  const auto one = source.ask("K");
  const auto other = source.ask("L");
  source.answer();
  REQUIRE(one->text() == "value-1");
  CHECK((*one->answer)->is_stale);
  CHECK(other->text() == "other");
  CHECK(source.cache->state().next_try_us == 0);
  const auto next = source.ask("K");
  CHECK(next->is_at_once);
  CHECK(next->text() == "value-1");
  source.pass_s(1);
  CHECK_FALSE(source.ask("K")->is_told());
}

TEST_CASE("one of several keys cannot be had, and there is no old value: 503, and when to ask") {
  Cached source;
  source.world.missed["K"] = {FetchFault::unavailable, "exit_status", 0};
  const auto one = source.ask("K");
  const auto other = source.ask("L");
  source.answer();
  REQUIRE(one->is(Errc::network));
  CHECK(one->answer->error().number == 1);
  CHECK(other->text() == "other");
}

TEST_CASE("what is found no more is not served on") {
  Cached source;
  source.fetch();
  source.world.values.erase("K");
  source.pass_s(80);
  CHECK(source.ask()->is_at_once);  // and it is fetched anew behind it
  source.answer();
  CHECK(source.ask()->is(Errc::not_found));
}

TEST_CASE("what one of several keys has no more is not served on") {
  Cached source;
  source.fetch("K");
  source.world.missed["K"] = {FetchFault::not_found, "deleted", 0};
  source.pass_s(80);
  source.ask("K");
  source.ask("L");
  source.answer();
  CHECK(source.ask("K")->is(Errc::not_found));
}

TEST_CASE("a key whose turn to call does not come is missed, and its source is not down") {
  Cached source;
  source.world.values["M"] = "third";
  const auto first = source.ask("K");
  CHECK(source.asked_for(0) == "fetch K");
  const auto second = source.ask("L");
  CHECK(source.asked_for(1) == "fetch L");
  const auto third = source.ask("M");
  CHECK(source.asked_for(2) == "fetch M");
  source.engine.give_no_turn(2);
  REQUIRE(third->is(Errc::network));
  CHECK(third->answer->error().number == 1);
  CHECK(source.cache->state().next_try_us == 0);
  CHECK(source.cache->state().outcome == "no_turn");
  CHECK(source.ask("M")->is_at_once);
  source.answer();
  source.answer();
  CHECK(first->text() == "value-1");
  CHECK(second->text() == "other");
  source.pass_s(1);
  CHECK(source.fetch("M") == "third");
}

TEST_CASE("G19 while a key's turn to call does not come its old value serves on") {
  Cached source(rule_with_stale(50'000));
  source.fetch("K");
  source.pass_s(100);
  const auto told = source.ask("K");
  CHECK(source.asked_for() == "fetch K");
  source.engine.give_no_turn();
  REQUIRE(told->text() == "value-1");
  CHECK((*told->answer)->is_stale);
}

TEST_CASE("when a key may be asked for again its source says, and it is not asked before") {
  Cached source;
  source.world.missed["K"] = {FetchFault::unavailable, "server_error", 30'000};
  const auto one = source.ask("K");
  const auto other = source.ask("L");
  source.answer();
  REQUIRE(one->is(Errc::network));
  CHECK(one->answer->error().number == 30);
  CHECK(other->text() == "other");
  source.pass_s(29);
  CHECK(source.ask("K")->is_at_once);
  source.pass_s(1);
  CHECK_FALSE(source.ask("K")->is_told());
}

TEST_CASE("a source that is asked too much in the midst of a fetch rests, and what came is given") {
  Cached source;
  source.world.missed["K"] = {FetchFault::unavailable, "rate_limited", 30'000};
  source.world.rests = source.world.missed["K"];
  const auto one = source.ask("K");
  const auto other = source.ask("L");
  source.answer();
  REQUIRE(one->is(Errc::network));
  CHECK(one->answer->error().number == 30);
  CHECK(other->text() == "other");
  CHECK(source.cache->state().outcome == "rate_limited");
  source.pass_s(29);
  CHECK(source.ask("K")->is_at_once);
  CHECK(source.ask("L")->text() == "other");
  const auto refused = source.ask("M");
  REQUIRE(refused->is(Errc::network));
  CHECK(refused->answer->error().number == 1);
  CHECK(source.asked_for().empty());
  source.world.missed.clear();
  source.world.rests.reset();
  source.pass_s(1);
  CHECK(source.fetch("K") == "value-1");
  CHECK(source.cache->state().next_try_us == 0);
}

TEST_CASE("a source that rests keeps what it gave, and drops what it has no more") {
  Cached source;
  source.fetch("K");
  source.pass_s(80);
  source.world.missed["K"] = {FetchFault::not_found, "deleted", 0};
  source.world.rests = Failed{FetchFault::unavailable, "rate_limited", 5'000};
  source.ask("K");
  source.ask("L");
  source.answer();
  CHECK_FALSE(source.ask("K")->text() == "value-1");
  CHECK(source.ask("L")->text() == "other");
}

TEST_CASE(
    "what waits for its turn when its source asks for rest is not asked for, and not held up") {
  const std::int64_t retry_after_ms = GENERATE(0, 30'000);
  Cached source;
  source.ask("K");
  CHECK(source.asked_for(0) == "fetch K");
  const auto other = source.ask("L");
  CHECK(source.asked_for(1) == "fetch L");
  source.world.missed["K"] = {FetchFault::unavailable, "rate_limited", retry_after_ms};
  source.world.rests = source.world.missed["K"];
  source.engine.give_turn(1);
  CHECK(source.engine.waiting() == 2);  // until then it is wanted
  source.answer();
  const std::int64_t next_try_us = source.cache->state().next_try_us;
  source.engine.give_turn();
  CHECK(other->is(Errc::network));
  CHECK(source.engine.waiting() == 0);
  CHECK(source.cache->state().next_try_us == next_try_us);
  source.world.rests.reset();
  source.pass_s(30);
  CHECK(source.fetch("L") == "other");
}

TEST_CASE("what waits for its turn when its source fails without a word is asked for yet") {
  Cached source;
  source.ask("K");
  CHECK(source.asked_for(0) == "fetch K");
  const auto other = source.ask("L");
  CHECK(source.asked_for(1) == "fetch L");
  source.answer(500);
  source.engine.give_turn();
  REQUIRE(source.engine.waiting() == 1);
  source.answer();
  CHECK(other->text() == "other");
}

}  // namespace keyswap::vault
