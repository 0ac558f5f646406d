// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/note_placeholder.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

Secret salt_of(const std::string& bytes) {
  REQUIRE(lock_memory().has_value());
  auto salt = Secret::copy_of(bytes);
  REQUIRE(salt.has_value());
  return std::move(*salt);
}

std::string counted() {
  std::string bytes;
  for (char byte = 0; byte < 32; ++byte) {
    bytes.push_back(byte);
  }
  return bytes;
}

}  // namespace

// Computed with Python's hmac and base64.
TEST_CASE("K38 one salt and one name make one placeholder, and another salt makes another") {
  const auto made = [](const std::string& salt, const std::string& name) {
    return note_placeholder(salt_of(salt), name).value();
  };
  CHECK(made(counted(), "OPENAI_API_KEY") == "avp-PLACEHOLDER-x36nqww2p5wjon6bmve2x");
  CHECK(made(counted(), "OTHER") == "avp-PLACEHOLDER-fj4fkd2qu4a4rccq7ll3y");
  CHECK(made(std::string(32, '\x0b'), "OPENAI_API_KEY") == "avp-PLACEHOLDER-26bqojcgr5miuds7xueh2");
}

TEST_CASE("K37 a salt that is too short is refused") {
  CHECK_FALSE(note_placeholder(salt_of(std::string(31, 'x')), "K").has_value());
  CHECK_FALSE(note_placeholder(Secret(), "K").has_value());
  CHECK_FALSE(note_placeholder(salt_of(counted()), "").has_value());
}

TEST_CASE(
    "what a source brings is its names and notes, with or without what a salt makes of them") {
  Done done;
  done.values.push_back({"OTHER", salt_of("# avp-binding"), "1", std::nullopt});
  done.values.push_back({"K", Secret(), "1", std::nullopt});
  const Secret salt = salt_of(counted());
  const auto with = note_texts(done, &salt).value();
  REQUIRE(with.size() == 2);
  CHECK(with[0].text == "# avp-binding");
  CHECK(with[0].placeholder == "avp-PLACEHOLDER-fj4fkd2qu4a4rccq7ll3y");
  CHECK(with[1].text.empty());
  CHECK(note_texts(done, nullptr).value()[0].placeholder.empty());
  const Secret short_one = salt_of("x");
  CHECK_FALSE(note_texts(done, &short_one).has_value());
}

}  // namespace keyswap::vault
