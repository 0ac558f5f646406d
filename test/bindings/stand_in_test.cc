// SPDX-License-Identifier: Apache-2.0
#include "bindings/stand_in.h"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "bindings/placeholder.h"
#include "bindings/private_key.h"
#include "proxy/base/bytes.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

KeyShape shape_of(const std::string& text) {
  auto shape = parse_key_shape(text);
  INFO(text);
  REQUIRE(shape.has_value());
  return std::move(shape).value();
}

StandInSeed seed_of(unsigned number) {
  StandInSeed seed{};
  seed[0] = static_cast<std::uint8_t>(number);
  seed[1] = static_cast<std::uint8_t>(number >> 8U);
  return seed;
}

StandIn made(const std::string& shape,
             unsigned number = 1,
             Checksum checksum = Checksum::wrong,
             const std::vector<std::string_view>& taken = {}) {
  const auto parsed = shape_of(shape);
  const auto stand_in = make_stand_in(&parsed, seed_of(number), checksum, taken);
  REQUIRE(stand_in.has_value());
  REQUIRE(check_placeholder(stand_in->text, true).has_value());
  return *stand_in;
}

// What no URL, JSON text or shell changes.
bool survives(std::string_view text) {
  return text.find_first_not_of(
             "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.:~") ==
         std::string_view::npos;
}

std::string decoded(std::string_view base64url) {
  std::string text(base64url);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  auto bytes = base::from_base64(text);
  REQUIRE(bytes.has_value());
  return *bytes;
}

}  // namespace

TEST_CASE("a placeholder has the prefix, the length and the alphabet of the provider's keys") {
  for (const char* shape : {"sk-proj-{74:b64u}T3BlbkFJ{74:b64u}",
                            "sk-ant-api03-{93:b64u}AA",
                            "AIza{35:b64u}",
                            "hf_{34:letter}",
                            "xoxb-{10-13:digit}-{10-13:digit}-{24:b62}",
                            "{8:hex}-{4:hex}-{4:hex}-{4:hex}-{12:hex}",
                            "ghp_{30:b62}{crc}"}) {
    const auto stand_in = made(shape);
    INFO(shape << " " << stand_in.text);
    CHECK(has_shape(shape_of(shape), stand_in.text));
    CHECK_FALSE(stand_in.is_lengthened);
    CHECK(survives(stand_in.text));
  }
}

TEST_CASE("the same seed gives the same placeholder, and another one another") {
  CHECK(made("hf_{34:letter}", 7).text == made("hf_{34:letter}", 7).text);
  std::set<std::string> texts;
  for (unsigned number = 0; number < 500; ++number) {
    texts.insert(made("hf_{34:letter}", number).text);
  }
  CHECK(texts.size() == 500);
}

TEST_CASE("a placeholder that is taken, or inside one, or around one, is made anew") {
  const auto first = made("hf_{34:letter}").text;
  const auto around = "x" + first + "y";
  const auto inside = first.substr(3, 30);
  for (const std::string& taken : {first, around, inside}) {
    const auto second = made("hf_{34:letter}", 1, Checksum::wrong, {taken}).text;
    CHECK(second != first);
    CHECK(second.find(taken) == std::string::npos);
    CHECK(taken.find(second) == std::string::npos);
    CHECK(second == made("hf_{34:letter}", 1, Checksum::wrong, {taken}).text);
  }
}

TEST_CASE("when no placeholder is free, that is said and none is made up") {
  const auto shape = shape_of("abcdefghijklmnopqrstuvwxyz{1:digit}");
  const std::string_view taken[] = {"abcdefghijklmnopqrstuvwxyz"};
  CHECK(make_stand_in(&shape, {}, Checksum::wrong, taken).error().code == base::Errc::unavailable);
}

TEST_CASE("the checksum of a token is wrong, unless it is asked for") {
  // The check value of CRC-32, 0xcbf43926, in base 62.
  CHECK(crc_text("123456789") == "3jZRME");
  for (unsigned number = 0; number < 50; ++number) {
    const auto wrong = made("ghp_{30:b62}{crc}", number).text;
    const auto valid = made("ghp_{30:b62}{crc}", number, Checksum::valid).text;
    CHECK(wrong.substr(0, 34) == valid.substr(0, 34));
    CHECK(valid.substr(34) == crc_text(valid.substr(4, 30)));
    CHECK(wrong.substr(34) != crc_text(wrong.substr(4, 30)));
  }
}

TEST_CASE("a JWT parses, does not expire soon, and says nothing") {
  const auto text = made("{jwt}").text;
  INFO(text);
  const auto first = text.find('.');
  const auto second = text.find('.', first + 1);
  REQUIRE(second != std::string::npos);
  CHECK(decoded(text.substr(0, first)) == R"({"alg":"HS256","typ":"JWT"})");
  const auto claims = decoded(text.substr(first + 1, second - first - 1));
  CHECK(claims.starts_with(R"({"iss":"placeholder","sub":"placeholder",)"));
  CHECK(claims.find(R"("exp":4102444800})") != std::string::npos);
  CHECK(decoded(text.substr(second + 1)).size() == 32);
  CHECK(survives(text));
}

TEST_CASE("a PEM key is one of its kind, that a program can sign with, and each seed has its own") {
  REQUIRE(vault::lock_memory().has_value());
  const auto [shape, kind] = GENERATE(table<std::string, PrivateKey::Kind>(
      {{"{ed25519}", PrivateKey::Kind::ed25519}, {"{ec}", PrivateKey::Kind::ec}}));
  std::set<std::string> lines;
  for (unsigned number = 0; number < 20; ++number) {
    const auto line = made(shape, number).text;
    INFO(shape << " " << line);
    CHECK(survives(line));
    lines.insert(line);
    const auto pem = pem_of(line);
    CHECK(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const auto key = PrivateKey::from_text(pem);
    REQUIRE(key.has_value());
    CHECK(key->kind() == kind);
    CHECK((kind != PrivateKey::Kind::ed25519 || key->sign_ed25519("x").has_value()));
  }
  CHECK(lines.size() == 20);
}

TEST_CASE("an account's number stands at the beginning of a bot's token") {
  const auto text = made("{id}.{6:b64u}.{38:b64u}").text;
  const auto id = decoded(text.substr(0, text.find('.')));
  CHECK(id.size() == 18);
  CHECK(id.find_first_not_of("0123456789") == std::string::npos);
}

TEST_CASE("a key that is shorter than a placeholder may be keeps its form, and is longer") {
  const auto aws = made("AKIA{16:b32}");
  CHECK(aws.text.starts_with("AKIA"));
  CHECK(aws.text.size() == 24);
  CHECK(aws.text.substr(4).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") ==
        std::string::npos);
  CHECK(aws.is_lengthened);
  CHECK(made("ASIA{16:b32}").text.starts_with("ASIA"));
  CHECK(made("{18:b62}").text.size() == 24);
}

TEST_CASE("characters that do not survive everywhere are not in a placeholder") {
  CHECK(survives(made("ATATT3xFfGF0{170:b64u}={8:HEX}").text));
  CHECK(made("ATATT3xFfGF0{170:b64u}={8:HEX}").text[182] == '-');
  CHECK(survives(made("glc_{60-300:b64}").text));
  CHECK(survives(made("2/{16:digit}/{16:digit}:{32:hex}").text));
}

TEST_CASE("without a shape a placeholder is of none, and one too long for one likewise") {
  const auto plain = make_stand_in(nullptr, seed_of(1), Checksum::wrong, {});
  REQUIRE(plain.has_value());
  CHECK(plain->text.starts_with("ksw_"));
  CHECK(plain->text.size() == 36);
  CHECK_FALSE(plain->is_lengthened);
  CHECK(made("{1000:b62}").text.starts_with("ksw_"));
}

}  // namespace keyswap::bindings
