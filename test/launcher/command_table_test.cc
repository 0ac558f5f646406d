// SPDX-License-Identifier: Apache-2.0
#include "proxy/launcher/command_table.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap {
namespace {

using launcher::command_of;
using launcher::commands_of;
using launcher::environment_names;
using Words = std::vector<std::string>;

vault::SourceSpec sample() {
  vault::SourceSpec spec;
  spec.id = "mine";
  spec.kind = "command";
  spec.argv = {"/usr/bin/op", "read", "op://{key}/{key}?x={"};
  return spec;
}

vault::SecretName name(std::string_view text) {
  auto parsed = vault::SecretName::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

TEST_CASE("a key stands where the entry says it, and never for the program") {
  vault::SourceSpec spec = sample();
  CHECK(command_of(spec, "a b").argv == Words{"/usr/bin/op", "read", "op://a b/a b?x={"});
  CHECK(command_of(spec, "{key}").argv.back() == "op://{key}/{key}?x={");
  spec.argv = {"/opt/{key}", ""};
  CHECK(command_of(spec, "x").argv == Words{"/opt/{key}", ""});
}

TEST_CASE("a program's time is that of its entry, within the bounds") {
  vault::SourceSpec spec = sample();
  CHECK(command_of(spec, "k").timeout_ms == base::bounds::kCommandMs);
  for (const auto& [text, ms] : std::vector<std::pair<std::string, std::int64_t>>{
           {"3", 3'000}, {"0", 1'000}, {"61", base::bounds::kCommandMsMax}}) {
    spec.settings = {{"timeout_seconds", text}};
    CHECK(command_of(spec, "k").timeout_ms == ms);
  }
}

TEST_CASE("what is keyswap's own is handed to no program [I1]", "[I1]") {
  CHECK(environment_names("OP_SESSION\nAWS_PROFILE\n\nKEYSWAP_PASSPHRASE\nX") ==
        Words{"OP_SESSION", "AWS_PROFILE", "X"});
  CHECK(environment_names("").empty());
}

TEST_CASE("the table has a line for each key that a policy asks a program for") {
  vault::SourceSpec other;
  other.id = "company";
  other.kind = "bitwarden";
  const vault::SourceTable table({sample(), other},
                                 {{name("A"), {0, "a", ""}},
                                  {name("B"), {0, "b", ""}},
                                  {name("B2"), {0, "b", "field"}},
                                  {name("C"), {1, "c", ""}}});
  const auto commands = commands_of(table);
  REQUIRE(commands.size() == 2);
  for (const std::string key : {"a", "b"}) {
    CHECK(std::ranges::count(commands, command_of(table.specs()[0], key)) == 1);
  }
}

}  // namespace
}  // namespace keyswap
