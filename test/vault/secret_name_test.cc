// SPDX-License-Identifier: Apache-2.0
#include "vault/secret_name.h"

#include <unordered_set>

#include <catch2/catch.hpp>

namespace keyswap::vault {

TEST_CASE("A name of letters, digits, _ . - is taken as it is") {
  const auto text = GENERATE(as<std::string>(), "OPENAI_API_KEY", "a", "_x", "0", "binance.main-2");
  const auto name = SecretName::parse(text);
  REQUIRE(name);
  REQUIRE(name->text() == text);
}

TEST_CASE("A name that could be mistaken for something else is refused") {
  const auto text = GENERATE(as<std::string>(),
                             "",
                             "-rf",
                             ".hidden",
                             "a b",
                             "a/b",
                             "a\n",
                             std::string("a\0b", 3),
                             "ä",
                             "a{b}",
                             "$HOME",
                             "a:b",
                             std::string(129, 'a'));
  const auto name = SecretName::parse(text);
  REQUIRE_FALSE(name);
  REQUIRE(name.error().code == base::Errc::invalid_input);
}

TEST_CASE("A name of 128 bytes is the longest") {
  REQUIRE(SecretName::parse(std::string(128, 'a')));
}

TEST_CASE("A name of keyswap's own can be nobody's, and is read again as it was written") {
  const SecretName base = *SecretName::parse("GH_TOKEN");
  const auto suffix = GENERATE(as<std::string>(), "#access", "@alice", "@a.b-c_1");
  const SecretName own = SecretName::internal(base, suffix);
  CHECK(own.text() == "GH_TOKEN" + suffix);
  CHECK(own.is_internal());
  CHECK_FALSE(base.is_internal());
  CHECK_FALSE(SecretName::parse(own.text()));
  const auto stored = SecretName::parse_stored(own.text());
  REQUIRE(stored);
  CHECK(*stored == own);
}

TEST_CASE("What is neither a user's name nor one of keyswap's own is not read from the vault") {
  const auto text = GENERATE(as<std::string>(),
                             "",
                             "#access",
                             "@alice",
                             "K#",
                             "K@",
                             "K#a#b",
                             "K@a b",
                             "K#a@b",
                             "-K#a",
                             "K#" + std::string(129, 'a'));
  CHECK_FALSE(SecretName::parse_stored(text));
}

TEST_CASE("Names are ordered and hashed by their text, byte for byte") {
  const SecretName lower = *SecretName::parse("a");
  const SecretName upper = *SecretName::parse("A");
  REQUIRE(upper < lower);
  REQUIRE(lower == *SecretName::parse("a"));
  REQUIRE(std::unordered_set<SecretName>{lower, upper, lower}.size() == 2);
}

}  // namespace keyswap::vault
