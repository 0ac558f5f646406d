// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/environment_undo.h"

#include <array>
#include <cstdio>

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

constexpr EnvironmentFormat kSh = EnvironmentFormat::sh;

std::string said_by_shell(const std::string& command) {
  FILE* shell = popen(command.c_str(), "r");
  REQUIRE(shell != nullptr);
  std::array<char, 512> read_back{};
  const std::size_t size = std::fread(read_back.data(), 1, read_back.size(), shell);
  CHECK(pclose(shell) == 0);
  return {read_back.data(), size};
}

std::string set_text(const Variables& inherited, EnvironmentPlan plan) {
  const std::string before = remember_text(inherited, plan, kSh);
  auto text = format_environment(plan, kSh);
  REQUIRE(text);
  return before + text.value();
}

}  // namespace

TEST_CASE("env --off puts back what a shell had, and takes away what it had not") {
  const Variables inherited = {{"KS_A", "it's $HOME"}, {"KS_GONE", "x"}, {"KS_OTHER", "o"}};
  const std::string set = set_text(inherited, {{{"KS_A", "1"}, {"KS_B", "2"}}, {"KS_GONE"}, {}});
  const std::string off =
      undo_text(changed_names({{"KEYSWAP_ENV_NAMES", "KS_A:KS_B:KS_GONE"}}), kSh);
  const std::string show = "printf '%s|' \"$KS_A\" \"${KS_B-none}\" \"${KS_GONE-none}\"\n";
  CHECK(said_by_shell("export KS_A='it'\\''s $HOME' KS_GONE=x\n" + set + show + off + show +
                      "printf %s \"${KEYSWAP_ENV_NAMES-none}\"") ==
        "1|2|none|it's $HOME|none|x|none");
}

TEST_CASE("what a shell had before is seen by no program that it starts") {
  const std::string set =
      set_text({{"KS_KEY", "ks-own-7x"}}, {{{"KS_KEY", "placeholder"}}, {}, {}});
  for (const char* options : {"", "set -a\n", "set -eu\n"}) {
    CHECK(said_by_shell(std::string(options) + "export KS_KEY=ks-own-7x\n" + set +
                        "env | grep -c ks-own-7x || true") == "0\n");
  }
  CHECK(said_by_shell("set -a\nexport KS_KEY=ks-own-7x\n" + set +
                      "case $- in *a*) echo on ;; esac") == "on\n");
  CHECK(set.find("ks-own-7x") == std::string::npos);
}

TEST_CASE("a second env forgets nothing of the first") {
  EnvironmentPlan plan{{{"KS_A", "3"}, {"KS_C", "4"}}, {}, {}};
  const Variables inherited = {
      {"KEYSWAP_ENV_NAMES", "KS_A:KS_B"}, {"KS_A", "1"}, {"KS_B", "2"}, {"KS_C", "own"}};
  const std::string text = remember_text(inherited, plan, kSh);
  CHECK(text.find("_keyswap_was_KS_C=\"$KS_C\"\n") != std::string::npos);
  CHECK(text.find("KS_A") == std::string::npos);
  CHECK(plan.set.at("KEYSWAP_ENV_NAMES") == "KS_A:KS_B:KS_C");
}

TEST_CASE("no name gets into a line for a shell that is not one") {
  CHECK(changed_names({{"KEYSWAP_ENV_NAMES", "A:$(id):b c:1x::B_2"}}) ==
        std::vector<std::string>{"A", "B_2"});
  CHECK(changed_names({}).empty());
  EnvironmentPlan plan{{}, {"a;b"}, {}};
  CHECK(remember_text({{"a;b", "1"}}, plan, kSh).empty());
}

TEST_CASE("fish has its own words for it, and files none") {
  EnvironmentPlan plan{{{"A", "1"}}, {}, {}};
  CHECK(remember_text({{"A", "0"}}, plan, EnvironmentFormat::fish) == "set -g _keyswap_was_A $A\n");
  CHECK(undo_text({"A"}, EnvironmentFormat::fish) ==
        "if set -q _keyswap_was_A; set -gx A $_keyswap_was_A; set -e _keyswap_was_A; else; "
        "set -e A; end\nset -e KEYSWAP_ENV_NAMES\n");
  CHECK(can_undo(EnvironmentFormat::fish));
  CHECK_FALSE(can_undo(EnvironmentFormat::dotenv));
  CHECK_FALSE(can_undo(EnvironmentFormat::github));
  CHECK_FALSE(can_undo(EnvironmentFormat::json));
}

}  // namespace keyswap::cli
