// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/cache.h"

#include "test/vault/sources/fake_backend.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::Cached;
using sample::kSecondUs;

CacheRule rule_with(std::int64_t jitter_ms, std::int64_t stale_ms = 0) {
  return {.ttl_ms = 100'000, .jitter_ms = jitter_ms, .entries_max = 10, .stale_ms = stale_ms};
}

}  // namespace

TEST_CASE("the first who asks waits for one call, and the next gets what is kept") {
  Cached source;
  const auto first = source.ask();
  CHECK_FALSE(first->is_told());
  CHECK(source.asked_for() == "fetch K");
  source.answer();
  CHECK(first->text() == "value-1");
  const auto second = source.ask();
  CHECK(second->is_at_once);
  CHECK(second->text() == "value-1");
  CHECK(source.engine.begun() == 1);
  CHECK(source.cache->state().entries == 1);
  CHECK(source.cache->state().outcome == "ok");
}

TEST_CASE("a thousand who ask at its end wait for one call, and all get what it brings") {
  Cached source;
  REQUIRE(source.fetch() == "value-1");
  source.pass_s(100);
  source.world.values["K"] = "value-2";
  std::vector<std::shared_ptr<sample::Told>> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(source.ask());
  }
  CHECK(source.asked_for() == "fetch K");
  CHECK(source.engine.waiting() == 1);
  source.answer();
  for (const auto& one : all) {
    REQUIRE(one->text() == "value-2");
  }
  CHECK(source.engine.begun() == 2);
}

TEST_CASE("more than may wait for one source are refused at once") {
  Cached source;
  for (std::size_t i = 0; i < base::bounds::kSourceQueueMax; ++i) {
    REQUIRE_FALSE(source.ask()->is_told());
  }
  CHECK(source.ask()->is(Errc::unavailable));
  source.answer();
  CHECK(source.ask()->text() == "value-1");
}

TEST_CASE("what is missing at one moment is asked for in one call") {
  Cached source;
  const auto one = source.ask("K");
  const auto other = source.ask("L");
  CHECK(source.asked_for() == "fetch K L");
  const auto late = source.ask("M");
  CHECK(source.asked_for(1) == "fetch M");
  source.answer();
  CHECK(one->text() == "value-1");
  CHECK(other->text() == "other");
  CHECK_FALSE(late->is_told());
}

TEST_CASE("G18 a value that is kept waits for no call for another") {
  Cached source;
  REQUIRE(source.fetch("K") == "value-1");
  const auto slow = source.ask("L");
  CHECK(source.asked_for() == "fetch L");
  CHECK(source.ask("K")->is_at_once);
  CHECK_FALSE(slow->is_told());
}

TEST_CASE("G05 G13 near its end a value is fetched anew behind the answer, and nobody waits") {
  Cached source;
  REQUIRE(source.fetch() == "value-1");
  source.world.values["K"] = "value-2";
  source.pass_s(79);
  CHECK(source.ask()->text() == "value-1");
  CHECK(source.asked_for().empty());
  source.pass_s(1);
  const auto before = source.ask();
  CHECK(before->is_at_once);
  CHECK(before->text() == "value-1");
  CHECK(source.ask()->is_at_once);
  CHECK(source.asked_for() == "fetch K");
  CHECK(source.engine.waiting() == 1);
  source.answer();
  CHECK(source.ask()->text() == "value-2");
  source.pass_s(79);
  CHECK(source.ask()->is_at_once);
}

TEST_CASE("past its end a value is waited for") {
  Cached source;
  REQUIRE(source.fetch() == "value-1");
  source.pass_s(100);
  CHECK_FALSE(source.ask()->is_told());
}

TEST_CASE("each entry lives longer or shorter by what is drawn, at most by half") {
  Cached source(rule_with(30'000));
  source.drawn = 0;
  REQUIRE(source.fetch("K") == "value-1");  // 70 s
  source.drawn = UINT64_MAX;
  REQUIRE(source.fetch("L") == "other");  // 130 s
  source.pass_s(70);
  CHECK_FALSE(source.ask("K")->is_told());
  source.answer();
  CHECK(source.ask("L")->is_at_once);
  source.pass_s(60);
  CHECK_FALSE(source.ask("L")->is_told());

  Cached wide(rule_with(1'000'000));  // counts as 50 s
  REQUIRE(wide.fetch() == "value-1");
  wide.pass_s(49);
  CHECK(wide.ask()->is_at_once);
  wide.pass_s(1);
  CHECK_FALSE(wide.ask()->is_told());
}

TEST_CASE("a value is no longer kept than its source says") {
  Cached source(rule_with(0, 1'000'000));
  const std::int64_t now_s = source.time.wall_us() / kSecondUs;
  source.world.expires_at = now_s + 10;
  REQUIRE(source.fetch() == "value-1");
  source.pass_s(7);
  const auto kept = source.ask();
  REQUIRE(kept->is_at_once);
  CHECK((*kept->answer)->expires_at == now_s + 10);
  source.pass_s(3);
  CHECK_FALSE(source.ask()->is_told());
  CHECK(source.cache->state().entries == 0);  // and it is not stale: it is over
}

TEST_CASE("an end that no clock will see is an end like others") {
  Cached source(rule_with(0), GENERATE(false, true));
  source.world.expires_at = GENERATE(values<std::int64_t>({INT64_MAX, INT64_MIN, -1, 0}));
  const bool is_over = *source.world.expires_at <= 0;
  CHECK(source.fetch() == "value-1");  // who waited for it gets it all the same
  CHECK(source.ask()->is_told() == !is_over);
}

TEST_CASE("what is minted lives as long as it says, and is made anew a minute ahead") {
  Cached source(rule_with(0), true);
  source.world.expires_at = source.time.wall_us() / kSecondUs + 3600;
  REQUIRE(source.fetch() == "value-1");
  source.pass_s(3600 - 361);
  CHECK(source.ask()->is_at_once);
  CHECK(source.asked_for().empty());
  source.pass_s(1);  // a tenth of its life
  CHECK(source.ask()->is_at_once);
  CHECK(source.asked_for() == "fetch K");

  Cached brief(rule_with(0), true);
  brief.world.expires_at = brief.time.wall_us() / kSecondUs + 100;
  REQUIRE(brief.fetch() == "value-1");
  brief.pass_s(49);
  CHECK(brief.ask()->is_at_once);
  CHECK(brief.asked_for().empty());  // not more than half of it
  brief.pass_s(1);
  CHECK(brief.ask()->is_at_once);
  CHECK(brief.asked_for() == "fetch K");
}

TEST_CASE(
    "L04 what is minted and says no end is made anew a minute ahead of the end that is assumed") {
  Cached source(rule_with(0), true);
  REQUIRE(source.fetch() == "value-1");
  source.pass_s(49);
  CHECK(source.ask()->is_at_once);
  CHECK(source.asked_for().empty());
  source.pass_s(1);  // half of its life
  CHECK(source.ask()->is_at_once);
  CHECK(source.asked_for() == "fetch K");
}

TEST_CASE("the same value has the same version, and another value another") {
  Cached source;
  REQUIRE(source.fetch() == "value-1");
  const std::string first = (*source.ask()->answer)->version;
  const auto refresh = [&] {
    source.pass_s(80);
    source.ask();
    source.answer();
    return (*source.ask()->answer)->version;
  };
  CHECK(refresh() == first);
  source.world.values["K"] = "value-2";
  CHECK(refresh() != first);
}

TEST_CASE("G20 what is asked for only if it is known makes no call") {
  Cached source;
  CHECK(source.ask("K", EntryKind::text, true)->is(Errc::not_found));
  CHECK(source.asked_for().empty());
  REQUIRE(source.fetch() == "value-1");
  source.pass_s(90);
  CHECK(source.ask("K", EntryKind::text, true)->text() == "value-1");
  CHECK(source.asked_for().empty());
}

TEST_CASE("G07 of more entries than the rule allows, those used least lately are fetched anew") {
  Cached source({.ttl_ms = 100'000, .jitter_ms = 0, .entries_max = 1});
  REQUIRE(source.fetch("K") == "value-1");
  REQUIRE(source.fetch("L") == "other");
  CHECK_FALSE(source.ask("K")->is_told());
  CHECK(source.cache->state().entries == 1);
}

TEST_CASE("one line end behind a value is not of it, and no other control may stand in it") {
  Cached source;
  source.world.values = {{"K", "value\n"},
                         {"L", "value\r\n"},
                         {"two", "value\n\n"},
                         {"field", "value\r\nHost: evil"},
                         {"nul", std::string("a\0b", 3)},
                         {"none", ""},
                         {"long", std::string(base::bounds::kSecretBytesMax + 1, 'a')}};
  CHECK(source.fetch("K") == "value");
  CHECK(source.fetch("L") == "value");
  for (const char* key : {"two", "field", "nul", "none", "long"}) {
    const auto told = source.ask(key);
    source.answer();
    INFO(key);
    CHECK(told->is(Errc::corrupt));
  }
  CHECK(source.cache->state().entries == 2);
}

TEST_CASE("a private key comes as PEM and is kept as what signs, apart from the text") {
  Cached source;
  source.world.values["K"] =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
      "-----END PRIVATE KEY-----\n";
  const auto key = source.ask("K", EntryKind::private_key);
  const auto text = source.ask("K");
  CHECK(source.asked_for() == "fetch K");  // once for both
  source.answer();
  REQUIRE(key->is_told());
  REQUIRE(*key->answer);
  CHECK((*key->answer)->value.size() == 48);  // RFC 8410 section 10.3
  CHECK(text->is(Errc::corrupt));
  source.world.values["K"] = "no key";
  source.cache->flush();
  const auto none = source.ask("K", EntryKind::private_key);
  source.answer();
  CHECK(none->is(Errc::corrupt));
}

TEST_CASE("G21 a value is wiped when it is over, though nobody asks for it again", "[I1]") {
  Cached source;
  source.fetch();
  Secret::Watch watch;
  {
    const auto told = source.ask();
    watch = Secret::Watch((*told->answer)->value);
  }
  REQUIRE(watch.find());
  source.pass_s(100);
  CHECK_FALSE(watch.find());
}

TEST_CASE("F09 fields of one value are fetched together, and are of one answer") {
  Cached source;
  const std::string user = key_text("db", "user");
  const std::string password = key_text("db", "password");
  source.world.values = {{user, "u"}, {password, "p"}, {"L", "other"}};
  REQUIRE(source.fetch(user) == "u");
  REQUIRE(source.fetch("L") == "other");
  const auto late = source.ask(password);
  CHECK(source.asked_for() == "fetch " + password + " " + user);
  source.answer();
  const auto both = source.ask(user);
  REQUIRE(late->text() == "p");
  REQUIRE(both->text() == "u");
  CHECK((*late->answer)->field_of == "db");
  CHECK((*late->answer)->field_of == (*both->answer)->field_of);
  CHECK((*late->answer)->answer == (*both->answer)->answer);
  source.pass_s(80);
  source.ask(user);
  CHECK(source.asked_for() == "fetch " + password + " " + user);
}

TEST_CASE("F09 a field waits while another of its value is under way, and then they are of one") {
  Cached source;
  const std::string user = key_text("db", "user");
  const std::string password = key_text("db", "password");
  source.world.values = {{user, "u"}, {password, "p"}};
  const auto one = source.ask(user);
  CHECK(source.asked_for() == "fetch " + user);
  const auto other = source.ask(password);
  source.engine.turn();
  CHECK(source.engine.waiting() == 1);
  SECTION("the other comes") {
    source.answer();
    CHECK(source.asked_for() == "fetch " + password + " " + user);
    source.answer();
    REQUIRE(other->text() == "p");
    CHECK((*source.ask(user)->answer)->answer == (*other->answer)->answer);
    CHECK((*one->answer)->answer != (*other->answer)->answer);
  }
  SECTION("the other cannot be read") {
    source.answer(422);
    CHECK(source.asked_for() == "fetch " + password);
  }
  SECTION("the source is emptied") {
    source.cache->flush();
    CHECK(one->is(Errc::network));
    CHECK(source.asked_for(1) == "fetch " + password);
  }
}

TEST_CASE("a flush ends every wait for a source that failed") {
  const int status = GENERATE(500, 401, 404);
  Cached source;
  source.ask();
  source.answer(status, 900'000);
  CHECK(source.ask()->is_at_once);  // it is not asked again yet
  source.cache->flush();
  CHECK_FALSE(source.ask()->is_at_once);
  CHECK(source.asked_for() == "fetch K");
}

TEST_CASE("who waits while an opener is changed is given what comes, and nobody after him",
          "[I13]") {
  const bool is_minted = GENERATE(true, false);
  Cached source(sample::rule_with_stale(0), is_minted);
  REQUIRE(source.fetch("L") == "other");
  const auto told = source.ask();
  REQUIRE_FALSE(told->is_at_once);
  source.asked_for();
  source.cache->vault_changed({7});
  source.answer();
  CHECK(told->text() == "value-1");
  CHECK(source.ask("K")->is_at_once != is_minted);
  CHECK(source.ask("L")->is_at_once != is_minted);
}

TEST_CASE("a value that a service refused is asked for anew, but once a minute at most", "[I10]") {
  Cached source;
  const auto is_kept_when_refused = [&](std::string_view version) {
    source.cache->refused({0, "K", ""}, EntryKind::text, version);
    return source.ask()->is_at_once;
  };
  REQUIRE(source.fetch("K") == "value-1");
  REQUIRE(source.fetch("L") == "other");
  const std::string version = (*source.ask()->answer)->version;
  source.pass_s(59);
  CHECK(is_kept_when_refused(version));
  source.pass_s(1);
  CHECK(is_kept_when_refused("of before"));
  CHECK_FALSE(is_kept_when_refused(version));
  CHECK(source.ask("L")->is_at_once);
  source.world.values["K"] = "value-2";
  source.answer();
  const auto other = source.ask();
  REQUIRE(other->text() == "value-2");
  CHECK(is_kept_when_refused((*other->answer)->version));
}

TEST_CASE("behind a change of the vault a source that was not let in is asked at once, no other") {
  const bool is_lost = GENERATE(true, false);
  Cached source;
  source.ask();
  source.answer(is_lost ? 401 : 500);
  source.cache->vault_changed({});
  CHECK(source.ask()->is_at_once != is_lost);
}

TEST_CASE("however often values are fetched anew, one timer waits for their end", "[I1]") {
  Cached source;
  source.fetch("L");
  for (int i = 0; i < 20; ++i) {
    source.fetch("K");
    source.pass_s(80);
    source.ask("K");
    source.answer();
  }
  CHECK(source.engine.timers() == 1);
  CHECK(source.cache->state().entries == 1);  // L is over
  source.pass_s(100);
  CHECK(source.cache->state().entries == 0);
  CHECK(source.engine.timers() == 0);
}

TEST_CASE("what is over sooner than what was fetched before is wiped in its own time", "[I1]") {
  Cached source;
  source.fetch("K");
  source.world.expires_at = source.time.wall_us() / kSecondUs + 10;
  source.fetch("L");
  source.pass_s(10);
  CHECK(source.cache->state().entries == 1);
  source.pass_s(90);
  CHECK(source.cache->state().entries == 0);
}

}  // namespace keyswap::vault
