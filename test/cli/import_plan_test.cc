// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/import_plan.h"

#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/support/temp_home.h"
#include "test/vault/sample.h"

namespace keyswap::cli {

namespace {

namespace sample = vault::sample;

constexpr const char* kBindings =
    "version: 1\n"
    "secrets:\n"
    "  GITHUB_TOKEN:\n"
    "    placeholder: \"gh-PLACEHOLDER-0123456789abcdef\"\n"
    "    inject: { header: X-Key, format: \"{secret}\" }\n"
    "    bindings: [ { host: api.example.com } ]\n";

using Read = CredentialFile (*)(std::string_view text);
using Kept = std::vector<std::pair<std::string, std::string>>;  // names and values in the vault

struct Planned {
  Planned(const std::string& given,
          Read read,
          const std::string& bindings = kBindings,
          const Kept& kept = {})
      : text(given) {
    auto file = open_bindings(home.put("bindings.yaml", bindings));
    REQUIRE(file);
    const sample::TempDir dir;
    auto vault = sample::open_vault(sample::make_sample(dir));
    for (const auto& [name, value] : kept) {
      REQUIRE(vault.add(sample::name_of(name), "s", sample::secret_of(value), 1));
    }
    auto made = plan_import(vault, file.value(), text, read(text), "tool");
    REQUIRE(made);
    plan = std::move(made).value();
    auto changed = text_with_placeholders(text, plan);
    REQUIRE(changed);
    after = std::string(changed->view());
  }

  test::TempHome home;
  std::string text;
  ImportPlan plan;
  std::string after;  // the file with placeholders
};

}  // namespace

TEST_CASE("a value that a file has twice is one secret, with a name that is free") {
  const Planned made(
      "github.com:\n"
      "    users:\n"
      "        ann:\n"
      "            oauth_token: gho_live-one\n"
      "    oauth_token: gho_live-one\n",
      read_gh_hosts);
  REQUIRE(made.plan.secrets.size() == 1);
  const PlannedSecret& secret = made.plan.secrets[0];
  CHECK(secret.name.text() == "GITHUB_TOKEN_2");
  CHECK(secret.service == "github");
  CHECK(secret.hosts == std::vector<std::string>{"api.github.com"});
  CHECK(secret.placeholder.starts_with("gh"));
  CHECK(made.after ==
        "github.com:\n"
        "    users:\n"
        "        ann:\n"
        "            oauth_token: " +
            secret.placeholder + "\n    oauth_token: " + secret.placeholder + "\n");
  CHECK(made.plan.bindings.find("  GITHUB_TOKEN_2:\n") != std::string::npos);
  CHECK(made.plan.bindings.find("gh-PLACEHOLDER-0123456789abcdef") != std::string::npos);
}

TEST_CASE("each value has a placeholder of its own, and what cannot be bound or kept stays") {
  const Planned made(
      "//one.example.com/:_authToken=live-1\n"
      "//two.example.com:8443/:_auth=" +
          base::to_base64("ann:live-2") +
          "\n"
          "//*.example.com/:_authToken=live-3\n"
          "//four.example.com/:_password=" +
          base::to_base64("live\n4") +
          "\n"
          "//five.example.com/:_authToken=gh-PLACEHOLDER-0123456789abcdef\n",
      read_npmrc);
  REQUIRE(made.plan.secrets.size() == 2);
  CHECK(made.plan.secrets[0].service == "npm");
  CHECK(made.plan.secrets[1].service == "tool");
  CHECK(made.plan.secrets[0].placeholder != made.plan.secrets[1].placeholder);
  CHECK(made.plan.left_out.size() == 3);
  CHECK(made.after.find("//one.example.com/:_authToken=" + made.plan.secrets[0].placeholder +
                        "\n") == 0);
  CHECK(made.after.find(base::to_base64("ann:" + made.plan.secrets[1].placeholder)) !=
        std::string::npos);
  CHECK(made.after.find("live-3") != std::string::npos);
  CHECK(made.after.find("live-1") == std::string::npos);
}

TEST_CASE("an import that was cut off goes on where it was, and makes nothing twice") {
  const std::string text =
      "//npm.example.com:8443/:_authToken=live-token-1\n"
      "//npm.example.com:8443/:_auth=" +
      base::to_base64("ann:live-2") + "\n";
  const Planned first(text, read_npmrc);
  REQUIRE(first.plan.secrets.size() == 2);
  const std::string token = first.plan.secrets[0].name.text();
  const std::string pair = first.plan.secrets[1].name.text();

  // The values are in the vault.
  const Planned second(text, read_npmrc, kBindings, {{token, "live-token-1"}, {pair, "live-2"}});
  REQUIRE(second.plan.secrets.size() == 2);
  CHECK(second.plan.secrets[0].name.text() == token);
  CHECK(second.plan.secrets[0].known == Known::value);
  CHECK(second.plan.binds());

  // And the bindings are in place.
  const Planned third(
      text, read_npmrc, first.plan.bindings, {{token, "live-token-1"}, {pair, "live-2"}});
  REQUIRE(third.plan.secrets.size() == 2);
  CHECK(third.plan.secrets[1].known == Known::binding);
  CHECK_FALSE(third.plan.binds());
  CHECK(third.plan.bindings == first.plan.bindings);
  CHECK(third.after == first.after);
}

TEST_CASE("a secret of another value, host or place is none that a credential could use") {
  const std::string text = "//npm.example.com/:_authToken=live-token-1\n";
  const Planned first(text, read_npmrc);
  REQUIRE(first.plan.secrets.size() == 1);
  const std::string name = first.plan.secrets[0].name.text();
  std::string bindings = first.plan.bindings;
  std::string value = "live-token-1";
  SECTION("value") {
    value = "live-token-2";
  }
  SECTION("host") {
    bindings.replace(bindings.find("npm.example.com"), 15, "n10.example.com");
  }
  SECTION("place") {
    bindings.replace(bindings.find("Bearer"), 6, "token ");
  }
  INFO(bindings);
  const Planned other(text, read_npmrc, bindings, {{name, value}});
  REQUIRE(other.plan.secrets.size() == 1);
  CHECK(other.plan.secrets[0].known == Known::nothing);
  CHECK(other.plan.secrets[0].name.text() == name + "_2");
}

}  // namespace keyswap::cli
