// SPDX-License-Identifier: Apache-2.0
//
// A source that has to be logged in to, and out of.
#include "test/vault/sources/fake_backend.h"
#include "vault/sources/cache_core.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::Cached;
using sample::with_login;

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

TEST_CASE("behind a change of the vault it logs in anew at once, though that failed a moment ago") {
  Cached source = with_login();
  go_to_due_login(source, 1000);
  source.answer(500);
  source.ask("L");
  CHECK(source.asked_for() == "fetch L");  // and no log-in
  source.answer();
  source.cache->vault_changed({});
  source.ask("M");
  CHECK(source.asked_for(0) == "log_in");
  CHECK(source.asked_for(1) == "fetch M");
}

TEST_CASE("a log-in that is due waits while its source rests, though its time was set before") {
  Cached source = with_login();
  source.ask();
  source.answer();
  source.answer();
  source.pass_s(3590);
  source.ask("L");
  source.answer(429, 60'000);
  source.pass_s(10);
  CHECK(source.asked_for().empty());
  source.pass_s(49);
  CHECK(source.asked_for().empty());
  source.pass_s(1);
  CHECK(source.asked_for() == "log_in");
}

TEST_CASE(
    "a log-in whose turn to call does not come takes its source for down no more than a key's") {
  Cached source = with_login();
  const auto told = source.ask("K");
  CHECK(source.asked_for() == "log_in");
  source.engine.give_no_turn();
  REQUIRE(told->is(Errc::network));
  CHECK(told->answer->error().number == 1);
  CHECK(source.cache->state().next_try_us == 0);
  CHECK_FALSE(source.ask("L")->is_told());
  CHECK(source.asked_for() == "log_in");
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

}  // namespace keyswap::vault
