// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/unbound.h"

#include <catch2/catch.hpp>

#include "proxy/cli/policy.h"
#include "test/support/temp_home.h"
#include "test/vault/sample.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;
namespace sample = vault::sample;

std::vector<vault::SecretName> names_of(const std::vector<std::string>& texts) {
  std::vector<vault::SecretName> names;
  for (const std::string& text : texts) {
    names.push_back(sample::name_of(text));
  }
  return names;
}

bindings::Bindings bound(const std::string& inject, const std::string& compose = "") {
  auto parsed = parse_bindings(
      "version: 1\nsecrets:\n  BOUND:\n    placeholder: "
      "\"PLACEHOLDER-unbound-0123456789\"\n    inject: " +
          inject + "\n    " + compose + "bindings: [ { host: api.example.test } ]\n",
      "/");
  REQUIRE(parsed.errors.empty());
  return std::move(parsed.bindings);
}

}  // namespace

TEST_CASE("a secret that no rule needs is unbound, and one that a template takes is not") {
  const auto plain = bound("{ header: Authorization, format: \"Bearer {secret}\" }");
  CHECK(unbound_of(names_of({"BOUND", "LEFT"}), plain) == names_of({"LEFT"}));
  const auto composed =
      bound("{ header: Authorization, template: \"Basic {{ (user + ':' + token) | b64encode }}\" }",
            "compose: { user: LEFT, token: OTHER }\n    ");
  CHECK(unbound_of(names_of({"OTHER", "LEFT"}), composed).empty());
}

TEST_CASE("those of a home are found without its passphrase") {
  const test::TempHome temp;
  const auto plain = bound("{ header: Authorization, format: \"Bearer {secret}\" }");
  CHECK(unbound_in(temp.home(), plain).empty());  // there is no vault
  const sample::TempDir made;
  fs::copy_file(sample::make_sample(made), temp.home().vault());
  const auto unbound = unbound_in(temp.home(), plain);
  CHECK(std::ranges::find(unbound, sample::name_of("OPENAI_API_KEY")) != unbound.end());
}

TEST_CASE("one line says which have no rule, and the command that makes one") {
  CHECK(unbound_text({}).empty());
  CHECK(unbound_text(names_of({"A_KEY"})) ==
        "no rule uses A_KEY yet: keyswap bindings add A_KEY --host HOST");
  CHECK(unbound_text(names_of({"A_KEY"}), "keyswap bindings edit") ==
        "no rule uses A_KEY yet: keyswap bindings edit");
  CHECK(unbound_text(names_of({"A", "B", "C", "D", "E"})) ==
        "no rule uses A, B, C and 2 more yet: keyswap bindings add NAME --host HOST");
}

}  // namespace keyswap::cli
