// SPDX-License-Identifier: Apache-2.0
//
// What becomes of those who wait when a source fails, is emptied, or is not used any more.
#include "vault/sources/cache_core.h"

#include "test/vault/sources/fake_backend.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::Cached;
using sample::rule_with_stale;
using sample::with_login;

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
  source.cache->vault_changed({});
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

TEST_CASE("when a source may be asked again is not for those to say that were under way before") {
  const int status = GENERATE(200, 500);
  Cached source;
  const auto one = source.ask("K");
  CHECK(source.asked_for(0) == "fetch K");
  source.ask("L");
  CHECK(source.asked_for(1) == "fetch L");
  source.answer(429, 30'000);
  CHECK(one->answer->error().number == 30);
  source.answer(status);
  CHECK(source.ask("M")->answer->error().number == 30);
  source.pass_s(29);
  CHECK(source.ask("M")->is_at_once);
  source.pass_s(1);
  CHECK(source.fetch("K") == "value-1");
  CHECK_FALSE(source.ask("M")->is_told());
}

TEST_CASE("a source that says no time is up again with whatever it gives") {
  Cached source;
  source.ask("K");
  CHECK(source.asked_for(0) == "fetch K");
  source.ask("L");
  CHECK(source.asked_for(1) == "fetch L");
  source.answer(500);
  CHECK(source.ask("M")->is_at_once);
  source.answer();
  CHECK_FALSE(source.ask("M")->is_told());
}

TEST_CASE("a call that never ends is over after its time") {
  Cached source;
  const auto told = source.ask();
  source.pass_s(base::bounds::kSourceRunMs / 1000);
  CHECK(told->is(Errc::network));
  CHECK(source.cache->state().outcome == "timed_out");
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
