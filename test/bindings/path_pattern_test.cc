// SPDX-License-Identifier: Apache-2.0
#include "bindings/path_pattern.h"

#include <algorithm>
#include <chrono>
#include <random>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "proxy/base/limits.h"

namespace keyswap::bindings {

namespace {

bool matches(std::string_view glob, std::string_view path) {
  return PathPattern(glob).matches(path);
}

bool allows(std::string_view glob, std::string_view path) {
  return allows_path(PathPattern(glob), path);
}

bool reads_as(std::string_view path, std::string_view reading) {
  const auto readings = path_readings(path);
  return std::find(readings.begin(), readings.end(), reading) != readings.end();
}

// The meaning of a glob, said as plainly as can be.
bool model_matches(std::string_view glob, std::string_view path) {
  if (glob.empty()) {
    return path.empty();
  }
  if (glob[0] != '*') {
    return !path.empty() && path[0] == glob[0] && model_matches(glob.substr(1), path.substr(1));
  }
  const auto run = std::min(glob.find_first_not_of('*'), glob.size());
  for (std::size_t taken = 0;; ++taken) {
    if (model_matches(glob.substr(run), path.substr(taken))) {
      return true;
    }
    if (taken == path.size() || (run == 1 && path[taken] == '/')) {
      return false;
    }
  }
}

}  // namespace

TEST_CASE("B06 B08 a star stands for anything within a segment, also nothing") {
  CHECK(matches("/repos/*", "/repos/foo"));
  CHECK(matches("/repos/*", "/repos/"));
  CHECK_FALSE(matches("/repos/*", "/repos"));
  CHECK_FALSE(matches("/repos/*", "/repos/foo/bar"));
  CHECK_FALSE(matches("/repos/*", "/repos/foo/"));
}

TEST_CASE("B04 B09 B10 two stars stand for anything") {
  CHECK(matches("/repos/**", "/repos/a/b/c"));
  CHECK(matches("/repos/**", "/repos/"));
  CHECK_FALSE(matches("/repos/**", "/repos"));
  CHECK_FALSE(matches("/repos/**", "/user/keys"));
  CHECK(matches("/**", "/"));
  CHECK_FALSE(matches("/**", "*"));
}

TEST_CASE("B11 B12 stars in the middle of a path") {
  CHECK(matches("/repos/*/issues", "/repos/foo/issues"));
  CHECK(matches("/repos/*/issues", "/repos//issues"));
  CHECK_FALSE(matches("/repos/*/issues", "/repos/foo/bar/issues"));
  CHECK(matches("/repos/**/issues", "/repos/foo/bar/issues"));
  CHECK_FALSE(matches("/repos/**/issues", "/repos/issues"));
  CHECK_FALSE(matches("/repos/**/issues", "/repos/foo/issuesx"));
  CHECK(matches("/a*c/**/x*z", "/abc/1/2/xyz"));
  CHECK_FALSE(matches("/a*c/**/x*z", "/ab/c/1/2/xyz"));
}

TEST_CASE("B13 a path without a star matches only itself") {
  CHECK(matches("/v1/messages", "/v1/messages"));
  CHECK_FALSE(matches("/v1/messages", "/v1/messages/"));
  CHECK_FALSE(matches("/v1/messages", "/v1/message"));
  CHECK_FALSE(matches("/v1/messages", "/V1/messages"));
  CHECK(PathPattern("/v1/Messages*").matches_ignoring_case("/V1/mESSAGES2"));
}

TEST_CASE("B21 everything but stars is literal") {
  CHECK_FALSE(matches("/v1/a+b.c", "/v1/aXb1c"));
  CHECK(matches("/v1/a+b.c", "/v1/a+b.c"));
  CHECK_FALSE(matches("/v1/[ab]", "/v1/a"));
  CHECK_FALSE(matches("/v1/a?", "/v1/ab"));
}

TEST_CASE("globs mean what their definition says, on random globs and paths") {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same cases every time
  const auto pick = [&](std::string_view from, std::size_t length) {
    std::string text = "/";
    while (text.size() < length) {
      text += from[random() % from.size()];
    }
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto glob = pick("ab/**", 1 + random() % 9);
    const auto path = pick("ab/", 1 + random() % 9);
    INFO(glob << " " << path);
    const bool expected = model_matches(glob, path);
    REQUIRE(matches(glob, path) == expected);
    REQUIRE(PathPattern(glob).matches_ignoring_case(path) == expected);
    matched += expected ? 1 : 0;
  }
  CHECK(matched > 500);
}

TEST_CASE("a pattern made to be slow is not") {
  std::string glob = "/";
  while (glob.size() + 3 < bounds::kPathGlobBytesMax) {
    glob += "**a";
  }
  const std::string path = "/" + std::string(8 * 1024, 'a') + "b";
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(matches(glob + "*c", path));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
  CHECK_FALSE(matches("/" + std::string(bounds::kPathGlobBytesMax, '*'), "/"));
}

TEST_CASE("B16 B17 B18 a path that leaves its scope in some reading is outside it", "[I5]") {
  const auto* const path = GENERATE("/v1/../admin",
                                    "/v1/%2e%2e/admin",
                                    "/v1/%2E%2e/admin",
                                    "/v1/.%2e/admin",
                                    "/v1/..%2fadmin",
                                    "/v1/%2e%2e%2fadmin",
                                    "/v1/%252e%252e%252fadmin",
                                    "/v1/%25252e%25252e/admin",
                                    "/v1/..\\admin",
                                    "/v1/..%5cadmin",
                                    "/v1/..;/admin",
                                    "/v1/..;x=y/admin",
                                    "/v1/%2e%2e;x/admin",
                                    "/v1/a/../../admin",
                                    "/v1/a//..//../admin",
                                    "/v1/./../admin",
                                    "/v1/..",
                                    "/v1/x/../..",
                                    "/v1%2f..%2fadmin",
                                    "/v1/%2e%2e/v1%2fb");
  INFO(path);
  CHECK_FALSE(allows("/v1/**", path));
}

TEST_CASE("B20 slashes and single dots before the scope are outside it") {
  CHECK_FALSE(allows("/v1/**", "//v1/x"));
  CHECK_FALSE(allows("/v1/**", "/./v1/x"));
  CHECK_FALSE(allows("/v1/**", "/%2e/v1/x"));
  CHECK_FALSE(allows("/v1/**", "\\v1/x"));
}

TEST_CASE("a path with several readings that all stay in its scope is inside it") {
  CHECK(allows("/v1/**", "/v1/a%20b"));
  CHECK(allows("/v1/**", "/v1//x"));
  CHECK(allows("/v1/**", "/v1/./x"));
  CHECK(allows("/v1/**", "/v1/a/../b"));
  CHECK(allows("/v1/**", "/v1/x;y=z/w"));
  CHECK(allows("/v1/*", "/v1/a%2ab"));
  CHECK_FALSE(allows("/v1/*", "/v1/a%2fb"));
  CHECK_FALSE(allows("/v1/a b", "/v1/a%20b"));
}

TEST_CASE("the readings of a path") {
  CHECK(path_readings("/v1/x") == std::vector<std::string>{"/v1/x"});
  CHECK(path_readings("/a.b/..c/.d") == std::vector<std::string>{"/a.b/..c/.d"});
  CHECK(path_readings("/a/%2E%2e%2Fb").front() == "/a/%2E%2e%2Fb");
  CHECK(reads_as("/a/%2E%2e%2Fb", "/b"));
  CHECK(reads_as("/a/%252e%252e/b", "/b"));
  CHECK(reads_as("/a//b", "/a/b"));
  CHECK(reads_as("/a;x/b;y", "/a/b"));
  CHECK(reads_as("/a\\b", "/a/b"));
  CHECK(reads_as("/a/b/..", "/a/"));
  CHECK(reads_as("/..", "/"));
  CHECK(reads_as("/a/.", "/a/"));
  CHECK(reads_as("/a//../b", "/a/b"));
  CHECK(reads_as("/a//../b", "/b"));
  CHECK(path_readings("/%zz%4") == std::vector<std::string>{"/%zz%4"});
}

TEST_CASE("a path with more readings than are judged is allowed nowhere", "[I10]") {
  std::string nested = "/v1/%";  // each decoding takes one "25" away
  for (int i = 0; i < 100; ++i) {
    nested += "25";
  }
  nested += "41";
  CHECK(path_readings(nested).empty());
  CHECK_FALSE(allows("/**", nested));
}

TEST_CASE("has_other_readings is true exactly when there are some") {
  const auto* const path = GENERATE("/",
                                    "/a",
                                    "/a.b",
                                    "/a..b",
                                    "/...",
                                    "/.a",
                                    "/..a",
                                    "/a.",
                                    "/a..",
                                    "/a/.b/c",
                                    "/.",
                                    "/..",
                                    "/./a",
                                    "/../a",
                                    "/a/.",
                                    "/a/..",
                                    "/a/./b",
                                    "/a/../b",
                                    "//",
                                    "/a//b",
                                    "/a;b",
                                    "/a\\b",
                                    "/%41",
                                    "/a*b");
  INFO(path);
  CHECK(has_other_readings(path) == (path_readings(path).size() != 1));
}

TEST_CASE("what has no other readings has none, on random paths") {
  std::mt19937 random(2);  // NOLINT(cert-msc51-cpp): the same cases every time
  constexpr std::string_view kBytes = "a./%2e;\\f";
  for (int i = 0; i < 20'000; ++i) {
    std::string path = "/";
    for (std::size_t length = random() % 10; length > 0; --length) {
      path += kBytes[random() % kBytes.size()];
    }
    INFO(path);
    const auto readings = path_readings(path);
    REQUIRE((has_other_readings(path) || readings.size() == 1));
    for (const auto& reading : readings) {  // closed: reading again gives nothing new
      for (const auto& again : path_readings(reading)) {
        REQUIRE(std::find(readings.begin(), readings.end(), again) != readings.end());
      }
    }
  }
}

TEST_CASE("B31 B34 B35 B36 git's discovery is judged by the service it asks for") {
  CHECK(scope_path("GET", "/o/r.git/info/refs?service=git-upload-pack") ==
        "/o/r.git/git-upload-pack");
  CHECK(scope_path("GET", "/o/r.git/info/refs?service=git-receive-pack") ==
        "/o/r.git/git-receive-pack");
  CHECK(scope_path("POST", "/o/r.git/git-upload-pack") == "/o/r.git/git-upload-pack");
  const auto* const target =
      GENERATE("/o/r.git/info/refs",
               "/o/r.git/info/refs?",
               "/o/r.git/info/refs?service=",
               "/o/r.git/info/refs?service=git-archive",
               "/o/r.git/info/refs?service=git-upload-packs",
               "/o/r.git/info/refs?service=git-upload-pack&service=git-receive-pack",
               "/o/r.git/info/refs?service=git-upload-pack&x=1",
               "/o/r.git/info/refs?x=1&service=git-upload-pack",
               "/o/r.git/info/refs?service=git%2Dupload-pack",
               "/o/r.git/info/refs?Service=git-upload-pack",
               "/o/r.git/info/refs?service=git-upload-pack;service=git-receive-pack",
               "/o/r.git/info/refs?service=git-upload-pack?");
  INFO(target);
  CHECK(scope_path("GET", target) == "/o/r.git/info/refs");
  CHECK_FALSE(is_git_discovery("GET", target));
}

TEST_CASE("only a GET is git's discovery") {
  CHECK(scope_path("POST", "/o/r.git/info/refs?service=git-upload-pack") == "/o/r.git/info/refs");
  CHECK(scope_path("GET", "/o/r.git/info/refs/?service=git-upload-pack") == "/o/r.git/info/refs/");
}

}  // namespace keyswap::bindings
