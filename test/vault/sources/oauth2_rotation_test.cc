// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/oauth2_rotation.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "test/bindings/jwt_keys.h"
#include "test/vault/sources/token_world.h"
#include "vault/sources/oauth2_kept.h"

namespace keyswap::vault {

extern const BackendKind kOAuth2Kind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words
using Records = std::vector<std::string>;

constexpr std::int64_t kSecondUs = 1'000'000;

SourceSpec sample_spec(std::vector<SourceSetting> more = {}) {
  std::vector<SourceSetting> settings = {{"token_url", "https://auth.example.com/token"},
                                         {"client_id", "CLIENT"},
                                         {"client_secret", "CLIENT_SECRET"},
                                         {"refresh_token", "REFRESH"}};
  settings.insert(settings.end(), more.begin(), more.end());
  auto spec = spec_of(std::move(settings));
  spec.id = "mint:K";
  spec.is_minted = true;
  return spec;
}

Process process_in(World& world, std::vector<SourceSetting> more = {}) {
  return {kOAuth2Kind, sample_spec(std::move(more)), world};
}

// Steps until a run is over, each carried out.
int steps_of_a_run() {
  World world;
  auto process = process_in(world);
  process.begin();
  int steps = 0;
  while (process.go()) {
    ++steps;
  }
  return steps;
}

// To the first step of that kind.
template <typename Wanted>
void go_to(Process& process, const std::function<bool(const Wanted&)>& is_it = nullptr) {
  process.begin();
  const auto is_there = [&] {
    const auto* const step = std::get_if<Wanted>(&process.step());
    return step != nullptr && (is_it == nullptr || is_it(*step));
  };
  while (!is_there()) {
    REQUIRE(process.go());
  }
}

bool is_refresh_kept(const KeepEntry& step) {
  return step.name.text() == "REFRESH";
}

// One of each kind of answer, those of an entry and of a call with something that is neither.
std::vector<std::function<Answer()>> all_answers() {
  return {[] { return TokenServer::made(200, "{}"); },
          [] { return TokenServer::made(500, ""); },
          [] {
            return CommandAnswer{0, Secret::copy_of("x").value()};
          },
          [] {
            return EntryAnswer{Secret::copy_of("something else").value(), "v9"};
          },
          [] { return Granted{}; },
          [] { return Kept::done; },
          [] { return Kept::conflict; },
          [] { return Kept::failed; },
          [] { return Noted{true}; },
          [] { return Noted{false}; },
          [] {
            return base::Error{base::Errc::network, "gone"};
          },
          [] {
            return base::Error{base::Errc::not_found, "none"};
          },
          [] {
            return base::Error{base::Errc::unavailable, "no room"};
          }};
}

}  // namespace

TEST_CASE("L01 a refresh token is sent with the client's id and secret in the form") {
  World world;
  auto process = process_in(world, {{"scope", "read write"}});
  go_to<Call>(process);
  const Call& call = std::get<Call>(process.step());
  CHECK(line_of(call) == "POST https://auth.example.com/token");
  CHECK(field_of(call, "Content-Type") == "application/x-www-form-urlencoded");
  CHECK(field_of(call, "Authorization").empty());
  CHECK(body_of(call) ==
        "grant_type=refresh_token&refresh_token=refresh-0000&scope=read%20write&"
        "client_id=client%20id&client_secret=s%2Bcret");
}

TEST_CASE("L02 with `auth: basic` they stand in the head, encoded as in a form, and not in it") {
  World world;
  auto process = process_in(world, {{"auth", "basic"}});
  go_to<Call>(process);
  const Call& call = std::get<Call>(process.step());
  // "client%20id:s%2Bcret"
  CHECK(field_of(call, "Authorization") == "Basic Y2xpZW50JTIwaWQ6cyUyQmNyZXQ=");
  CHECK(body_of(call) == "grant_type=refresh_token&refresh_token=refresh-0000");
}

TEST_CASE("A client that signs who it is exchanges its refresh token with an assertion") {
  World world;
  world.vault["CLIENT_KEY"] = {std::string(bindings::test::kJwtRsaKey), "k"};
  auto spec = sample_spec({{"auth", "private_key_jwt"}, {"key", "CLIENT_KEY"}});
  std::erase_if(spec.settings, [](const auto& one) { return one.name == "client_secret"; });
  Process process(kOAuth2Kind, spec, world);
  go_to<Call>(process);
  const std::string body = body_of(std::get<Call>(process.step()));
  CHECK(body.starts_with("grant_type=refresh_token&refresh_token=refresh-0000&client_id="));
  CHECK(body.find("&client_assertion=ey") != std::string::npos);
  while (process.go()) {
  }
  CHECK(told(process.step()) == "access-1");
  CHECK(world.value("REFRESH") == "refresh-0001");
}

TEST_CASE("L15 a new refresh token is recorded as pending, kept, recorded, and then used",
          "[I13]") {
  World world;
  auto process = process_in(world);
  go_to<Call>(process);
  CHECK(world.records == Records{"pending ok"});
  REQUIRE(process.go());
  CHECK(std::get<KeepEntry>(process.step()).name.text() == "REFRESH");
  CHECK(std::get<KeepEntry>(process.step()).replaces == "v0");
  while (process.go()) {
  }
  CHECK(told(process.step()) == "access-1");
  CHECK(world.records == Records{"pending ok", "rotated ok"});
  CHECK(world.value("REFRESH") == "refresh-0001");
  const auto& done = std::get<Done>(process.step());
  CHECK(done.values.at(0).expires_at == process.now_us / kSecondUs + 3600);
}

TEST_CASE("L16 the same refresh token again, or none, is no rotation") {
  World world;
  world.server.rotates = false;
  auto process = process_in(world);
  CHECK(told(process.fetch()) == "access-1");
  CHECK(world.records == Records{"pending ok"});
  CHECK(world.vault.at("REFRESH").version == "v0");
  go_to<Call>(process);
  process.tell(TokenServer::made(200, R"({"access_token":"b","token_type":"bearer"})"));
  while (process.go()) {
  }
  CHECK(told(process.step()) == "b");
  CHECK(world.records == Records{"pending ok", "pending ok"});
}

TEST_CASE("L20 a malformed refresh token is not stored; what came with it is used") {
  World world;
  auto process = process_in(world);
  go_to<Call>(process);
  process.tell(TokenServer::made(
      200, R"({"access_token":"b","token_type":"bearer","refresh_token":"x\u0001yyyyyyyyyy"})"));
  while (process.go()) {
  }
  CHECK(told(process.step()) == "b");
  CHECK(world.records == Records{"pending ok", "failed rejected_malformed"});
  CHECK(world.value("REFRESH") == "refresh-0000");
}

TEST_CASE("L19 each new refresh token is kept, however soon it comes after the last") {
  World world;
  auto process = process_in(world);
  CHECK(told(process.fetch()) == "access-1");
  CHECK(told(process.fetch()) == "access-2");
  CHECK(world.records == Records{"pending ok", "rotated ok", "pending ok", "rotated ok"});
  CHECK(world.value("REFRESH") == "refresh-0002");
}

TEST_CASE("L18 who changed the entry meanwhile wins: what he put there is sent, and stays") {
  World world;
  auto process = process_in(world);
  go_to<KeepEntry>(process, is_refresh_kept);
  world.put("REFRESH", "refresh-by-hand");
  world.server.good = "refresh-by-hand";
  world.server.rotates = false;
  while (process.go()) {
  }
  CHECK(told(process.step()) == "access-2");
  CHECK(world.value("REFRESH") == "refresh-by-hand");
  CHECK(world.records == Records{"pending ok", "conflict conflict", "pending ok"});
}

TEST_CASE("Who changes the entry each time ends the run") {
  World world;
  auto process = process_in(world);
  process.begin();
  do {
    const auto* const keep = std::get_if<KeepEntry>(&process.step());
    if (keep != nullptr && is_refresh_kept(*keep)) {
      world.put("REFRESH", world.server.good + "-other");
      world.server.good += "-other";
    }
  } while (process.go());
  CHECK(told(process.step()) == "(rotation_conflict)");
  CHECK(world.server.calls == 2);
}

TEST_CASE("L17 what cannot be written is not used; it is written with the next run", "[I13]") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  CHECK(world.server.calls == 1);
  CHECK(world.value("REFRESH") == "refresh-0000");
  world.is_disk_full = false;
  CHECK(told(process.fetch()) == "access-1");
  CHECK(world.server.calls == 1);
  CHECK(world.value("REFRESH") == "refresh-0001");
  CHECK(world.records ==
        Records{"pending ok", "failed write_failed", "failed write_failed", "rotated ok"});
}

TEST_CASE("L17 what could not be written is written when its source goes, and nobody is asked",
          "[I13]") {
  World world;
  auto process = process_in(world);
  CHECK_FALSE(process.begin_end());
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  world.is_disk_full = false;
  REQUIRE(process.begin_end());
  while (process.go()) {
  }
  CHECK(std::holds_alternative<Done>(process.step()));
  CHECK(world.server.calls == 1);
  CHECK(world.value("REFRESH") == "refresh-0001");
  CHECK(world.records == Records{"pending ok", "failed write_failed", "rotated ok"});
  process.restart();
  CHECK(told(process.fetch()) == "access-2");
  CHECK_FALSE(world.server.is_revoked);
}

TEST_CASE("What could not be written as its source went is written by the one that follows it",
          "[I13]") {
  for (const bool is_other_scope : {true, false}) {
    INFO(is_other_scope);
    World world;
    auto process = process_in(world);
    world.is_disk_full = true;
    CHECK(told(process.fetch()) == "(rotation_write_failed)");
    REQUIRE(process.begin_end());
    while (process.go()) {
    }
    CHECK(told(process.step()) == "(rotation_write_failed)");
    process.reload(is_other_scope ? sample_spec({{"scope", "read"}}) : sample_spec());
    CHECK(told(process.fetch()) == "(rotation_write_failed)");
    CHECK(world.server.calls == 1);  // nothing is asked for meanwhile
    world.is_disk_full = false;
    // What came for the policy of before is not used; the new refresh token is.
    CHECK(told(process.fetch()) == "access-2");
    CHECK_FALSE(world.server.is_revoked);
    CHECK(world.value("REFRESH") == world.server.good);
  }
}

TEST_CASE("An access token that is no use says nothing to the source that follows", "[I13]") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  go_to<Call>(process);
  process.tell(TokenServer::made(200, R"({"expires_in":1,"refresh_token":"refresh-new1"})"));
  while (process.go()) {
  }
  world.is_disk_full = false;
  world.server.good = "refresh-new1";
  process.reload(sample_spec({{"scope", "read"}}));
  CHECK(told(process.fetch()) == "access-1");
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE("A clock that is set back makes nobody ask again and again") {
  World world;
  auto process = process_in(world);
  go_to<Call>(process);
  process.now_us -= 100 * kSecondUs;
  while (process.go()) {
  }
  CHECK(told(process.step()) == "access-1");
  CHECK(world.server.calls == 1);
}

TEST_CASE("A source that follows writes as it goes what the one before it could not", "[I13]") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  process.reload(sample_spec({{"scope", "read"}}));
  world.is_disk_full = false;
  REQUIRE(process.begin_end());
  while (process.go()) {
  }
  CHECK(world.server.calls == 1);
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE("When its source goes and the disk is still full, the record says so") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  REQUIRE(process.begin_end());
  while (process.go()) {
  }
  CHECK(told(process.step()) == "(rotation_write_failed)");
  CHECK(world.records == Records{"pending ok", "failed write_failed", "failed write_failed"});
}

TEST_CASE("When its source goes, what a person put there stays") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  world.is_disk_full = false;
  world.put("REFRESH", "refresh-by-hand");
  REQUIRE(process.begin_end());
  while (process.go()) {
  }
  CHECK(world.value("REFRESH") == "refresh-by-hand");
  CHECK(world.records == Records{"pending ok", "failed write_failed", "conflict conflict"});
}

TEST_CASE("What a run leaves that is under way as its source goes is kept behind it", "[I13]") {
  World world;
  RefreshGrant grant(sample_spec(), *SecretName::parse("REFRESH"));
  const std::vector<std::string> keys = {"K"};
  CHECK(last_keep_run(grant) == nullptr);
  {
    const auto run = refresh_run(grant, keys);
    auto last = last_keep_run(grant);
    REQUIRE(last != nullptr);
    CHECK(std::holds_alternative<LockEntry>(last->begin(0)));
    CHECK(std::holds_alternative<Done>(last->on(Granted{}, 0)));  // it left nothing
  }
  CHECK(last_keep_run(grant) == nullptr);
}

TEST_CASE("What waited to be written for longer than its token lives is written, and asked anew") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  world.is_disk_full = false;
  process.now_us += 3700 * kSecondUs;
  CHECK(told(process.fetch()) == "access-2");
  CHECK_FALSE(world.server.is_revoked);
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE("A new refresh token is kept whatever is wrong with the access token beside it",
          "[I13]") {
  for (const std::string bad : {R"("access_token":"a","token_type":"DPoP")",
                                R"("access_token":"a","expires_in":0)",
                                R"("access_token":"a","expires_in":36000000000)",
                                R"("access_token":"")",
                                R"("token_type":"bearer")"}) {
    INFO(bad);
    World world;
    auto process = process_in(world);
    go_to<Call>(process);
    process.tell(TokenServer::made(200, "{" + bad + R"(,"refresh_token":"refresh-new1"})"));
    while (process.go()) {
    }
    CHECK(std::holds_alternative<Failed>(process.step()));
    CHECK(world.value("REFRESH") == "refresh-new1");
    CHECK(world.records == Records{"pending ok", "rotated ok"});
    world.server.good = "refresh-new1";
    CHECK(told(process.fetch()) == "access-1");
    CHECK_FALSE(world.server.is_revoked);
  }
}

TEST_CASE("A new refresh token is kept though its server says 201", "[I13]") {
  World world;
  auto process = process_in(world);
  go_to<Call>(process);
  process.tell(TokenServer::made(
      201, R"({"access_token":"a","token_type":"bearer","refresh_token":"refresh-new1"})"));
  while (process.go()) {
  }
  CHECK(told(process.step()) == "a");
  CHECK(world.value("REFRESH") == "refresh-new1");
}

TEST_CASE("It is kept with the next run, too, and then asked with") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  go_to<Call>(process);
  process.tell(TokenServer::made(200, R"({"expires_in":1,"refresh_token":"refresh-new1"})"));
  while (process.go()) {
  }
  CHECK(told(process.step()) == "(rotation_write_failed)");
  world.is_disk_full = false;
  world.server.good = "refresh-new1";
  CHECK(told(process.fetch()) == "access-1");
  CHECK(world.value("REFRESH") == world.server.good);
  CHECK(world.records ==
        Records{"pending ok", "failed write_failed", "rotated ok", "pending ok", "rotated ok"});
}

TEST_CASE("An access token that says no end has not the end of the one before it") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  world.is_disk_full = false;
  process.now_us += 3700 * kSecondUs;  // what waits is over: another one is asked for
  go_to<Call>(process);
  process.tell(TokenServer::made(
      200, R"({"access_token":"b","token_type":"bearer","refresh_token":"refresh-new1"})"));
  while (process.go()) {
  }
  CHECK(told(process.step()) == "b");
  CHECK_FALSE(std::get<Done>(process.step()).values.at(0).expires_at);
}

TEST_CASE("What waits to be written gives way to what a person put there") {
  World world;
  auto process = process_in(world);
  world.is_disk_full = true;
  CHECK(told(process.fetch()) == "(rotation_write_failed)");
  world.is_disk_full = false;
  world.put("REFRESH", "refresh-by-hand");
  world.server.good = "refresh-by-hand";
  CHECK(told(process.fetch()) == "access-2");
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE("A log that is dead lets no token be used, and none be lost", "[I13]") {
  World world;
  world.is_log_dead = true;
  auto process = process_in(world);
  CHECK(told(process.fetch()) == "(audit_unavailable)");
  CHECK(world.server.calls == 0);
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE("A log that dies while the call is out lets no token be used, and none be lost",
          "[I13]") {
  World world;
  auto process = process_in(world);
  go_to<Call>(process);
  world.is_log_dead = true;
  while (process.go()) {
  }
  CHECK(told(process.step()) == "(audit_unavailable)");
  CHECK(world.server.calls == 1);
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE(
    "A lock that a read-only disk does not take, or a vault that is damaged, is ours to mend") {
  World world;
  auto process = process_in(world);
  process.begin();
  REQUIRE(std::holds_alternative<LockEntry>(process.step()));
  process.tell(base::Error{base::Errc::io, "the file of locks cannot be opened", EROFS});
  CHECK(told(process.step()) == "(unavailable)");
  go_to<ReadEntry>(process);
  process.tell(base::Error{base::Errc::corrupt, "a sealed value does not pass its check"});
  CHECK(told(process.step()) == "(unavailable)");
  CHECK(world.server.calls == 0);
}

TEST_CASE("L05 a refresh token that is refused is not tried again, until it is another one") {
  World world;
  world.server.good = "another";
  auto process = process_in(world);
  CHECK(told(process.fetch()) == "(token_endpoint_error:invalid_grant)");
  CHECK(std::get<Failed>(process.step()).fault == FetchFault::needs_login);
  process.restart();
  CHECK(told(process.fetch()) == "(token_endpoint_error:invalid_grant)");
  auto other = process_in(world, {{"scope", "other"}});
  CHECK(told(other.fetch()) == "(token_endpoint_error:invalid_grant)");
  CHECK(world.server.calls == 1);
  world.put("REFRESH", "refresh-by-hand");
  world.server.good = "refresh-by-hand";
  world.server.is_revoked = false;
  CHECK(told(process.fetch()) == "access-2");
}

TEST_CASE(
    "A refresh token that its server lost gives way to the one before it, which is good yet") {
  World world;
  auto process = process_in(world);
  REQUIRE(told(process.fetch()) == "access-1");
  world.server.sees_theft = false;
  world.server.good = "refresh-0000";  // as its database had it before
  process.restart();
  SECTION("and is exchanged") {
    CHECK(told(process.fetch()) == "access-3");
    CHECK(world.value("REFRESH") == "refresh-0003");
  }
  SECTION("and is kept where it is not exchanged") {
    world.server.rotates = false;
    CHECK(told(process.fetch()) == "access-3");
    CHECK(world.value("REFRESH") == "refresh-0000");
  }
  CHECK(world.records ==
        Records{"pending ok", "rotated ok", "pending ok", "pending previous", "rotated ok"});
  CHECK(told(process.fetch()) == "access-4");
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE(
    "L05 a server that takes the one before for a theft is asked with it once, where the login "
    "is over") {
  World world;
  auto process = process_in(world);
  REQUIRE(told(process.fetch()) == "access-1");
  world.server.is_revoked = true;
  CHECK(told(process.fetch()) == "(token_endpoint_error:invalid_grant)");
  CHECK(world.server.sent == std::vector<std::string>{"refresh_token=refresh-0000",
                                                      "refresh_token=refresh-0001",
                                                      "refresh_token=refresh-0000"});
  process.restart();
  CHECK(told(process.fetch()) == "(token_endpoint_error:invalid_grant)");
  CHECK(world.server.calls == 3);
}

TEST_CASE(
    "The refresh token before is not sent where the one in the vault has worked, was put there "
    "by a person, or was not refused") {
  World world;
  auto process = process_in(world);
  REQUIRE(told(process.fetch()) == "access-1");
  world.server.sees_theft = false;
  SECTION("it has worked, and is the same still") {
    world.server.rotates = false;
    REQUIRE(told(process.fetch()) == "access-2");
    world.server.good = "refresh-0000";
  }
  SECTION("a person put it there") {
    world.put("REFRESH", "refresh-by-hand");
    world.server.good = "refresh-0000";
  }
  SECTION("the server says that it is over") {
    go_to<Call>(process);
    process.tell(TokenServer::made(400, R"({"error":"token_expired"})"));
  }
  SECTION("nobody knows whether it was taken") {
    go_to<Call>(process);
    process.tell(base::Error{base::Errc::timed_out, "no answer"});
    CHECK(world.server.calls == 1);
    return;
  }
  while (process.go()) {
  }
  const int calls = world.server.calls;
  CHECK(told(process.fetch()) == "(token_endpoint_error:invalid_grant)");
  CHECK(world.server.calls - calls <= 1);
  CHECK(std::count(world.records.begin(), world.records.end(), "pending previous") == 0);
}

TEST_CASE("The one before is kept also where the access token was no use, or was written late",
          "[I13]") {
  for (const bool is_late : {true, false}) {
    INFO(is_late);
    World world;
    auto process = process_in(world);
    world.is_disk_full = is_late;
    go_to<Call>(process);
    process.tell(TokenServer::made(200, R"({"expires_in":1,"refresh_token":"refresh-new1"})"));
    while (process.go()) {
    }
    world.is_disk_full = false;
    world.server.sees_theft = false;
    CHECK(told(process.fetch()) == "access-2");
    CHECK(world.server.sent ==
          std::vector<std::string>{"refresh_token=refresh-new1", "refresh_token=refresh-0000"});
  }
}

TEST_CASE("Two processes race for one refresh: one call, and both have the token") {
  World world;
  auto first = process_in(world);
  auto second = process_in(world);
  first.begin();
  REQUIRE(first.go());  // it has the lock
  world.is_locked = true;
  second.begin();
  CHECK_FALSE(second.go());
  world.is_locked = false;
  while (first.go()) {
  }
  second.now_us = first.now_us;
  while (second.go()) {
  }
  CHECK(told(first.step()) == "access-1");
  CHECK(told(second.step()) == "access-1");
  CHECK(world.server.calls == 1);
  CHECK(std::get<Done>(second.step()).values.at(0).expires_at ==
        std::get<Done>(first.step()).values.at(0).expires_at);
}

TEST_CASE("At the end of its life one process fetches it anew, and the other takes that") {
  World world;
  auto first = process_in(world);
  auto second = process_in(world);
  CHECK(told(first.fetch()) == "access-1");
  second.now_us = first.now_us;
  CHECK(told(second.fetch()) == "access-2");  // it had none, and what was there may be of before
  first.now_us = second.now_us;
  CHECK(told(first.fetch()) == "access-2");
  first.now_us += 3550 * kSecondUs;
  CHECK(told(first.fetch()) == "access-3");
  second.now_us = first.now_us;
  CHECK(told(second.fetch()) == "access-3");
  CHECK(world.server.calls == 3);
}

TEST_CASE("What a person put there and another process exchanged is taken, and costs no call",
          "[I13]") {
  World world;
  auto first = process_in(world);
  auto second = process_in(world);
  CHECK(told(first.fetch()) == "access-1");
  world.put("REFRESH", "refresh-by-hand");
  world.server.good = "refresh-by-hand";
  second.now_us = first.now_us;
  CHECK(told(second.fetch()) == "access-2");
  first.reopen();
  first.now_us = second.now_us;
  CHECK(told(first.fetch()) == "access-2");
  CHECK(world.server.calls == 2);
}

TEST_CASE("What another process exchanged is taken again where the look at the vault came behind") {
  World world;
  auto first = process_in(world);
  auto second = process_in(world);
  second.begin();  // it has not had any of this start yet
  CHECK(told(first.fetch()) == "access-1");
  second.now_us = first.now_us;
  while (second.go()) {
  }
  CHECK(told(second.step()) == "access-1");
  second.reopen();
  CHECK(told(second.fetch()) == "access-1");
  CHECK(world.server.calls == 1);
  SECTION("but once") {
    CHECK(told(second.fetch()) == "access-2");
  }
  SECTION("and not where it was dropped by hand") {
    second.forget();
    second.reopen();
    CHECK(told(second.fetch()) == "access-2");
  }
}

TEST_CASE("What was got with a client's secret of before is taken no more, by nobody", "[I13]") {
  for (const auto* const entry : {"CLIENT", "CLIENT_SECRET"}) {
    INFO(entry);
    World world;
    auto first = process_in(world);
    auto second = process_in(world);
    second.begin();
    CHECK(told(first.fetch()) == "access-1");
    world.put(entry, "another");
    first.reopen();
    second.now_us = first.now_us;
    while (second.go()) {
    }
    CHECK(told(second.step()) == "access-2");
    first.now_us = second.now_us;
    CHECK(told(first.fetch()) == "access-2");
    CHECK(world.server.calls == 2);
  }
}

TEST_CASE("L26 who asks again for what was minted gets another one: it was dropped meanwhile") {
  World world;
  auto process = process_in(world);
  CHECK(told(process.fetch()) == "access-1");
  CHECK(told(process.fetch()) == "access-2");
  process.restart();
  CHECK(told(process.fetch()) == "access-3");
}

TEST_CASE("Another scope has another token, also of the same refresh token") {
  World world;
  world.server.rotates = false;
  auto wide = process_in(world);
  auto narrow = process_in(world, {{"scope", "read"}});
  wide.begin();
  narrow.begin();
  while (wide.go()) {
  }
  narrow.now_us = wide.now_us;
  while (narrow.go()) {
  }
  CHECK(told(wide.step()) == "access-1");
  CHECK(told(narrow.step()) == "access-2");
}

TEST_CASE("L12 a token without a type is used, and the record says so") {
  World world;
  auto process = process_in(world);
  go_to<Call>(process);
  process.tell(TokenServer::made(200, R"({"access_token":"b"})"));
  while (process.go()) {
  }
  CHECK(told(process.step()) == "b");
  CHECK(world.records == Records{"pending ok", "refreshed token_type_missing"});
}

TEST_CASE("kill -9 at every step loses no refresh token but the one that nobody had written yet") {
  const int steps = steps_of_a_run();
  CHECK(steps == 11);
  int lost = 0;
  for (int killed_at = 0; killed_at <= steps; ++killed_at) {
    World world;
    auto process = process_in(world);
    process.begin();
    for (int i = 0; i < killed_at; ++i) {
      REQUIRE(process.go());
    }
    const bool is_nowhere_else =
        world.server.calls == 1 && world.value("REFRESH") != world.server.good;
    process.restart();
    const Records of_the_killed = world.records;
    const auto after = told(process.fetch());
    INFO(killed_at);
    if (is_nowhere_else) {
      // Between the server's answer and the write it is in this process alone; the log shows that.
      ++lost;
      CHECK(of_the_killed == Records{"pending ok"});
      CHECK(after == "(token_endpoint_error:invalid_grant)");
    } else {
      CHECK(after.starts_with("access-"));
      CHECK_FALSE(world.server.is_revoked);
      CHECK(world.value("REFRESH") == world.server.good);
    }
  }
  CHECK(lost == 1);
}

TEST_CASE("A token that is lost is named by a record") {
  World world;
  auto process = process_in(world);
  go_to<KeepEntry>(process, is_refresh_kept);
  process.restart();
  CHECK(world.records == Records{"pending ok"});
}

TEST_CASE("A token that is lost on its way to us is named by a record", "[I13]") {
  World world;
  auto process = process_in(world);
  go_to<Call>(process);
  REQUIRE(world.answer(process.step()));  // which nobody is told
  process.restart();
  CHECK(world.records == Records{"pending ok"});
  CHECK(told(process.fetch()) == "(token_endpoint_error:invalid_grant)");
}

TEST_CASE("A run that is dropped before it wrote leaves the token to the next one") {
  World world;
  auto process = process_in(world);
  go_to<KeepEntry>(process, is_refresh_kept);
  CHECK(told(process.fetch()) == "access-1");
  CHECK(world.server.calls == 1);
  CHECK(world.value("REFRESH") == world.server.good);
}

TEST_CASE("Every step answered by every answer ends, and no token is used that is not kept",
          "[I13]") {
  const int steps = steps_of_a_run();
  const auto answers = all_answers();
  for (int at = 0; at < steps; ++at) {
    for (std::size_t which = 0; which < answers.size(); ++which) {
      INFO(at << " " << which);
      World world;
      auto process = process_in(world);
      process.begin();
      for (int i = 0; i < at; ++i) {
        REQUIRE(process.go());
      }
      // What is not true is not believed where it would be harmless.
      const auto* const keep = std::get_if<KeepEntry>(&process.step());
      const bool is_lie = keep != nullptr && which == 5;
      process.tell(answers[which]());
      int more = 0;
      while (process.go()) {
        REQUIRE(++more < 3 * steps);
      }
      REQUIRE(is_end(process.step()));
      const auto* const done = std::get_if<Done>(&process.step());
      if (done != nullptr && world.server.calls > 0 && !is_lie) {
        CHECK(world.value("REFRESH") == world.server.good);
      }
    }
  }
}

TEST_CASE(
    "A refresh that fails in any way loses no refresh token: the same one serves the next run",
    "[I13]") {
  for (const Trouble& trouble : token_troubles()) {
    INFO(trouble.name);
    World world;
    auto process = process_in(world);
    go_to<Call>(process);
    process.tell(as_answer(trouble));
    check_told(process.step(), trouble);
    CHECK(world.value("REFRESH") == "refresh-0000");
    CHECK(world.vault.at("REFRESH").version == "v0");
    CHECK(world.records == Records{"pending ok"});  // of the call that failed
    process.restart();
    CHECK(told(process.fetch()) == "access-1");
    CHECK(world.value("REFRESH") == world.server.good);
    CHECK_FALSE(world.server.is_revoked);
  }
}

TEST_CASE("What is kept beside a refresh token is read as it was written, and nothing else is") {
  REQUIRE(lock_memory());
  KeptToken kept;
  kept.digest = "d1";
  kept.minted_us = 5;
  kept.expires_s = 7;
  kept.grant_version = "a version with spaces";
  kept.previous = Secret::copy_of("a refresh token").value();
  kept.token = Secret::copy_of("an access token").value();
  const auto text = kept_text(kept);
  REQUIRE(text);
  const auto again = read_kept(text->reveal());
  const auto& read = std::get<KeptToken>(again);
  CHECK(read.digest == "d1");
  CHECK(read.minted_us == 5);
  CHECK(read.expires_s == 7);
  CHECK(read.grant_version == kept.grant_version);
  CHECK(read.previous.reveal() == "a refresh token");
  CHECK(read.token.reveal() == "an access token");
  const auto lost = read_kept(kept_text(LostGrant{"v 1"})->reveal());
  CHECK(std::get<LostGrant>(lost).grant_version == "v 1");
  for (const auto* const other : {"",
                                  "token",
                                  "token d 1 2 00",
                                  "token d 1 2 00 t",
                                  "token d x 2 00 0  t",
                                  "token d 1 -2 00 0  t",
                                  "token d 1 9223372036854775807 00 0  t",
                                  "token d 1 2 00 -1  t",
                                  "token d 1 2 00 3 ab",
                                  "token d 1 2 00 2 abt",
                                  "token d 1 2 00 99999999999999999999 abt",
                                  "lost",
                                  "lost 0",
                                  "gone 00",
                                  "token d 1 2 0 0  t",
                                  "token d 1 2 00 "}) {
    INFO(other);
    const auto state = read_kept(other);
    const auto* const none = std::get_if<LostGrant>(&state);
    CHECK((std::holds_alternative<std::monostate>(state) ||
           (none != nullptr && none->grant_version.empty())));
  }
}

}  // namespace keyswap::vault
