// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/nearest_word.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

TEST_CASE("a mistyped word names the nearest known one, and a strange one names none") {
  const std::vector<std::string> known = {
      "serve", "secret", "status", "bindings", "--password-file", "--approval-password-file"};
  CHECK(nearest_word("servce", known) == "serve");
  CHECK(nearest_word("sceret", known) == "secret");
  CHECK(nearest_word("statsu", known) == "status");
  CHECK(nearest_word("--pasword-file", known) == "--password-file");
  CHECK(nearest_word("--approval-pasword-file", known) == "--approval-password-file");
  CHECK(nearest_word("bind", known) == "bindings");
  CHECK(nearest_word("frobnicate", known).empty());
  CHECK(nearest_word("", known).empty());
  CHECK(nearest_word("s", known).empty());
  CHECK(nearest_word(std::string(10'000, 's'), known).empty());
  CHECK(nearest_word("serve", {}).empty());
}

TEST_CASE("two letters that changed places are one mistake, not two") {
  const std::vector<std::string> known = {"secret", "provider", "serve", "env", "run"};
  CHECK(nearest_word("sevre", known) == "serve");
  CHECK(nearest_word("rnu", known) == "run");
}

TEST_CASE("an unknown word is shown where it can hardly be a value", "[I1]") {
  CHECK(shown_word("frobnicate", "") == "'frobnicate'");
  CHECK(shown_word("Serve2", "serve") == "'Serve2'");
  for (const char* const word :
       {"sk-live-0123456789", "hunter2", "correcthorsebatterystaple", ""}) {
    CHECK(shown_word(word, "").find(std::string(word) + "'") == std::string::npos);
  }
}

}  // namespace keyswap::cli
