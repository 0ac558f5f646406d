// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/bundle.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kWeek = base::bounds::kLeafLifeSeconds;

// A certificate as far as this file looks into one.
std::string root(char letter) {
  return "-----BEGIN CERTIFICATE-----\n" + std::string(8, letter) + "\n-----END CERTIFICATE-----\n";
}

}  // namespace

TEST_CASE("an old root is trusted until its last leaf has ended, and no second longer", "[I11]") {
  const std::string kept = with_old_root("", root('a'), kNow + kWeek, kNow);
  CHECK(living_roots(kept, kNow) == root('a'));
  CHECK(living_roots(kept, kNow + kWeek - 1) == root('a'));
  CHECK(living_roots(kept, kNow + kWeek) == "");
}

TEST_CASE("several old roots end each in its time, and an ended one is not kept") {
  const std::string one = with_old_root("", root('a'), kNow + kWeek, kNow);
  const std::string two = with_old_root(one, root('b'), kNow + 60 + kWeek, kNow + 60);
  CHECK(living_roots(two, kNow + 60) == root('a') + root('b'));
  CHECK(living_roots(two, kNow + kWeek + 1) == root('b'));
  const std::string three = with_old_root(two, root('c'), kNow + 2 * kWeek, kNow + kWeek + 1);
  CHECK(three.find(root('a')) == std::string::npos);
}

TEST_CASE("no more old roots are kept than there is room for; the newest stay", "[I10]") {
  std::string kept;
  for (std::size_t i = 0; i <= base::bounds::kOldRootsMax; ++i) {
    kept = with_old_root(kept, root(static_cast<char>('a' + i)), kNow + kWeek, kNow);
  }
  const std::string living = living_roots(kept, kNow);
  CHECK(living.find(root('a')) == std::string::npos);
  CHECK(living.find(root('b')) == 0);
}

TEST_CASE("what does not say until when, or says too long, is not trusted", "[I11]") {
  const std::string text = GENERATE_COPY(root('a'),
                                         "until \n" + root('a'),
                                         "until x\n" + root('a'),
                                         "until 99999999999999999999\n" + root('a'),
                                         "until 9999999999\n" + root('a'),
                                         "until -1\n" + root('a'),
                                         std::string("until 1800000001\n"),
                                         "until 1800000001\n" + root('a') + root('b'));
  INFO(text);
  CHECK(living_roots(text, kNow) == "");
}

TEST_CASE("the bundle has the CA in force and the old one, and of these ca.pem the first alone") {
  const test::TempHome temp;
  static_cast<void>(temp.put("ca-old.pem", with_old_root("", root('a'), kNow + kWeek, kNow), 0644));
  REQUIRE(write_certificates(temp.home(), root('b'), kNow));
  const auto bundle = read_file(temp.home().bundle(), 16 * 1024 * 1024);
  REQUIRE(bundle);
  CHECK(bundle->find(root('a')) != std::string::npos);
  CHECK(bundle->find(root('b')) != std::string::npos);
  CHECK(*read_file(temp.home().ca(), 1024) == root('b'));
  REQUIRE(write_certificates(temp.home(), root('b'), kNow + kWeek));
  CHECK(read_file(temp.home().bundle(), 16 * 1024 * 1024)->find(root('a')) == std::string::npos);
}

}  // namespace keyswap::cli
