// SPDX-License-Identifier: Apache-2.0
//
// A 1Password Connect server as its API reference answers, without a socket.
#include <deque>
#include <string>
#include <string_view>

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

extern const BackendKind kOnePasswordKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::string_view kVaultId = "ftz4pm2xxwmwrsd7rjqn7grzfz";
constexpr std::string_view kItemId = "2fcbqwe9ndg175zg2dzwftvkpa";

struct World {
  std::unique_ptr<Backend> backend =
      kOnePasswordKind.make(spec_of({{"address", "http://127.0.0.1:8080"}, {"token", "OP_TOKEN"}}));

  [[nodiscard]] test::RunScript fetch(std::vector<std::string> keys = {
                                          "op://Team/OpenAI/credential"}) const {
    return test::RunScript(backend->fetch(keys));
  }
};

std::string found(std::string_view attribute, std::string_view name, std::string_view id) {
  return R"({"id":")" + std::string(id) + R"(",")" + std::string(attribute) + R"(":")" +
         std::string(name) + R"("})";
}

constexpr std::string_view kItem = R"({
  "id": "2fcbqwe9ndg175zg2dzwftvkpa", "title": "OpenAI", "version": 4,
  "sections": [{"id": "s1", "label": "live"}, {"id": "s2", "label": "test"}],
  "fields": [
    {"id": "username", "label": "username", "value": "u"},
    {"id": "credential", "type": "CONCEALED", "label": "credential", "value": "sk-live"},
    {"id": "f3", "section": {"id": "s1"}, "label": "key", "value": "of live"},
    {"id": "f4", "section": {"id": "s2"}, "label": "key", "value": "of test"}
  ]})";

Call to_vaults(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "OP_TOKEN");
  return as<Call>(script.entry("eyJ.connect\n", ""));
}

Call to_items(test::RunScript& script) {
  to_vaults(script);
  return as<Call>(script.answer(200, "[" + found("name", "Team", kVaultId) + "]"));
}

Call to_item(test::RunScript& script) {
  to_items(script);
  return as<Call>(script.answer(200, "[" + found("title", "OpenAI", kItemId) + "]"));
}

}  // namespace

TEST_CASE("1Password: vault and item are looked up by name, then a field is the value") {
  const World world;
  auto script = world.fetch();
  const Call vaults = to_vaults(script);
  CHECK(line_of(vaults) == "GET http://127.0.0.1:8080/v1/vaults?filter=name%20eq%20%22Team%22");
  CHECK(field_of(vaults, "Authorization") == "Bearer eyJ.connect");
  const Call items = as<Call>(script.answer(200, "[" + found("name", "Team", kVaultId) + "]"));
  CHECK(items.url ==
        "http://127.0.0.1:8080/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items?filter="
        "title%20eq%20%22OpenAI%22");
  const Call item = as<Call>(script.answer(200, "[" + found("title", "OpenAI", kItemId) + "]"));
  CHECK(item.url ==
        "http://127.0.0.1:8080/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items/"
        "2fcbqwe9ndg175zg2dzwftvkpa");
  const Done done = as<Done>(script.answer(200, kItem));
  CHECK(value_of(done, "op://Team/OpenAI/credential") == "sk-live");
  CHECK(done.values.front().version == "4");
}

TEST_CASE("ids are not looked up; a section tells fields of one label apart") {
  const World world;
  const std::string base = "op://ftz4pm2xxwmwrsd7rjqn7grzfz/2fcbqwe9ndg175zg2dzwftvkpa";
  const std::vector<std::string> keys = {base + "/live/key",
                                         base + "/s2/key",
                                         key_text(base, "f3"),
                                         base + "/key",
                                         base + "/nothing",
                                         base + "/live/credential"};
  auto script = world.fetch(keys);
  CHECK(to_vaults(script).url ==
        "http://127.0.0.1:8080/v1/vaults/ftz4pm2xxwmwrsd7rjqn7grzfz/items/"
        "2fcbqwe9ndg175zg2dzwftvkpa");
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    as<Call>(script.answer(200, kItem));
  }
  const Done done = as<Done>(script.answer(200, kItem));
  CHECK(value_of(done, keys[0]) == "of live");
  CHECK(value_of(done, keys[1]) == "of test");
  CHECK(value_of(done, keys[2]) == "of live");
  CHECK(done.values.size() == 3);
}

TEST_CASE("two vaults or items of one name, and two fields of one label, are refused") {
  const World world;
  auto vaults = world.fetch();
  to_vaults(vaults);
  CHECK(ending(vaults.answer(
            200,
            "[" + found("name", "Team", kVaultId) + "," + found("name", "Team", kItemId) + "]")) ==
        Ending{FetchFault::bad_answer, "ambiguous_name"});
  auto items = world.fetch();
  to_items(items);
  CHECK(ending(items.answer(200,
                            "[" + found("title", "OpenAI", kItemId) + "," +
                                found("title", "OpenAI", kVaultId) + "]"))
            .outcome == "ambiguous_name");
  auto fields = world.fetch({"op://Team/OpenAI/key"});
  to_item(fields);
  CHECK(ending(fields.answer(200, kItem)).outcome == "ambiguous_name");
}

TEST_CASE("what a filter also found is not what was asked for") {
  const World world;
  auto script = world.fetch();
  to_vaults(script);
  CHECK(ending(script.answer(200, "[" + found("name", "team", kVaultId) + "]")) ==
        Ending{FetchFault::not_found, "not_found"});
}

TEST_CASE("a quote in a name does not end the filter") {
  const World world;
  auto script = world.fetch({R"(op://A" or "1" eq "1/x\y/f)"});
  CHECK(to_vaults(script).url ==
        "http://127.0.0.1:8080/v1/vaults?filter=name%20eq%20%22A%5C%22%20or%20%5C%221%5C%22%20eq"
        "%20%5C%221%22");
}

TEST_CASE("what is no reference is told before anything is sent") {
  const World world;
  for (const auto* const bad : {"OPENAI_API_KEY",
                                "op://",
                                "op://a",
                                "op://a/b",
                                "op://a/b/c/d/e",
                                "op://a//c",
                                "op://../b/c",
                                "/a/b/c"}) {
    INFO(bad);
    auto script = world.fetch({bad});
    as<ReadEntry>(script.begin());
    CHECK(ending(script.entry("token")) == Ending{FetchFault::not_found, "no_reference"});
  }
}

TEST_CASE("an id that leads elsewhere is no answer") {
  const World world;
  auto script = world.fetch();
  to_vaults(script);
  CHECK(ending(script.answer(200, "[" + found("name", "Team", "../../x") + "]")) ==
        Ending{FetchFault::bad_answer, "malformed"});
}

TEST_CASE("1Password's errors are told by what they mean") {
  const World world;
  const auto told = [&](int status) {
    auto script = world.fetch();
    to_item(script);
    return ending(script.answer(status, R"({"status":1,"message":"about an item"})"));
  };
  CHECK(told(401) == Ending{FetchFault::auth_lost, "unauthorized"});
  CHECK(told(403) == Ending{FetchFault::not_found, "forbidden"});
  CHECK(told(404) == Ending{FetchFault::not_found, "not_found"});
  auto bad_token = world.fetch();
  as<ReadEntry>(bad_token.begin());
  CHECK(ending(bad_token.entry("a b")) == Ending{FetchFault::auth_lost, "no_token"});
}

TEST_CASE(
    "1Password may fail at each call: as a vault and an item are looked up, and at the item") {
  const World world;
  check_every_call([&] { return world.fetch(); },
                   {{0, "eyJ.connect"},
                    {200, "[" + found("name", "Team", kVaultId) + "]"},
                    {200, "[" + found("title", "OpenAI", kItemId) + "]"},
                    {200, std::string(kItem)}});
}

}  // namespace keyswap::vault
