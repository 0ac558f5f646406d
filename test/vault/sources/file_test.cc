// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

extern const BackendKind kFileKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

struct World {
  explicit World(std::vector<SourceSetting> settings = {{"directory", "/run/secrets"}})
      : backend(kFileKind.make(spec_of(std::move(settings)))) {}

  std::unique_ptr<Backend> backend;

  [[nodiscard]] test::RunScript fetch(const std::vector<std::string>& keys) const {
    return test::RunScript(backend->fetch(keys));
  }
};

}  // namespace

TEST_CASE("a file of a directory, whole or a field of it") {
  const World world;
  auto script = world.fetch({"openai", key_text("db/app", "password")});
  CHECK(as<ReadFile>(script.begin()).path == "/run/secrets/openai");
  CHECK(as<ReadFile>(script.entry("sk-live\n", "")).path == "/run/secrets/db/app");
  const Done done = as<Done>(script.entry("{\"password\":\"p\"}\n"));
  CHECK(value_of(done, "openai") == "sk-live\n");
  CHECK(value_of(done, key_text("db/app", "password")) == "p");
}

TEST_CASE("G17 a file that holds a number is its text") {
  const World world;
  auto script = world.fetch({"pin"});
  as<ReadFile>(script.begin());
  CHECK(value_of(as<Done>(script.entry("123", "")), "pin") == "123");
}

TEST_CASE("what a platform mounts is read as that where the file says so, and not by itself") {
  const auto is_mounted = [](std::string_view said) {
    const World world({{"directory", "/run/secrets"}, {"mounted", std::string(said)}});
    auto script = world.fetch({"openai"});
    return as<ReadFile>(script.begin()).is_mounted;
  };
  CHECK(is_mounted("true"));
  CHECK_FALSE(is_mounted("false"));
  const World plain;
  CHECK_FALSE(as<ReadFile>(plain.fetch({"openai"}).begin()).is_mounted);
  const auto rule = std::ranges::find(kFileKind.settings, "mounted", &SettingRule::name);
  REQUIRE(rule != kFileKind.settings.end());
  CHECK(rule->check("yes") != nullptr);
  CHECK(rule->check("true") == nullptr);
}

TEST_CASE("without a directory a key is an absolute path") {
  const World world{{}};
  auto script = world.fetch({"/run/secrets/openai"});
  CHECK(as<ReadFile>(script.begin()).path == "/run/secrets/openai");
  CHECK(ending(world.fetch({"openai"}).begin()).outcome == "no_path");
}

TEST_CASE("no key leads out of the directory") {
  const World world;
  for (const auto* const bad : {"../shadow", "a/../../b", "./a", "a//b", "a/", "", "/etc/shadow"}) {
    INFO(bad);
    CHECK(ending(world.fetch({bad}).begin()) == Ending{FetchFault::not_found, "no_path"});
  }
}

TEST_CASE("G16 a file that others may read is refused, and one that is not there is not found") {
  const World world;
  const auto told = [&](const base::Error& error) {
    auto script = world.fetch({"openai"});
    as<ReadFile>(script.begin());
    return ending(script.tell(error));
  };
  CHECK(told({base::Errc::permission, "mode"}) == Ending{FetchFault::bad_answer, "not_permitted"});
  CHECK(told({base::Errc::not_found, "none"}) == Ending{FetchFault::not_found, "not_found"});
  CHECK(told({base::Errc::unavailable, "full"}).fault == FetchFault::no_room);
}

}  // namespace keyswap::vault
