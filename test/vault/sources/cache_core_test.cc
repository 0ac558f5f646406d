// SPDX-License-Identifier: Apache-2.0
//
// What becomes of those who wait when a source fails, is emptied, or has to be logged in to.
#include "vault/sources/cache_core.h"

#include "test/vault/sources/fake_backend.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::Cached;

CacheRule rule_with_stale(std::int64_t stale_ms) {
  return {.ttl_ms = 100'000, .jitter_ms = 0, .entries_max = 10, .stale_ms = stale_ms};
}

Cached with_login() {
  return Cached(rule_with_stale(0), false, true);
}

// K is kept, and the log-in that is due is under way; the one of before is good for `left_s` yet.
void go_to_due_login(Cached& source, std::int64_t left_s) {
  source.ask();
  source.answer();
  source.answer();
  source.pass_s(3590);
  REQUIRE(source.fetch() == "value-1");
  source.pass_s(10);
  REQUIRE(source.asked_for() == "log_in");
  source.world.login_ends_us = source.time.wall_us() + left_s * sample::kSecondUs;
}

}  // namespace

TEST_CASE("G11 the one call fails: all who wait are told, and nobody who comes now waits") {
  Cached source;
  const auto one = source.ask();
  const auto other = source.ask();
  source.answer(500);
  CHECK(one->is(Errc::network));
  CHECK(other->is(Errc::network));
  CHECK(one->answer->error().number == 1);
  const auto next = source.ask();
  CHECK(next->is_at_once);
  CHECK(next->is(Errc::network));
  CHECK(source.engine.begun() == 1);
  CHECK(source.cache->state().outcome == "http_status");
  CHECK(source.cache->state().next_try_us > 0);
}

TEST_CASE("a failure is not kept as an answer: after a second the source is asked again") {
  Cached source;
  source.ask();
  source.answer(500);
  source.pass_s(1);
  CHECK(source.fetch() == "value-1");
  CHECK(source.cache->state().next_try_us == 0);
}

TEST_CASE("since when a source is down, and when it is asked again, is known until it answers") {
  Cached source;
  CHECK_FALSE(source.cache->state().outage);
  const std::int64_t began_s = source.time.wall_us() / sample::kSecondUs;
  source.ask();
  source.answer(500);
  CHECK(source.cache->state().outage == SourceOutage{.outcome = "http_status",
                                                     .needs_login = false,
                                                     .since_s = began_s,
                                                     .next_try_s = began_s + 1});
  source.pass_s(5);
  REQUIRE(source.cache->state().outage);  // nobody asked meanwhile
  CHECK(source.cache->state().outage->next_try_s == began_s + 1);
  source.ask();
  source.answer(500);
  REQUIRE(source.cache->state().outage);
  CHECK(source.cache->state().outage->since_s == began_s);
  CHECK(source.cache->state().outage->next_try_s == began_s + 7);
  SECTION("it gives the value") {
    source.pass_s(2);
    REQUIRE(source.fetch() == "value-1");
  }
  SECTION("it says that it has none") {
    source.pass_s(2);
    source.ask("NONE");
    source.answer(404);
  }
  SECTION("it is emptied") {
    source.cache->flush();
  }
  CHECK_FALSE(source.cache->state().outage);
}

TEST_CASE("a source that waits for a log-in is told as such, also once the vault was changed") {
  Cached source;
  source.ask();
  source.answer(400);
  REQUIRE(source.cache->state().outage);
  CHECK(source.cache->state().outage->needs_login);
  CHECK(source.cache->state().outage->outcome == "invalid_grant");
  CHECK(source.cache->state().outage->next_try_s > 0);
  source.cache->vault_changed();
  REQUIRE(source.cache->state().outage);
  CHECK(source.cache->state().outage->next_try_s == 0);
  CHECK(source.fetch() == "value-1");
  CHECK_FALSE(source.cache->state().outage);
}

TEST_CASE("a source that goes on failing is asked after 1, 2, 4 and at most 60 seconds") {
  Cached source;
  for (const std::int64_t wait_s : {1, 2, 4, 8, 16, 32, 60, 60}) {
    source.ask();
    source.answer(500);
    const auto refused = source.ask();
    REQUIRE(refused->is(Errc::network));
    CHECK(refused->answer->error().number == wait_s);
    source.pass_s(wait_s - 1);
    REQUIRE(source.ask()->is_at_once);
    source.pass_s(1);
  }
  CHECK(source.fetch() == "value-1");
  source.pass_s(100);
  source.ask();
  source.answer(500);
  CHECK(source.ask()->answer->error().number == 1);  // it had worked in between
}

TEST_CASE("the wait is longer by what is drawn, so that not all come at once") {
  Cached source;
  source.drawn = UINT64_MAX;
  source.ask();
  source.answer(500);
  source.pass_s(1);
  CHECK(source.ask()->is_at_once);
  source.engine.pass(250'000);
  CHECK_FALSE(source.ask()->is_told());
}

TEST_CASE("a source says itself when it may be asked again, up to a quarter of an hour") {
  Cached source;
  source.ask();
  source.answer(429, 30'000);
  CHECK(source.ask()->answer->error().number == 30);
  source.pass_s(30);
  source.ask();
  source.answer(429, INT64_MAX);
  CHECK(source.ask()->answer->error().number == 900);
}

TEST_CASE("a call that never ends is over after its time") {
  Cached source;
  const auto told = source.ask();
  source.pass_s(base::bounds::kSourceRunMs / 1000);
  CHECK(told->is(Errc::network));
  CHECK(source.cache->state().outcome == "timed_out");
}

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

TEST_CASE("G19 a source is down past the end of a value: 503, and no old value") {
  Cached source;
  source.fetch();
  source.pass_s(100);
  const auto told = source.ask();
  source.answer(503);
  CHECK(told->is(Errc::network));
}

TEST_CASE("G19 where the bindings allow it the old value serves on for so long, and says so") {
  Cached source(rule_with_stale(50'000));
  source.fetch();
  source.pass_s(100);
  const auto told = source.ask();
  source.answer(503);
  REQUIRE(told->text() == "value-1");
  CHECK((*told->answer)->is_stale);
  const auto next = source.ask();  // while it is not asked again
  CHECK(next->is_at_once);
  REQUIRE(next->text() == "value-1");
  CHECK((*next->answer)->is_stale);
  source.pass_s(50);
  const auto over = source.ask();
  CHECK_FALSE(over->is_told());
  source.answer(503);
  CHECK(over->is(Errc::network));
}

TEST_CASE("an old value serves for a source that is down, and not for one that answers badly") {
  const int status = GENERATE(401, 404, 422);
  Cached source(rule_with_stale(50'000));
  source.fetch();
  source.pass_s(100);
  const auto told = source.ask();
  source.answer(status);
  REQUIRE(told->is_told());
  CHECK_FALSE(*told->answer);
}

TEST_CASE("a refresh ahead that fails takes nothing away from what is still good") {
  Cached source;
  source.fetch();
  source.pass_s(80);
  source.ask();
  source.answer(500);
  const auto told = source.ask();
  CHECK(told->text() == "value-1");
  CHECK_FALSE((*told->answer)->is_stale);
  CHECK(source.asked_for().empty());  // not before the source is asked again
  source.pass_s(1);
  source.ask();
  CHECK(source.asked_for() == "fetch K");
}

TEST_CASE("G14 a credential that the source takes no more: all that it gave is dropped at once",
          "[I1]") {
  Cached source(rule_with_stale(50'000));
  source.fetch("K");
  Secret::Watch watch;
  {
    const auto kept = source.ask("K");
    watch = Secret::Watch((*kept->answer)->value);
  }
  const auto told = source.ask("L");
  source.answer(401);
  CHECK(told->is(Errc::wrong_passphrase));
  CHECK_FALSE(watch.find());
  CHECK(source.ask("K")->is(Errc::wrong_passphrase));
  CHECK(source.cache->state().generation == 1);
  source.pass_s(1);
  CHECK(source.fetch("K") == "value-1");
}

TEST_CASE("a person has to log in again: what is still good is served on") {
  Cached source;
  source.fetch("K");
  const auto told = source.ask("L");
  source.answer(400);
  CHECK(told->is(Errc::wrong_passphrase));
  CHECK(source.ask("K")->text() == "value-1");
}

TEST_CASE("F09 emptied in the middle of a fetch: who waits is told so, and nothing is kept of it") {
  Cached source;
  const auto told = source.ask();
  CHECK(source.asked_for() == "fetch K");
  source.cache->flush();
  CHECK(told->is(Errc::network));
  const auto next = source.ask();
  CHECK(source.asked_for(1) == "fetch K");  // a call of its own
  source.answer();
  CHECK_FALSE(next->is_told());
  CHECK(source.cache->state().entries == 0);
  source.world.values["K"] = "value-2";
  source.answer();
  REQUIRE(next->text() == "value-2");
  CHECK((*next->answer)->generation == 1);
}

TEST_CASE("who waits for a call that has not begun is not touched by emptying") {
  Cached source;
  const auto told = source.ask();
  source.cache->flush();
  CHECK_FALSE(told->is_told());
  source.answer();
  CHECK(told->text() == "value-1");
}

TEST_CASE("emptying drops and wipes what is kept, and the next who asks waits", "[I1]") {
  Cached source;
  source.fetch();
  Secret::Watch watch;
  {
    const auto kept = source.ask();
    watch = Secret::Watch((*kept->answer)->value);
  }
  source.cache->flush();
  CHECK_FALSE(watch.find());
  CHECK_FALSE(source.ask()->is_told());
}

TEST_CASE("emptying reaches what a source keeps itself, before it is asked again") {
  Cached source;
  source.fetch();
  CHECK(source.world.forgotten == 0);
  source.cache->flush();
  source.ask();
  CHECK(source.asked_for() == "fetch K");
  CHECK(source.world.forgotten == 1);
  source.answer();
  source.cache->flush();
  source.engine.turn();
  CHECK(source.world.forgotten == 2);  // though nobody asks
}

TEST_CASE("before the first fetch it is logged in once, and all wait for that") {
  Cached source = with_login();
  const auto one = source.ask("K");
  CHECK(source.asked_for() == "log_in");
  const auto other = source.ask("L");
  CHECK(source.engine.waiting() == 1);
  source.answer();
  CHECK(source.asked_for() == "fetch K L");
  source.answer();
  CHECK(one->text() == "value-1");
  CHECK(other->text() == "other");
}

TEST_CASE("a log-in that fails is told to all who wait for it, and nothing is fetched") {
  Cached source = with_login();
  const auto one = source.ask("K");
  source.engine.turn();
  const auto other = source.ask("L");
  source.answer(500);
  CHECK(one->is(Errc::network));
  CHECK(other->is(Errc::network));
  CHECK(source.asked_for().empty());
  source.pass_s(1);
  source.ask("K");
  CHECK(source.asked_for() == "log_in");
}

TEST_CASE("a log-in is renewed when it is due, used or not, and only then") {
  Cached source = with_login();
  source.ask();
  source.answer();
  source.answer();
  source.pass_s(3599);
  CHECK(source.asked_for().empty());
  source.pass_s(1);
  CHECK(source.asked_for() == "log_in");
  source.answer();
  source.pass_s(3599);
  CHECK(source.asked_for().empty());
  source.pass_s(1);
  CHECK(source.asked_for() == "log_in");
  source.answer(500);  // it is tried again
  source.pass_s(1);
  CHECK(source.asked_for() == "log_in");
}

TEST_CASE("a log-in ahead of the end that fails is tried again later, and nobody waits for it") {
  Cached source = with_login();
  go_to_due_login(source, 1000);
  const auto during = source.ask("L");
  CHECK(source.asked_for(1) == "fetch L");  // what was got before is good
  source.answer(200, 0, 1);
  CHECK(during->text() == "other");
  source.answer(500);
  CHECK(source.cache->state().next_try_us == 0);
  source.ask("M");
  CHECK(source.asked_for() == "fetch M");
  source.answer();
  for (const std::int64_t wait_s : {1, 2, 4}) {
    source.pass_s(wait_s - 1);
    CHECK(source.asked_for().empty());
    source.pass_s(1);
    REQUIRE(source.asked_for() == "log_in");
    source.answer(500);
  }
  source.pass_s(8);
  source.answer();
  source.pass_s(3599);
  CHECK(source.asked_for().empty());
}

TEST_CASE("a log-in ahead of the end that is refused takes nothing away before that end") {
  Cached source = with_login();
  go_to_due_login(source, 1000);
  source.answer(401);
  CHECK(source.ask("K")->text() == "value-1");
  CHECK(source.cache->state().generation == 0);
  source.pass_s(900);
  CHECK(source.asked_for().empty());  // nobody has asked
  const auto told = source.ask("L");
  CHECK(source.asked_for(0) == "log_in");
  CHECK(source.asked_for(1) == "fetch L");
  source.answer(401);
  source.answer();
  CHECK(told->text() == "other");
  source.pass_s(100);
  const auto over = source.ask("L");
  CHECK(source.asked_for() == "log_in");
  CHECK(source.engine.waiting() == 1);
  source.answer(401);
  CHECK(over->is(Errc::wrong_passphrase));
  CHECK(source.cache->state().generation == 1);
}

TEST_CASE("an emptied source logs in anew at once, though that failed a moment ago") {
  Cached source = with_login();
  go_to_due_login(source, 1000);
  source.answer(500);
  source.cache->flush();
  source.ask();
  CHECK(source.asked_for(0) == "log_in");
  CHECK(source.asked_for(1) == "fetch K");
}

TEST_CASE("a log-in that is taken back is tried again when somebody asks, and not before") {
  Cached source = with_login();
  source.ask();
  source.answer();
  source.answer();
  source.world.login_due_us = 0;  // as a source that has lost its session says it
  source.ask("L");
  source.answer(401);
  source.pass_s(7200);
  CHECK(source.asked_for().empty());
  source.ask("K");
  CHECK(source.asked_for() == "log_in");
  source.answer(401);
  source.pass_s(7200);
  CHECK(source.asked_for().empty());
}

TEST_CASE("what was logged in to is logged out of once, and nothing else is") {
  Cached never = with_login();
  bool is_done = false;
  never.cache->log_out(INT64_MAX, [&] { is_done = true; });
  CHECK(is_done);
  CHECK(never.asked_for().empty());

  Cached source = with_login();
  source.ask();
  source.answer();
  source.answer();
  is_done = false;
  source.cache->log_out(source.time.steady_us() + 1'000'000, [&] { is_done = true; });
  CHECK(source.asked_for() == "log_out");
  CHECK_FALSE(is_done);
  source.pass_s(1);  // it takes no longer than it may
  CHECK(is_done);
}

TEST_CASE("what a run has logged in to by itself is logged out of, too") {
  Cached source;
  source.fetch("K");
  source.world.has_login = true;  // as transit, which logs in where a value asks for it
  source.world.is_logged_in = true;
  source.cache->log_out(source.time.steady_us() + 1'000'000, [] {});
  CHECK(source.asked_for() == "log_out");
}

TEST_CASE("who has fallen silent tells nobody anything, and lets nobody wait") {
  Cached source;
  source.fetch("K");
  const auto told = source.ask("L");
  CHECK(source.asked_for() == "fetch L");
  source.cache->fall_silent();
  source.answer();
  CHECK(source.ask("L")->is(Errc::network));
  source.pass_s(80);
  CHECK(source.ask("K")->text() == "value-1");
  CHECK(source.asked_for().empty());
  source.cache.reset();
  CHECK_FALSE(told->is_told());
}

TEST_CASE("a source that is in no policy any more: who waits is told, and nothing of it is kept",
          "[I1]") {
  Cached source = with_login();
  source.ask();
  source.answer();
  source.answer();
  const auto told = source.ask("L");
  CHECK(source.asked_for() == "fetch L");
  source.cache.reset();
  CHECK(told->is(Errc::network));
  CHECK(source.store.bytes() == 0);
  source.answer();  // what was under way
  CHECK(source.store.bytes() == 0);
  CHECK(source.asked_for() == "log_out");
}

}  // namespace keyswap::vault
