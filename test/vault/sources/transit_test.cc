// SPDX-License-Identifier: Apache-2.0
//
// Entries that Transit sealed, and those that were sealed here while it was away. What is sealed
// here is backends' own vector: key 00…1f, nonce 00…0b.
#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

extern const BackendKind kTransitKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::string_view kSealed =
    "vault:v1:AAECAwQFBgcICQoLNGn7d6yTpza9cKW4hdxOWrvvqbfLbYAXWIuv20FTu7H0UA==";
constexpr std::string_view kNonce = "000102030405060708090a0b";
constexpr std::string_view kTag = "a9b7cb6d8017588bafdb4153bbb1f450";
constexpr std::string_view kBytes = "3469fb77ac93a736bd70a5b885dc4e5abbef";
constexpr std::string_view kKey =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr std::string_view kPlain = R"({"data":{"plaintext":"c2stbGl2ZS0wMTIzNDU2Nzg5"}})";

std::string row_of(std::string_view second, std::string_view third) {
  return "aes:" + std::string(kNonce) + ":" + std::string(second) + ":" + std::string(third);
}

using Settings = std::vector<SourceSetting>;

struct World {
  explicit World(const Settings& more = {}) {
    Settings settings = {{"address", "https://vault.corp.example"},
                         {"token", "HV_TOKEN"},
                         {"key", "app-credentials"}};
    settings.insert(settings.end(), more.begin(), more.end());
    backend = kTransitKind.make(spec_of(std::move(settings)));
  }

  std::unique_ptr<Backend> backend;

  [[nodiscard]] test::RunScript seal(std::string_view value) const {
    auto secret = Secret::copy_of(value);
    REQUIRE(secret);
    return test::RunScript(backend->seal(*SecretName::parse("OPENAI_API_KEY"), std::move(*secret)));
  }

  [[nodiscard]] test::RunScript seal_anew(std::vector<std::string> names = {
                                              "OPENAI_API_KEY"}) const {
    return test::RunScript(backend->seal_anew(names));
  }

  [[nodiscard]] test::RunScript fetch(std::vector<std::string> keys = {"OPENAI_API_KEY"}) const {
    return test::RunScript(backend->fetch(keys));
  }
};

// Reads the row, and the token where it is the first time; gives the call to Transit.
Call to_transit(test::RunScript& script, std::string_view row, std::string_view token = "hvs.own") {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "OPENAI_API_KEY");
  CHECK(as<ReadEntry>(script.entry(row, "41")).name.text() == "HV_TOKEN");
  as<Call>(script.entry(token));
  return as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
}

std::string sealed_answer(std::string_view row) {
  return R"({"data":{"ciphertext":")" + std::string(row) + "\"}}";
}

// A row that was sealed here, with the key that it was sealed with.
Step open_local(test::RunScript& script, std::string_view row) {
  as<ReadEntry>(script.begin());
  CHECK(as<ReadEntry>(script.entry(row, "41")).name.text() == "LOCAL_KEY");
  return script.entry(kKey);
}

}  // namespace

TEST_CASE("Transit: a sealed entry is opened there, under its key") {
  const World world;
  CHECK(world.backend->login_due_us() == INT64_MAX);
  auto script = world.fetch();
  const Call call = to_transit(script, kSealed);
  CHECK(line_of(call) == "POST https://vault.corp.example/v1/transit/decrypt/app-credentials");
  CHECK(field_of(call, "X-Vault-Token") == "hvs.own");
  CHECK(body_of(call) == R"({"ciphertext":")" + std::string(kSealed) + "\"}");
  const Done done = as<Done>(script.answer(200, kPlain));
  CHECK(value_of(done, "OPENAI_API_KEY") == "sk-live-0123456789");
  CHECK(done.values.front().version == "41");
}

TEST_CASE("with its name as associated data, an entry's text cannot stand in for another's") {
  const World world(Settings{{"associated_data", "name"}, {"mount", "seal"}});
  auto script = world.fetch();
  const Call call = to_transit(script, "vault:v1:a\"b");
  CHECK(call.url == "https://vault.corp.example/v1/seal/decrypt/app-credentials");
  CHECK(body_of(call) ==
        R"({"ciphertext":"vault:v1:a\"b","associated_data":"T1BFTkFJX0FQSV9LRVk="})");
  CHECK(ending(script.answer(400, R"({"errors":["cipher: message authentication failed"]})")) ==
        Ending{FetchFault::bad_answer, "sealed_otherwise"});
}

TEST_CASE("M03 each source asks under its own key, and under no other's") {
  for (const auto* const key :
       {"mosaic-credentials", "mosaic-account-tokens", "mosaic-federation", "mosaic-llm-config"}) {
    INFO(key);
    const auto backend = kTransitKind.make(
        spec_of({{"address", "https://vault.corp.example"}, {"token", "HV_TOKEN"}, {"key", key}}));
    const std::vector<std::string> keys = {"OPENAI_API_KEY"};
    test::RunScript script(backend->fetch(keys));
    CHECK(to_transit(script, kSealed).url ==
          std::string("https://vault.corp.example/v1/transit/decrypt/") + key);
  }
}

TEST_CASE("M06 what Transit sealed is opened by nothing else, whatever the bindings allow") {
  const Settings all = {{"local_key", "LOCAL_KEY"}, {"fallback", "local"}, {"plaintext", "allow"}};
  for (const Trouble& trouble : troubles()) {
    INFO(trouble.name);
    const World world(all);
    auto script = world.fetch();
    to_transit(script, kSealed);
    CHECK(std::holds_alternative<Failed>(tell(script, trouble)));
  }
  const World world(all);
  auto script = world.fetch();
  to_transit(script, kSealed);
  const Failed failed = as<Failed>(script.answer(503, ""));
  CHECK(failed.fault == FetchFault::unavailable);
  CHECK(failed.outcome == "sealed");
}

TEST_CASE("a Transit that is down is no reason to take anything else") {
  std::deque<World> worlds;
  const auto fetch = [&](Settings more) {
    more.push_back({"local_key", "LOCAL_KEY"});
    return worlds.emplace_back(more).fetch();
  };
  const std::string row(kSealed);
  const std::string plain(kPlain);
  check_every_call(
      [&] { return fetch({}); },
      {{0, row}, {0, "hvs.own"}, {200, R"({"data":{"ttl":0,"renewable":false}})"}, {200, plain}});
  const Settings role = {{"auth", "approle"}, {"role_id", "HV_ROLE"}, {"secret_id", "HV_SECRET"}};
  check_every_call(
      [&] { return fetch(role); },
      {{0, row},
       {0, "role-1"},
       {0, "secret"},
       {200, R"({"auth":{"client_token":"hvs.made","lease_duration":20,"renewable":true}})"},
       {200, plain}});
  auto sealed = worlds.emplace_back().fetch();
  to_transit(sealed, kSealed);
  CHECK(ending(sealed.answer(503, "")) == Ending{FetchFault::unavailable, "sealed"});
  auto forbidden = worlds.emplace_back().fetch();
  to_transit(forbidden, kSealed);
  as<Call>(forbidden.answer(403, ""));
  CHECK(ending(forbidden.answer(200, R"({"data":{}})")) ==
        Ending{FetchFault::not_found, "forbidden"});
}

TEST_CASE("what was sealed here is opened here, in either order of its parts") {
  for (const auto& row : {row_of(kTag, kBytes), row_of(kBytes, kTag)}) {
    const World world(Settings{{"local_key", "LOCAL_KEY"}});
    auto script = world.fetch();
    CHECK(value_of(as<Done>(open_local(script, row)), "OPENAI_API_KEY") == "sk-live-0123456789");
  }
}

TEST_CASE("what was sealed here and changed since is refused, wherever it was changed") {
  const World world(Settings{{"local_key", "LOCAL_KEY"}});
  const std::string good = row_of(kTag, kBytes);
  for (std::size_t at = 4; at < good.size(); ++at) {
    INFO(at);
    std::string row = good;
    row[at] = row[at] == '0' ? '1' : '0';
    auto script = world.fetch();
    CHECK(ending(open_local(script, row)) == Ending{FetchFault::bad_answer, "sealed_otherwise"});
  }
  for (const auto& bad : {std::string("aes:"), row_of(kTag, ""), good + ":00", good + "0"}) {
    INFO(bad);
    auto script = world.fetch();
    CHECK(ending(open_local(script, bad)).outcome == "sealed_otherwise");
  }
}

TEST_CASE("without the key that it was sealed with here, or with one that is none, it stays shut") {
  const World without;
  auto script = without.fetch();
  as<ReadEntry>(script.begin());
  CHECK(ending(script.entry(row_of(kTag, kBytes))) ==
        Ending{FetchFault::bad_answer, "no_local_key"});
  const World world(Settings{{"local_key", "LOCAL_KEY"}});
  for (const auto& bad :
       {std::string(kKey.substr(2)), std::string(kKey) + "00", std::string("x")}) {
    INFO(bad);
    auto other = world.fetch();
    as<ReadEntry>(other.begin());
    as<ReadEntry>(other.entry(row_of(kTag, kBytes)));
    CHECK(ending(other.entry(bad)) == Ending{FetchFault::unavailable, "no_local_key"});
  }
}

TEST_CASE("fallback: local seals by Transit again what was sealed here, if nobody changed it") {
  const World world(Settings{{"local_key", "LOCAL_KEY"}, {"fallback", "local"}});
  auto script = world.fetch();
  CHECK(as<ReadEntry>(open_local(script, row_of(kTag, kBytes))).name.text() == "HV_TOKEN");
  as<Call>(script.entry("hvs.own"));
  const Call call = as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
  CHECK(line_of(call) == "POST https://vault.corp.example/v1/transit/encrypt/app-credentials");
  CHECK(body_of(call) == R"({"plaintext":"c2stbGl2ZS0wMTIzNDU2Nzg5"})");
  const KeepEntry keep = as<KeepEntry>(
      script.answer(200, R"({"data":{"ciphertext":")" + std::string(kSealed) + "\"}}"));
  CHECK(keep.name.text() == "OPENAI_API_KEY");
  CHECK(keep.value.reveal() == kSealed);
  CHECK(keep.replaces == "41");
  CHECK(value_of(as<Done>(script.tell(Kept::conflict)), "OPENAI_API_KEY") == "sk-live-0123456789");
}

TEST_CASE("while Transit is away, what was sealed here is given all the same") {
  std::deque<World> worlds;
  const auto fresh = [&] {
    return worlds.emplace_back(Settings{{"local_key", "LOCAL_KEY"}, {"fallback", "local"}}).fetch();
  };
  auto no_token = fresh();
  as<ReadEntry>(open_local(no_token, row_of(kTag, kBytes)));
  as<Call>(no_token.entry("hvs.own"));
  CHECK(value_of(as<Done>(no_token.tell(base::Error{base::Errc::timed_out, "late"})),
                 "OPENAI_API_KEY") == "sk-live-0123456789");
  for (const Trouble& trouble : troubles()) {
    INFO(trouble.name);
    auto script = fresh();
    as<ReadEntry>(open_local(script, row_of(kTag, kBytes)));
    as<Call>(script.entry("hvs.own"));
    as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
    CHECK(value_of(as<Done>(tell(script, trouble)), "OPENAI_API_KEY") == "sk-live-0123456789");
  }
}

// Who has no token goes on to the next entry, which is not taken for the answer of a log-in.
TEST_CASE(
    "while Transit cannot be logged in at, every entry of one run is given, and none is sent") {
  const auto second = [](test::RunScript& script, Step step) {
    CHECK(as<ReadEntry>(std::move(step)).name.text() == "OTHER");
    CHECK(as<ReadEntry>(script.entry(row_of(kTag, kBytes), "7")).name.text() == "LOCAL_KEY");
    CHECK(as<ReadEntry>(script.entry(kKey)).name.text() == "HV_TOKEN");
    return as<Done>(script.tell(base::Error{base::Errc::not_found, "none"})).values.size();
  };
  const Settings settings = {{"local_key", "LOCAL_KEY"}, {"fallback", "local"}};
  const World missing(settings);
  auto script = missing.fetch({"OPENAI_API_KEY", "OTHER"});
  as<ReadEntry>(open_local(script, row_of(kTag, kBytes)));
  CHECK(second(script, script.tell(base::Error{base::Errc::not_found, "none"})) == 2);
  const World down(settings);
  auto other = down.fetch({"OPENAI_API_KEY", "OTHER"});
  as<ReadEntry>(open_local(other, row_of(kTag, kBytes)));
  as<Call>(other.entry("hvs.own"));
  CHECK(second(other, other.tell(base::Error{base::Errc::timed_out, "late"})) == 2);
}

TEST_CASE("an entry that nobody sealed is taken only where the bindings say so") {
  const World strict;
  auto refused = strict.fetch();
  as<ReadEntry>(refused.begin());
  CHECK(ending(refused.entry("sk-live")) == Ending{FetchFault::bad_answer, "not_sealed"});
  const World open(Settings{{"plaintext", "allow"}});
  auto script = open.fetch({"OPENAI_API_KEY", "NOT_THERE", "no name"});
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("sk-live"));
  const Done done = as<Done>(script.tell(base::Error{base::Errc::not_found, "none"}));
  CHECK(value_of(done, "OPENAI_API_KEY") == "sk-live");
  CHECK(done.values.size() == 1);
}

TEST_CASE(
    "M07 plaintext: seal gives an entry that nobody sealed, and seals it, if nobody changed it") {
  const World world(Settings{{"plaintext", "seal"}});
  auto script = world.fetch();
  const Call call = to_transit(script, "sk-live-0123456789");
  CHECK(line_of(call) == "POST https://vault.corp.example/v1/transit/encrypt/app-credentials");
  CHECK(body_of(call) == R"({"plaintext":"c2stbGl2ZS0wMTIzNDU2Nzg5"})");
  const KeepEntry keep = as<KeepEntry>(script.answer(200, sealed_answer(kSealed)));
  CHECK(keep.value.reveal() == kSealed);
  CHECK(keep.replaces == "41");
  CHECK(value_of(as<Done>(script.tell(Kept::done)), "OPENAI_API_KEY") == "sk-live-0123456789");
  for (const Trouble& trouble : troubles()) {
    INFO(trouble.name);
    const World other(Settings{{"plaintext", "seal"}});
    auto late = other.fetch();
    to_transit(late, "sk-live");
    CHECK(value_of(as<Done>(tell(late, trouble)), "OPENAI_API_KEY") == "sk-live");
  }
}

TEST_CASE("M09 each call of Transit, and of its log-in, ends after five seconds") {
  const World world;
  auto script = world.fetch();
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry(kSealed));
  CHECK(as<Call>(script.entry("hvs.own")).ms_max == 5'000);
  CHECK(as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})")).ms_max == 5'000);
}

TEST_CASE("M02 a new value is sealed by Transit under its entry's name, and recorded as no fetch") {
  const World world(Settings{{"associated_data", "name"}});
  auto script = world.seal("sk-live-0123456789");
  CHECK(as<ReadEntry>(script.begin()).name.text() == "HV_TOKEN");
  as<Call>(script.entry("hvs.own"));
  const Call call = as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
  CHECK(line_of(call) == "POST https://vault.corp.example/v1/transit/encrypt/app-credentials");
  CHECK(body_of(call) ==
        R"({"plaintext":"c2stbGl2ZS0wMTIzNDU2Nzg5","associated_data":"T1BFTkFJX0FQSV9LRVk="})");
  const Done done = as<Done>(script.answer(200, sealed_answer(kSealed)));
  CHECK(value_of(done, "OPENAI_API_KEY") == kSealed);
  CHECK(done.values.front().version == kSealedWord);
  CHECK(done.is_listing);
}

TEST_CASE("what somebody sealed elsewhere is taken as it is, and nobody is asked") {
  const World world;
  for (const std::string& row : {std::string(kSealed), row_of(kTag, kBytes)}) {
    auto script = world.seal(row);
    const Done done = as<Done>(script.begin());
    CHECK(value_of(done, "OPENAI_API_KEY") == row);
    CHECK(done.values.front().version == kAsItWasWord);
  }
}

TEST_CASE(
    "M02 what Transit does not seal is kept nowhere, unless the bindings say `fallback: local`") {
  for (const Trouble& trouble : troubles()) {
    INFO(trouble.name);
    const World world(Settings{{"local_key", "LOCAL_KEY"}});
    auto script = world.seal("sk-live");
    as<ReadEntry>(script.begin());
    as<Call>(script.entry("hvs.own"));
    as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
    CHECK(std::holds_alternative<Failed>(tell(script, trouble)));
  }
  for (const auto* const bad : {R"({"data":{}})",
                                R"({"data":{"ciphertext":"sk-live"}})",
                                R"({"data":{"ciphertext":"vault:vx:a"}})"}) {
    INFO(bad);
    const World world(Settings{{"local_key", "LOCAL_KEY"}, {"fallback", "local"}});
    auto script = world.seal("sk-live");
    as<ReadEntry>(script.begin());
    as<Call>(script.entry("hvs.own"));
    as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
    CHECK(std::holds_alternative<Failed>(script.answer(200, bad)));
  }
}

TEST_CASE("M05 with `fallback: local` a new value is sealed here while Transit is away") {
  const Settings settings = {{"local_key", "LOCAL_KEY"}, {"fallback", "local"}};
  const World world(settings);
  auto script = world.seal("sk-live-0123456789");
  as<ReadEntry>(script.begin());
  as<Call>(script.entry("hvs.own"));
  as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
  CHECK(as<ReadEntry>(script.answer(503, "")).name.text() == "LOCAL_KEY");
  const Done done = as<Done>(script.entry(kKey));
  CHECK(done.values.front().version == kSealedHereWord);
  const std::string row = value_of(done, "OPENAI_API_KEY");
  CHECK(row.starts_with("aes:"));
  const World reader(Settings{{"local_key", "LOCAL_KEY"}});
  auto again = reader.fetch();
  CHECK(value_of(as<Done>(open_local(again, row)), "OPENAI_API_KEY") == "sk-live-0123456789");
  // Nobody who is there and says no is away.
  auto forbidden = world.seal("sk-live");
  as<Call>(forbidden.begin());
  as<Call>(forbidden.answer(403, ""));
  CHECK(ending(forbidden.answer(200, R"({"data":{}})")) ==
        Ending{FetchFault::not_found, "forbidden"});
  // Nor is one that was never asked.
  for (const base::Errc code : {base::Errc::not_found, base::Errc::permission}) {
    const World unopened(settings);
    auto unasked = unopened.seal("sk-live");
    as<ReadEntry>(unasked.begin());
    CHECK(std::holds_alternative<Failed>(unasked.tell(base::Error{code, "its token"})));
  }
  auto no_key = world.seal("sk-live");
  as<Call>(no_key.begin());
  as<ReadEntry>(no_key.tell(base::Error{base::Errc::timed_out, "late"}));
  CHECK(ending(no_key.entry("00")) == Ending{FetchFault::unavailable, "no_local_key"});
}

TEST_CASE("sealing anew wraps what an older version of the key sealed, once") {
  const World world;
  auto script = world.seal_anew();
  const Call call = to_transit(script, kSealed);
  CHECK(line_of(call) == "POST https://vault.corp.example/v1/transit/rewrap/app-credentials");
  CHECK(body_of(call) == R"({"ciphertext":")" + std::string(kSealed) + "\"}");
  const KeepEntry keep = as<KeepEntry>(script.answer(200, sealed_answer("vault:v2:AAEC")));
  CHECK(keep.value.reveal() == "vault:v2:AAEC");
  CHECK(keep.replaces == "41");
  const Done done = as<Done>(script.tell(Kept::done));
  CHECK(done.values.front().version == kSealedWord);
  CHECK(done.values.front().value.size() == 0);
  auto again = world.seal_anew();
  as<ReadEntry>(again.begin());
  as<Call>(again.entry("vault:v2:AAEC", "42"));
  const Done same = as<Done>(again.answer(200, sealed_answer("vault:v2:AAFF")));
  CHECK(same.values.front().version == kAsItWasWord);
}

TEST_CASE("with its name as associated data, which rewrap does not know, it is opened for that") {
  const World world(Settings{{"associated_data", "name"}});
  auto script = world.seal_anew();
  CHECK(to_transit(script, kSealed).url.ends_with("/transit/decrypt/app-credentials"));
  const Call call = as<Call>(script.answer(200, kPlain));
  CHECK(call.url.ends_with("/transit/encrypt/app-credentials"));
  CHECK(body_of(call) ==
        R"({"plaintext":"c2stbGl2ZS0wMTIzNDU2Nzg5","associated_data":"T1BFTkFJX0FQSV9LRVk="})");
  CHECK(as<KeepEntry>(script.answer(200, sealed_answer("vault:v2:AAEC"))).value.reveal() ==
        "vault:v2:AAEC");
}

TEST_CASE(
    "M07 sealing anew seals what nobody sealed, or what was sealed here, and says what failed") {
  const World world(Settings{{"local_key", "LOCAL_KEY"}});
  auto plain = world.seal_anew();
  CHECK(to_transit(plain, "sk-live-0123456789").url.ends_with("/encrypt/app-credentials"));
  as<KeepEntry>(plain.answer(200, sealed_answer(kSealed)));
  CHECK(as<Done>(plain.tell(Kept::done)).values.front().version == kSealedWord);
  auto here = world.seal_anew();
  const Call call = as<Call>(open_local(here, row_of(kTag, kBytes)));
  CHECK(body_of(call) == R"({"plaintext":"c2stbGl2ZS0wMTIzNDU2Nzg5"})");
  as<KeepEntry>(here.answer(200, sealed_answer(kSealed)));
  CHECK(ending(here.tell(Kept::conflict)) == Ending{FetchFault::bad_answer, "entry_changed"});
  auto unwritten = world.seal_anew();
  as<ReadEntry>(unwritten.begin());
  as<Call>(unwritten.entry("sk-live"));
  as<KeepEntry>(unwritten.answer(200, sealed_answer(kSealed)));
  CHECK(ending(unwritten.tell(Kept::failed)) ==
        Ending{FetchFault::bad_answer, "entry_write_failed"});
  for (const Trouble& trouble : troubles()) {
    INFO(trouble.name);
    const World other;
    auto script = other.seal_anew();
    to_transit(script, "sk-live");
    CHECK(std::holds_alternative<Failed>(tell(script, trouble)));
  }
}

TEST_CASE("M08 the fallback needs a key, and the key is 64 hexadecimal digits") {
  CHECK(kTransitKind.check(spec_of({{"fallback", "local"}})) != nullptr);
  CHECK(kTransitKind.check(spec_of({{"fallback", "local"}, {"local_key", "K"}})) == nullptr);
  CHECK(kTransitKind.check(spec_of({{"fallback", "off"}})) == nullptr);
  const auto rule = std::ranges::find(kTransitKind.settings, "local_key", &SettingRule::name);
  REQUIRE(rule != kTransitKind.settings.end());
  REQUIRE(rule->check_opener != nullptr);
  const auto is_good = [&](std::string_view text) {
    const auto secret = Secret::copy_of(text);
    REQUIRE(secret);
    return rule->check_opener(*secret) == nullptr;
  };
  CHECK(is_good(kKey));
  CHECK_FALSE(is_good(kKey.substr(1)));
  CHECK_FALSE(is_good(std::string(kKey.substr(1)) + "g"));
  CHECK_FALSE(is_good(""));
}

}  // namespace keyswap::vault
