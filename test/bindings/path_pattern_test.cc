// SPDX-License-Identifier: Apache-2.0
#include "bindings/path_pattern.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "bindings/glob.h"

namespace keyswap::bindings {

namespace {

bool matches(std::string_view glob, std::string_view path) {
  return glob_matches(glob, path, Star::within_segment);
}

bool allows(std::string_view glob, std::string_view path) {
  SearchBudget budget;
  return PathPattern(glob).allows(PathReadings(path), budget);
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
}

TEST_CASE("B21 everything but stars is literal") {
  CHECK_FALSE(matches("/v1/a+b.c", "/v1/aXb1c"));
  CHECK(matches("/v1/a+b.c", "/v1/a+b.c"));
  CHECK_FALSE(matches("/v1/[ab]", "/v1/a"));
  CHECK_FALSE(matches("/v1/a?", "/v1/ab"));
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
                                    "/v1/%2e%2e/v1%2fb",
                                    "/v1/..%3fx",
                                    "/v1/%2e%2e%23",
                                    "/v1/..%253f",
                                    "/v1/\uff0e\uff0e/admin",
                                    "/v1/%ef%bc%8e%ef%bc%8e/admin");
  INFO(path);
  CHECK_FALSE(allows("/v1/**", path));
}

TEST_CASE("a path whose decoded bytes are no UTF-8 is outside every scope", "[I5]") {
  const auto* const path = GENERATE("/v1/%c0%ae%c0%ae/admin",
                                    "/v1/%c0%af",
                                    "/v1/%ff",
                                    "/v1/x%80",
                                    "/v1/%e0%80%ae",
                                    "/v1/%f0%80%80%ae",
                                    "/v1/%fc%80%80%80%80%ae",
                                    "/v1/%ed%a0%80",
                                    "/v1/%f4%90%80%80",
                                    "/v1/%e2%82",
                                    "/v1/%25ff",
                                    "/v1/%e4%25bd%a0");
  INFO(path);
  CHECK_FALSE(allows("/v1/**", path));
  CHECK_FALSE(allows("/**", path));
}

TEST_CASE("a path of letters beyond ASCII, or with a question, is inside its scope") {
  CHECK(allows("/v1/**", "/v1/%e4%bd%a0%e5%a5%bd"));
  CHECK(allows("/v1/*", "/v1/caf%C3%A9"));
  CHECK(allows("/v1/**", "/v1/what%3f"));
  CHECK(allows("/v1/**", "/v1/c%23/x"));
  CHECK_FALSE(allows("/v1/*/x", "/v1/c%23/x"));
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

TEST_CASE("a path with more readings than are judged is allowed nowhere", "[I10]") {
  std::string nested = "/v1/%";  // each decoding takes one "25" away
  for (int i = 0; i < 100; ++i) {
    nested += "25";
  }
  nested += "41";
  CHECK(PathReadings(nested).are_too_many());
  CHECK_FALSE(allows("/**", nested));
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

TEST_CASE("what must not be got round is looked for in any letters, and beyond the budget",
          "[I5]") {
  SearchBudget budget;
  CHECK(PathPattern("/V1/Keys*").may_match({"/v1/keys/x", "/v1/keys1"}, budget));
  CHECK_FALSE(PathPattern("/V1/Keys*").may_match({"/v1/other"}, budget));
  const std::vector<std::string> other = {"/" + std::string(2000, 'a')};
  CHECK_FALSE(PathPattern("/**b").may_match(other, budget));
  while (budget.matches("*x*", "/a/path/of/usual/length", Star::anything)) {
  }
  CHECK(PathPattern("/**b").may_match(other, budget));
}

TEST_CASE("a pattern longer than the parser takes matches nothing") {
  CHECK(allows("/" + std::string(bounds::kPathGlobBytesMax - 1, '*'), "/"));
  CHECK_FALSE(allows("/" + std::string(bounds::kPathGlobBytesMax, '*'), "/"));
}

}  // namespace keyswap::bindings
