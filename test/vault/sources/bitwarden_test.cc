// SPDX-License-Identifier: Apache-2.0
//
// Bitwarden as its SDK's fake server answers, without a socket.
#include <deque>
#include <string>
#include <string_view>

#include "test/vault/sources/backend_support.h"
#include "vault/sources/bitwarden_login.h"

namespace keyswap::vault {

extern const BackendKind kBitwardenKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::string_view kToken =
    "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.C2IgxjjLF7qSshsbwe8JGcbM075YXw:"
    "X8vbvA0bduihIDe/qrzIQQ==";
constexpr std::string_view kOurToken =
    "0.00000000-0000-4000-8000-000000000000.se+ret:AAECAwQFBgcICQoLDA0ODw==";
constexpr std::string_view kOurPayload =
    "2.oKGio6SlpqeoqaqrrK2urw==|7/"
    "a6dSCDpGScFQnUP0ZJxyjeCZKYwWdCsVFR7GJa0UdFULqxSFFChBYO4FmVd38MITrKba"
    "8bXqEk2j5FjtcTC0eQwTVNhc5LSG4LYBeOLCsAngO+jwiz+c8Fx8eLUKhcF+5VfoDyaQynwJaUpn4cQQ==|"
    "m6tWztXmCS4C40oGEJARcGo08MiBpa5p4Zajv1PpnOM=";
constexpr std::string_view kName =  // OPENAI_API_KEY
    "2.sLGys7S1tre4ubq7vL2+vw==|MD6Gfrcve2WlLwHUomAbIA==|"
    "X0q7XjvaVZZ3h76VcKWaHbsOI5Y9/7QQO8+BtKijT0Q=";
constexpr std::string_view kValue =  // sk-live-0123456789
    "2.wMHCw8TFxsfIycrLzM3Ozw==|Pk6pTmhzngopVEOFoMKyUziGSxFT6um4oj/1cAgI9OE=|"
    "P2dI4HUN84G9wWXi9vwBd+7unyeNMpM4l/xp6cIRpe8=";
// "# avp-binding", "api.openai.com", a line each; and somebody's own text. Sealed as the others.
constexpr std::string_view kBindingNote =
    "2.0NHS09TV1tfY2drb3N3e3w==|PfA+JTUNPJm2kqS4wsv2qK9YTGoqVnEfK357BDsk+tA=|/"
    "SDAm4Gkxb5Pnz4eyMYlSAJEspf1tsad9Qu7H69xa6Q=";
constexpr std::string_view kOwnNote =
    "2.4OHi4+Tl5ufo6err7O3u7w==|8vNlkEVpqXVCDTsmclhga/"
    "ybbIpXm20vOAbw+n87YIcgmiKmJ5OR9PtuSdJsvUYC|SkWo/"
    "aA+td41s8nINt7i5yFpPUMY2yzUpLrAdvnQhU4=";
constexpr std::string_view kId = "15744a66-341a-4c62-af50-af960166b6bc";

SourceSpec sample_spec() {
  return spec_of({{"organization_id", "f4e44a7f-1190-432a-9d4a-af96013127cb"},
                  {"access_token", "BWS_TOKEN"},
                  {"api_url", "https://bw.corp.example/api"},
                  {"identity_url", "https://bw.corp.example/identity"}});
}

struct World {
  SourceSpec spec = sample_spec();
  std::unique_ptr<Backend> backend = kBitwardenKind.make(spec);

  [[nodiscard]] test::RunScript fetch(std::vector<std::string> keys = {"OPENAI_API_KEY"}) const {
    return test::RunScript(backend->fetch(keys));
  }
};

std::string login_answer(std::string_view payload = kOurPayload, std::int64_t expires_in = 3600) {
  return R"({"access_token":"eyJ.a.b","expires_in":)" + std::to_string(expires_in) +
         R"(,"token_type":"Bearer","encrypted_payload":")" + std::string(payload) + "\"}";
}

std::string item(std::string_view id, std::string_view name = kName) {
  return R"({"id":")" + std::string(id) + R"(","organizationId":"o","key":")" + std::string(name) +
         R"(","revisionDate":"2026-01-02T03:04:05Z","projects":[]})";
}

std::string list_answer(const std::string& items) {
  return R"({"secrets":[)" + items + R"(],"projects":[]})";
}

std::string data_answer(std::string_view value = kValue,
                        std::string_view name = kName,
                        std::string_view id = kId) {
  return R"({"data":[{"object":"secret","id":")" + std::string(id) + R"(","key":")" +
         std::string(name) + R"(","value":")" + std::string(value) +
         R"(","note":"","revisionDate":"2026-01-02T03:04:05Z"}]})";
}

std::string noted(std::string_view id, std::string_view note) {
  return R"({"id":")" + std::string(id) + R"(","key":")" + std::string(kName) + R"(","value":")" +
         std::string(kValue) + R"(","note":")" + std::string(note) +
         R"(","revisionDate":"2026-01-02T03:04:05Z"})";
}

std::string notes_answer(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& one : items) {
    text += (text.empty() ? "" : ",") + one;
  }
  return R"({"data":[)" + text + "]}";
}

// Brings a run to its log-in, to its list, to its values.
void to_login(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "BWS_TOKEN");
  as<Call>(script.entry(kOurToken));
}

Step to_list(test::RunScript& script) {
  to_login(script);
  return script.answer(200, login_answer());
}

Step to_values(test::RunScript& script) {
  as<Call>(to_list(script));
  return script.answer(200, list_answer(item(kId)));
}

void log_in(const World& world) {
  test::RunScript script(world.backend->log_in());
  CHECK(as<Done>(to_list(script)).values.empty());
}

std::string flipped(std::string_view sealed, std::size_t at) {
  std::string text(sealed);
  text[at] = text[at] == 'A' ? 'B' : 'A';
  return text;
}

}  // namespace

TEST_CASE("Bitwarden: log in, list, and one call that brings the value") {
  const World world;
  auto script = world.fetch();
  CHECK(world.backend->login_due_us() == 0);
  CHECK(as<ReadEntry>(script.begin()).name.text() == "BWS_TOKEN");
  const Call login = as<Call>(script.entry(kOurToken));
  CHECK(line_of(login) == "POST https://bw.corp.example/identity/connect/token");
  CHECK(field_of(login, "Content-Type") == "application/x-www-form-urlencoded");
  CHECK(body_of(login) ==
        "scope=api.secrets&client_id=00000000-0000-4000-8000-000000000000&client_secret=se%2Bret&"
        "grant_type=client_credentials");
  const Call list = as<Call>(script.answer(200, login_answer()));
  CHECK(line_of(list) ==
        "GET https://bw.corp.example/api/organizations/f4e44a7f-1190-432a-9d4a-af96013127cb/"
        "secrets");
  CHECK(field_of(list, "Authorization") == "Bearer eyJ.a.b");
  const Call values = as<Call>(script.answer(200, list_answer(item(kId))));
  CHECK(line_of(values) == "POST https://bw.corp.example/api/secrets/get-by-ids");
  CHECK(body_of(values) == R"({"ids":["15744a66-341a-4c62-af50-af960166b6bc"]})");
  const Done done = as<Done>(script.answer(200, data_answer()));
  REQUIRE(done.values.size() == 1);
  CHECK(value_of(done, "OPENAI_API_KEY") == "sk-live-0123456789");
  CHECK(done.values.front().version == "2026-01-02T03:04:05Z");
}

TEST_CASE("the SDK's own token and payload log in") {
  const World world;
  test::RunScript script(world.backend->log_in());
  as<ReadEntry>(script.begin());
  as<Call>(script.entry(kToken));
  as<Done>(script.answer(
      200,
      login_answer(
          "2.E9fE8+M/VWMfhhim1KlCbQ==|eLsHR484S/tJbIkM6spnG/HP65tj9A6Tba7kAAvUp+rYuQmGLixiOC"
          "fMsqt5OvBctDfvvr/AesBu7cZimPLyOEhqEAjn52jF0eaI38XZfeOG2VJl0LOf60Wkfh3ryAMvfvLj3G4"
          "ZCNYU8sNgoC2+IQ==|lNApuCQ4Pyakfo/wwuuajWNaEX/2MW8/3rjXB/V7n+k=")));
}

TEST_CASE("what is known is not asked again: no log-in, no list") {
  const World world;
  auto first = world.fetch();
  as<Call>(to_values(first));
  as<Done>(first.answer(200, data_answer()));
  auto second = world.fetch();
  const Call values = as<Call>(second.begin());
  CHECK(line_of(values) == "POST https://bw.corp.example/api/secrets/get-by-ids");
  CHECK(value_of(as<Done>(second.answer(200, data_answer())), "OPENAI_API_KEY") ==
        "sk-live-0123456789");
}

TEST_CASE("where no address is said, it is Bitwarden's cloud; AVP's token file is read") {
  auto spec = spec_of({{"organization_id", "f4e44a7f-1190-432a-9d4a-af96013127cb"},
                       {"access_token_path", "/run/bws"},
                       {"state_path", "/var/lib/bws"}});
  const auto backend = kBitwardenKind.make(spec);
  test::RunScript script(backend->log_in());
  CHECK(as<ReadFile>(script.begin()).path == "/run/bws");
  CHECK(as<Call>(script.entry(kOurToken)).url == "https://identity.bitwarden.com/connect/token");
  const auto bare =
      kBitwardenKind.make(spec_of({{"organization_id", "f4e44a7f-1190-432a-9d4a-af96013127cb"}}));
  CHECK(as<ReadEntry>(test::RunScript(bare->log_in()).begin()).name.text() == "BWS_ACCESS_TOKEN");
}

TEST_CASE("I41 where AVP keeps its log-in is a setting without effect, and says so") {
  const auto rule =
      std::ranges::find(kBitwardenKind.foreign_settings, "state_path", &SettingRule::name);
  REQUIRE(rule != kBitwardenKind.foreign_settings.end());
  CHECK(rule->no_effect != nullptr);
}

TEST_CASE("a log-in is due five minutes before its end, and is asked with until then") {
  const World world;
  log_in(world);
  const std::int64_t start_us = test::FakeTime::kStartUs;
  CHECK(world.backend->login_due_us() == start_us + 3'300 * 1'000'000LL);
  CHECK(world.backend->login_ends_us() == start_us + 3'600 * 1'000'000LL);
  auto early = world.fetch();
  early.now_us = start_us + 3'599 * 1'000'000LL;
  as<Call>(early.begin());
  auto late = world.fetch();
  late.now_us = start_us + 3'600 * 1'000'000LL;
  as<ReadEntry>(late.begin());
}

TEST_CASE("G14 a 401 leads to one log-in and one retry, then the credential is lost") {
  const World world;
  auto script = world.fetch();
  as<Call>(to_values(script));
  as<ReadEntry>(script.answer(401, ""));
  as<Call>(script.entry(kOurToken));
  const Call again = as<Call>(script.answer(200, login_answer()));
  CHECK(line_of(again) == "POST https://bw.corp.example/api/secrets/get-by-ids");
  CHECK(ending(script.answer(401, "")) == Ending{FetchFault::auth_lost, "unauthorized"});
  CHECK(world.backend->login_due_us() == 0);
}

TEST_CASE("a 401 to the list is no list without a name") {
  const World world;
  auto script = world.fetch();
  as<Call>(to_list(script));
  as<ReadEntry>(script.answer(401, ""));
  as<Call>(script.entry(kOurToken));
  CHECK(as<Call>(script.answer(200, login_answer())).method == "GET");
  as<Call>(script.answer(200, list_answer(item(kId))));
  CHECK(value_of(as<Done>(script.answer(200, data_answer())), "OPENAI_API_KEY") ==
        "sk-live-0123456789");
}

TEST_CASE("a run that lost its log-in takes the one that another run made since") {
  const World world;
  auto first = world.fetch();
  auto second = world.fetch();
  auto third = world.fetch();
  as<Call>(to_values(first));
  as<Call>(second.begin());
  as<Call>(third.begin());
  as<ReadEntry>(first.answer(401, ""));
  // What was asked for under the lost one can still be opened.
  CHECK(value_of(as<Done>(second.answer(200, data_answer())), "OPENAI_API_KEY") ==
        "sk-live-0123456789");
  as<Call>(first.entry(kOurToken));
  as<Call>(first.answer(200, login_answer()));
  CHECK(line_of(as<Call>(third.answer(401, ""))) ==
        "POST https://bw.corp.example/api/secrets/get-by-ids");
}

TEST_CASE("a log-in that is refused is no reason to ask again") {
  for (const int status : {400, 401, 403}) {
    const World world;
    auto script = world.fetch();
    to_login(script);
    CHECK(ending(script.answer(status, R"({"error":"invalid_client"})")) ==
          Ending{FetchFault::auth_lost, "login_refused"});
  }
}

TEST_CASE("a token that is none, or an access connector's, is told by name") {
  const World world;
  const auto told = [&](std::string_view token) {
    auto script = world.fetch();
    as<ReadEntry>(script.begin());
    return ending(script.entry(token));
  };
  CHECK(told("whatever") == Ending{FetchFault::auth_lost, "no_access_token"});
  CHECK(told("0.access-connector.ec2c1d46-6a4b-4751-a310-af9601317f2d.s:X8vbvA0bduihIDe/qrzIQQ==")
            .outcome == "access_connector_token");
  auto missing = world.fetch();
  as<ReadEntry>(missing.begin());
  CHECK(ending(missing.tell(base::Error{base::Errc::not_found, "no entry"})) ==
        Ending{FetchFault::unavailable, "credential_missing"});
}

TEST_CASE("each call of Bitwarden may fail, and the failure is told as what it is") {
  std::deque<World> worlds;  // each trouble has its own
  const Replies listed = {
      {0, std::string(kOurToken)}, {200, login_answer()}, {200, list_answer(item(kId))}};
  Replies fetched = listed;
  fetched.push_back({200, data_answer()});
  check_every_call([&] { return worlds.emplace_back().fetch(); }, fetched);
  check_every_call([&] { return test::RunScript(worlds.emplace_back().backend->list()); }, listed);
  Replies noticed = listed;
  noticed.push_back({200, notes_answer({noted(kId, kBindingNote)})});
  check_every_call([&] { return test::RunScript(worlds.emplace_back().backend->notes()); },
                   noticed);
}

TEST_CASE("an organisation that the account may not see any more is a credential that is lost") {
  const World world;
  auto script = world.fetch();
  as<Call>(to_list(script));
  CHECK(ending(script.answer(404, "")) == Ending{FetchFault::auth_lost, "no_organization"});
}

TEST_CASE("an answer that was changed on its way is refused: payload, name and value") {
  const World world;
  auto login = world.fetch();
  to_login(login);
  CHECK(ending(login.answer(200, login_answer(flipped(kOurPayload, 40)))) ==
        Ending{FetchFault::bad_answer, "sealed_otherwise"});
  auto list = world.fetch();
  as<Call>(to_list(list));
  CHECK(ending(list.answer(200, list_answer(item(kId, flipped(kName, 40))))) ==
        Ending{FetchFault::bad_answer, "sealed_otherwise"});
  for (std::size_t at : {2, 30, 80}) {
    INFO(at);
    const World fresh;
    auto values = fresh.fetch();
    as<Call>(to_values(values));
    CHECK(ending(values.answer(200, data_answer(flipped(kValue, at)))) ==
          Ending{FetchFault::bad_answer, "sealed_otherwise"});
  }
}

TEST_CASE("a name that does not open is in nobody's way") {
  const World world;
  auto script = world.fetch();
  as<Call>(to_list(script));
  const auto other = item("25744a66-341a-4c62-af50-af960166b6bc", flipped(kName, 40));
  as<Call>(script.answer(200, list_answer(other + "," + item(kId))));
  CHECK(value_of(as<Done>(script.answer(200, data_answer())), "OPENAI_API_KEY") ==
        "sk-live-0123456789");
}

TEST_CASE("two secrets of one name: neither is given") {
  const World world;
  auto script = world.fetch();
  as<Call>(to_list(script));
  const auto twice = list_answer(item(kId) + "," + item("25744a66-341a-4c62-af50-af960166b6bc"));
  CHECK(ending(script.answer(200, twice)) == Ending{FetchFault::bad_answer, "ambiguous_name"});
  // Until one of them is gone there.
  auto later = world.fetch();
  CHECK(as<Call>(later.begin()).method == "GET");
  as<Call>(later.answer(200, list_answer(item(kId))));
  CHECK(value_of(as<Done>(later.answer(200, data_answer())), "OPENAI_API_KEY") ==
        "sk-live-0123456789");
}

TEST_CASE("an id that is gone, or has another name by now, is looked up once more") {
  for (const auto& [status, body] : std::initializer_list<std::pair<int, std::string>>{
           {404, "{}"}, {200, R"({"data":[]})"}, {200, data_answer(kValue, kValue)}}) {
    INFO(body);
    const World world;
    auto first = world.fetch();
    as<Call>(to_values(first));
    as<Done>(first.answer(200, data_answer()));
    auto script = world.fetch();
    as<Call>(script.begin());
    const Call list = as<Call>(script.answer(status, body));
    CHECK(list.method == "GET");
    const std::string new_id = "35744a66-341a-4c62-af50-af960166b6bc";
    CHECK(body_of(as<Call>(script.answer(200, list_answer(item(new_id))))) ==
          R"({"ids":[")" + new_id + R"("]})");
    CHECK(value_of(as<Done>(script.answer(200, data_answer(kValue, kName, new_id))),
                   "OPENAI_API_KEY") == "sk-live-0123456789");
  }
}

TEST_CASE("what the list does not have does not exist, and costs no further call") {
  const World world;
  auto script = world.fetch({"NOT_THERE", "OPENAI_API_KEY"});
  CHECK(body_of(as<Call>(to_values(script))) ==
        R"({"ids":["15744a66-341a-4c62-af50-af960166b6bc"]})");
  const Done done = as<Done>(script.answer(200, data_answer()));
  CHECK(value_of(done, "OPENAI_API_KEY") == "sk-live-0123456789");
  CHECK(missed_of(done, "NOT_THERE") == Ending{FetchFault::not_found, "not_found"});
  auto alone = world.fetch({"NOT_THERE"});
  as<Call>(alone.begin());
  CHECK(ending(alone.answer(200, list_answer(item(kId)))) ==
        Ending{FetchFault::not_found, "not_found"});
}

TEST_CASE(
    "of several keys it is told of each why there is no value, and a name twice is not gone") {
  const World world;
  auto script = world.fetch({"OPENAI_API_KEY", key_text("OPENAI_API_KEY", "password")});
  as<Call>(to_values(script));
  const Done done = as<Done>(script.answer(200, data_answer()));
  CHECK(missed_of(done, key_text("OPENAI_API_KEY", "password")) ==
        Ending{FetchFault::bad_answer, "no_fields"});
  const World other;
  auto twice = other.fetch({"NOT_THERE", "OPENAI_API_KEY"});
  as<Call>(to_list(twice));
  const std::string both = item(kId) + "," + item("35744a66-341a-4c62-af50-af960166b6bc");
  const Done none = as<Done>(twice.answer(200, list_answer(both)));
  CHECK(missed_of(none, "OPENAI_API_KEY") == Ending{FetchFault::bad_answer, "ambiguous_name"});
  CHECK(missed_of(none, "NOT_THERE") == Ending{FetchFault::not_found, "not_found"});
}

TEST_CASE("ids that were listed just now and are not there do not make all of them be gone") {
  const World world;
  auto script = world.fetch({"OPENAI_API_KEY", key_text("OPENAI_API_KEY", "password")});
  as<Call>(to_values(script));
  CHECK(ending(script.answer(404, "{}")) == Ending{FetchFault::bad_answer, "refused"});
}

TEST_CASE("a field is picked from a value, which has to have fields") {
  const World world;
  auto script = world.fetch({key_text("OPENAI_API_KEY", "password")});
  as<Call>(to_values(script));
  CHECK(ending(script.answer(200, data_answer())) == Ending{FetchFault::bad_answer, "no_fields"});
}

TEST_CASE("the list brings names and no values") {
  const World world;
  test::RunScript script(world.backend->list());
  as<Call>(to_list(script));
  const Done done = as<Done>(script.answer(200, list_answer(item(kId))));
  REQUIRE(done.values.size() == 1);
  CHECK(done.values.front().key == "OPENAI_API_KEY");
  CHECK(done.values.front().value.size() == 0);
}

TEST_CASE("notes come with the list, and of somebody's own text nothing is kept") {
  const World world;
  test::RunScript script(world.backend->notes());
  as<Call>(to_list(script));
  const std::string other = "25744a66-341a-4c62-af50-af960166b6bc";
  const Call values = as<Call>(script.answer(200, list_answer(item(kId) + "," + item(other))));
  CHECK(line_of(values) == "POST https://bw.corp.example/api/secrets/get-by-ids");
  const Done done = as<Done>(
      script.answer(200, notes_answer({noted(kId, kBindingNote), noted(other, kOwnNote)})));
  CHECK(done.is_listing);
  REQUIRE(done.values.size() == 2);
  CHECK(done.values[0].key == "OPENAI_API_KEY");
  CHECK(done.values[0].value.reveal() == "# avp-binding\napi.openai.com\n");
  CHECK(done.values[1].value.size() == 0);
}

TEST_CASE("a note is read again once its secret changed, and goes with its secret") {
  const World world;
  test::RunScript first(world.backend->notes());
  as<Call>(to_list(first));
  as<Call>(first.answer(200, list_answer(item(kId))));
  as<Done>(first.answer(200, notes_answer({noted(kId, kBindingNote)})));

  test::RunScript same(world.backend->notes());
  as<Call>(same.begin());
  const Done kept = as<Done>(same.answer(200, list_answer(item(kId))));
  REQUIRE(kept.values.size() == 1);
  CHECK(kept.values.front().value.size() > 0);

  test::RunScript changed(world.backend->notes());
  as<Call>(changed.begin());
  std::string later = item(kId);
  later.replace(later.find("2026-01-02"), 10, "2026-01-03");
  CHECK(as<Call>(changed.answer(200, list_answer(later))).method == "POST");
  CHECK(as<Done>(changed.answer(200, notes_answer({noted(kId, kOwnNote)})))
            .values.front()
            .value.size() == 0);

  test::RunScript gone(world.backend->notes());
  as<Call>(gone.begin());
  CHECK(as<Done>(gone.answer(200, list_answer(""))).values.empty());
}

TEST_CASE("a note that does not open binds its secret nowhere, and is in no other's way") {
  const World world;
  test::RunScript script(world.backend->notes());
  as<Call>(to_list(script));
  const std::string other = "25744a66-341a-4c62-af50-af960166b6bc";
  as<Call>(script.answer(200, list_answer(item(kId) + "," + item(other))));
  const Done done = as<Done>(script.answer(
      200, notes_answer({noted(kId, flipped(kBindingNote, 5)), noted(other, kBindingNote)})));
  REQUIRE(done.values.size() == 2);
  CHECK(done.values[0].value.reveal() == "# avp-binding");
  CHECK(done.values[1].value.size() > 13);
}

TEST_CASE("a listing that fails brings nothing") {
  const World world;
  test::RunScript script(world.backend->notes());
  as<Call>(to_list(script));
  as<Call>(script.answer(200, list_answer(item(kId))));
  CHECK(ending(script.answer(404, "{}")) == Ending{FetchFault::unavailable, "not_found"});
  test::RunScript again(world.backend->notes());
  as<Call>(again.begin());
  as<Call>(again.answer(200, list_answer(item(kId))));
  CHECK(ending(again.answer(200, R"({"data":{}})")) == Ending{FetchFault::bad_answer, "malformed"});
}

TEST_CASE("notes of many secrets are asked for a few at a time") {
  const World world;
  test::RunScript script(world.backend->notes());
  as<Call>(to_list(script));
  std::string items;
  std::vector<std::string> all;
  for (int i = 0; i < 17; ++i) {
    const std::string id = "id-" + std::to_string(i);
    items += (items.empty() ? "" : ",") + item(id);
    all.push_back(noted(id, kOwnNote));
  }
  as<Call>(script.answer(200, list_answer(items)));
  const std::vector<std::string> last(all.begin() + 1, all.end());
  CHECK(body_of(as<Call>(script.answer(200, notes_answer(last)))) == R"({"ids":["id-0"]})");
  CHECK(as<Done>(script.answer(200, notes_answer({all.front()}))).values.size() == 17);
}

}  // namespace keyswap::vault
