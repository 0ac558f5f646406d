// SPDX-License-Identifier: Apache-2.0
//
// The vectors of Bitwarden's SDK (its fake server), and ones of our own that the same formulas gave
// in Python's cryptography.
#include "vault/sources/bitwarden_crypto.h"

#include <array>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"

namespace keyswap::vault::bitwarden {

namespace {

constexpr std::string_view kToken =
    "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.C2IgxjjLF7qSshsbwe8JGcbM075YXw:"
    "X8vbvA0bduihIDe/qrzIQQ==";
constexpr std::string_view kPayload =
    "2.E9fE8+M/VWMfhhim1KlCbQ==|eLsHR484S/tJbIkM6spnG/HP65tj9A6Tba7kAAvUp+rYuQmGLixiOCfMsqt5OvBctDf"
    "vvr/AesBu7cZimPLyOEhqEAjn52jF0eaI38XZfeOG2VJl0LOf60Wkfh3ryAMvfvLj3G4ZCNYU8sNgoC2+IQ==|"
    "lNApuCQ4Pyakfo/wwuuajWNaEX/2MW8/3rjXB/V7n+k=";
constexpr std::string_view kTest =
    "2.pMS6/icTQABtulw52pq2lg==|XXbxKxDTh+mWiN1HjH2N1w==|"
    "Q6PkuT+KX/axrgN9ubD5Ajk2YNwxQkgs3WJM0S0wtG8=";

Secret locked(std::string_view bytes) {
  REQUIRE(lock_memory());
  auto secret = Secret::copy_of(bytes);
  REQUIRE(secret);
  return std::move(*secret);
}

AccessToken token_of(std::string_view text) {
  auto token = read_access_token(locked(text));
  REQUIRE(token);
  return std::move(*token);
}

Secret official_key() {
  auto key = open_organization_key(kPayload, token_of(kToken));
  REQUIRE(key);
  return std::move(*key);
}

// Seed 00…0f, organisation key 40…7f.
Secret our_key() {
  const auto token =
      token_of("0.00000000-0000-4000-8000-000000000000.secret:AAECAwQFBgcICQoLDA0ODw==");
  auto key = open_organization_key(
      "2.oKGio6SlpqeoqaqrrK2urw==|7/"
      "a6dSCDpGScFQnUP0ZJxyjeCZKYwWdCsVFR7GJa0UdFULqxSFFChBYO4FmVd38MITr"
      "Kba8bXqEk2j5FjtcTC0eQwTVNhc5LSG4LYBeOLCsAngO+jwiz+c8Fx8eLUKhcF+5VfoDyaQynwJaUpn4cQQ==|"
      "m6tWztXmCS4C40oGEJARcGo08MiBpa5p4Zajv1PpnOM=",
      token);
  REQUIRE(key);
  return std::move(*key);
}

std::string opened(std::string_view sealed, const Secret& key) {
  const auto text = open_text(sealed, key);
  REQUIRE(text);
  return std::string(text->reveal());
}

base::Errc refusal_of(std::string_view token) {
  const auto read = read_access_token(locked(token));
  REQUIRE_FALSE(read);
  return read.error().code;
}

// The three parts of a sealed text, as bytes.
std::array<std::string, 3> parts_of(std::string_view sealed) {
  std::array<std::string, 3> parts;
  sealed.remove_prefix(2);
  for (auto& part : parts) {
    const std::string_view text = sealed.substr(0, sealed.find('|'));
    sealed.remove_prefix(std::min(text.size() + 1, sealed.size()));
    auto bytes = base::from_base64(text);
    REQUIRE(bytes);
    part = *bytes;
  }
  return parts;
}

std::string sealed_of(const std::array<std::string, 3>& parts) {
  return "2." + base::to_base64(parts[0]) + "|" + base::to_base64(parts[1]) + "|" +
         base::to_base64(parts[2]);
}

}  // namespace

TEST_CASE("the SDK's access token: who it is for, and the key in it") {
  const auto token = token_of(kToken);
  CHECK(token.client_id == "ec2c1d46-6a4b-4751-a310-af9601317f2d");
  CHECK(token.client_secret.reveal() == "C2IgxjjLF7qSshsbwe8JGcbM075YXw");
  CHECK(base::to_base64(token.key.reveal()) ==
        "H9/oIRLtL9nGCQOVDjSMoEbJsjWXSOCb3qeyDt6ckzS3FhyboEDWyTP/CQfbIszNmAVg2ExFganG1FVFGXO/Jg==");
  // Padding may be left away.
  const auto short_token = token_of(kToken.substr(0, kToken.size() - 2));
  CHECK(short_token.key.reveal() == token.key.reveal());
  const auto ours =
      token_of("0.00000000-0000-4000-8000-000000000000.secret:AAECAwQFBgcICQoLDA0ODw==");
  CHECK(base::to_hex(ours.key.reveal()) ==
        "565621a407eea6fe20ca2b3b6518635fa1ba327c3f010dc8e522a29e4c93d14b"
        "8a18e3c2c6f3b33cc8e7f2b0a4ede285ee766ab9dbb76d35fe01104269ad0f99");
}

TEST_CASE("the SDK's organisation key, and what it opens") {
  const auto key = official_key();
  CHECK(base::to_base64(key.reveal()) ==
        "k/6PcwG7Hm/eZfvvOvP6EqGx1JKgbzYrWwpOIHsxbJHQMpIMg5Ud94AQHduSR+XMMaFiSB+nszbO4JPXj04YwA==");
  CHECK(opened(kTest, key) == "TEST");
  CHECK(opened("2.oEDp566lC9VYHn6XmusxfA==|Gj23w5q2NZ4z9PNne1d0ug==|"
               "y7K5TgMJFI0T0yFwLXzAMf9OBANNT567hLQ+z7G2rac=",
               key) == "\U0001F427");
  const auto ours = our_key();
  CHECK(opened("2.sLGys7S1tre4ubq7vL2+vw==|MD6Gfrcve2WlLwHUomAbIA==|"
               "X0q7XjvaVZZ3h76VcKWaHbsOI5Y9/7QQO8+BtKijT0Q=",
               ours) == "OPENAI_API_KEY");
  CHECK(opened("2.wMHCw8TFxsfIycrLzM3Ozw==|Pk6pTmhzngopVEOFoMKyUziGSxFT6um4oj/1cAgI9OE=|"
               "P2dI4HUN84G9wWXi9vwBd+7unyeNMpM4l/xp6cIRpe8=",
               ours) == "sk-live-0123456789");
}

TEST_CASE("a text in which one bit of IV, sealed bytes or MAC differs is refused, in one way") {
  const auto key = official_key();
  for (const auto sealed : {kTest, kPayload}) {
    const auto token = token_of(kToken);
    const auto& with = sealed == kTest ? key : token.key;
    auto parts = parts_of(sealed);
    REQUIRE(open_text(sealed_of(parts), with));
    for (auto& part : parts) {
      for (auto& byte : part) {
        byte = static_cast<char>(byte ^ 1);
        const auto refused = open_text(sealed_of(parts), with);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == base::Errc::invalid_input);
        CHECK(std::string_view(refused.error().note.text()) ==
              "this was not sealed with this key, or was changed since");
        byte = static_cast<char>(byte ^ 1);
      }
    }
  }
}

TEST_CASE("a text of another key, of another type, or cut, is refused") {
  const auto key = official_key();
  CHECK_FALSE(open_text(kTest, our_key()));
  CHECK_FALSE(open_text(kPayload, key));
  CHECK_FALSE(open_text(kTest, locked(std::string(63, 'k'))));
  for (const auto* const type : {"0.", "1.", "4.", "7.", "2", ""}) {
    CHECK_FALSE(open_text(type + std::string(kTest.substr(2)), key));
  }
  for (std::size_t size = 0; size < kTest.size(); ++size) {
    INFO(size);
    CHECK_FALSE(open_text(kTest.substr(0, size), key));
  }
  CHECK_FALSE(open_text(std::string(kTest) + "|AAAA", key));
}

TEST_CASE("what is sealed in a log-in has to be a key") {
  // The text is sealed well, and is no JSON.
  AccessToken token;
  token.key = official_key();
  CHECK_FALSE(open_organization_key(kTest, token));
}

TEST_CASE("tokens that are none: seeds of 15 and 17 bytes, other versions, parts missing") {
  const std::string head = "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.secret:";
  REQUIRE(read_access_token(locked(head + base::to_base64(std::string(16, 's')))));
  for (const std::size_t size : {0, 15, 17}) {
    CHECK(refusal_of(head + base::to_base64(std::string(size, 's'))) == base::Errc::invalid_input);
  }
  for (const auto* const bad :
       {"",
        ":",
        "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.secret",
        "1.ec2c1d46-6a4b-4751-a310-af9601317f2d.secret:X8vbvA0bduihIDe/qrzIQQ==",
        "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.:X8vbvA0bduihIDe/qrzIQQ==",
        "0.ec2c1d46-6a4b-4751-a310-af9601317f2d:X8vbvA0bduihIDe/qrzIQQ==",
        "0.ec2c1d466a4b4751a310af9601317f2d.secret:X8vbvA0bduihIDe/qrzIQQ==",
        "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.secret:X8vbvA0bduihIDe/qrzIQ!==",
        "0.ec2c1d46-6a4b-4751-a310-af9601317f2d.secret:X8vbvA0bduihIDe/qrzIQQ==\n"}) {
    INFO(bad);
    CHECK(refusal_of(bad) == base::Errc::invalid_input);
  }
}

TEST_CASE("an access connector's token is told from a machine account's") {
  CHECK(refusal_of("0.access-connector.ec2c1d46-6a4b-4751-a310-af9601317f2d.secret:"
                   "X8vbvA0bduihIDe/qrzIQQ==") == base::Errc::unsupported);
}

}  // namespace keyswap::vault::bitwarden
