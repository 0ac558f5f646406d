// SPDX-License-Identifier: Apache-2.0
#include "bindings/glob.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

// The meaning of a glob, said as plainly as can be.
bool model_matches(std::string_view glob, std::string_view path, Star star) {
  if (glob.empty()) {
    return path.empty();
  }
  if (glob[0] != '*') {
    return !path.empty() && path[0] == glob[0] &&
           model_matches(glob.substr(1), path.substr(1), star);
  }
  const auto run = std::min(glob.find_first_not_of('*'), glob.size());
  for (std::size_t taken = 0;; ++taken) {
    if (model_matches(glob.substr(run), path.substr(taken), star)) {
      return true;
    }
    if (taken == path.size() || (run == 1 && star == Star::within_segment && path[taken] == '/')) {
      return false;
    }
  }
}

std::string pick(std::mt19937& random, std::string_view from, std::size_t length) {
  std::string text = "/";
  while (text.size() < length) {
    text += from[random() % from.size()];
  }
  return text;
}

}  // namespace

TEST_CASE("globs mean what their definition says, on random globs and paths") {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same cases every time
  int matched = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto glob = pick(random, "ab//**", 1 + random() % 12);
    const auto path = pick(random, "ab/", 1 + random() % 14);
    INFO(glob << " " << path);
    const bool expected = model_matches(glob, path, Star::within_segment);
    REQUIRE(glob_matches(glob, path, Star::within_segment) == expected);
    REQUIRE(glob_matches(glob, path, Star::anything) == model_matches(glob, path, Star::anything));
    matched += expected ? 1 : 0;
  }
  CHECK(matched > 5000);
}

TEST_CASE("a glob that begins or ends with stars, and the empty one") {
  CHECK(glob_matches("", "", Star::within_segment));
  CHECK_FALSE(glob_matches("", "a", Star::within_segment));
  CHECK(glob_matches("*", "", Star::within_segment));
  CHECK_FALSE(glob_matches("*", "a/b", Star::within_segment));
  CHECK(glob_matches("*", "a/b", Star::anything));
  CHECK(glob_matches("**", "a/b", Star::within_segment));
  CHECK(glob_matches("*/admin/*", "/v1/admin/x", Star::anything));
  CHECK_FALSE(glob_matches("*/admin/*", "/v1/admin/x", Star::within_segment));
}

TEST_CASE("patterns and paths made to be slow for one another are not", "[I10]") {
  std::string many = "/";
  for (int i = 0; i < 120; ++i) {
    many += "**a*b";
  }
  const std::string letters = "/" + std::string(8 * 1024, 'a') + "/c";
  std::string segments;
  for (int i = 0; i < 1000; ++i) {
    segments += "/a/aab/a";
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    for (const auto& path : {letters, segments}) {
      CHECK_FALSE(glob_matches(many + "d", path, Star::within_segment));
      CHECK_FALSE(glob_matches("/**a*b/**x", path, Star::within_segment));
      CHECK_FALSE(glob_matches("/**/a*a*a*a*d", path, Star::within_segment));
      CHECK_FALSE(glob_matches("/*a*a*a*a*a*b*d/**", path, Star::within_segment));
      CHECK_FALSE(glob_matches("/**a*a*a*a*a*d", path, Star::anything));
    }
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
}

}  // namespace keyswap::bindings
