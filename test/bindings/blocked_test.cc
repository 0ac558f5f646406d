// SPDX-License-Identifier: Apache-2.0
#include "bindings/blocked.h"

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

bool blocks(const BlockedEndpoint& entry, std::string_view method, std::string_view target) {
  return find_blocked({entry}, method, target) != nullptr;
}

}  // namespace

TEST_CASE("F33: DELETE /repos/* blocks everything below /repos/, and nothing but DELETE") {
  const BlockedEndpoint entry{"DELETE", "/repos/*"};
  CHECK(blocks(entry, "DELETE", "/repos/a"));
  CHECK(blocks(entry, "DELETE", "/repos/a/b"));
  CHECK(blocks(entry, "DELETE", "/repos/"));
  CHECK_FALSE(blocks(entry, "GET", "/repos/a"));
  CHECK_FALSE(blocks(entry, "DELETE", "/repos"));
  CHECK_FALSE(blocks(entry, "DELETE", "/orgs/repos/a"));
  CHECK_FALSE(blocks(entry, "DELETE", "/"));
}

TEST_CASE("F33: the method's case and the query make no difference") {
  const BlockedEndpoint entry{"DELETE", "/repos/*"};
  CHECK(blocks(entry, "delete", "/repos/a"));
  CHECK(blocks(entry, "DELETE", "/repos/a?x=/other"));
  CHECK_FALSE(blocks(entry, "DELETE", "/other?x=/repos/a"));
  CHECK(blocks({"DELETE", "/repos/a"}, "DELETE", "/repos/a?"));
}

TEST_CASE("F33: a star between the pieces crosses slashes") {
  const BlockedEndpoint entry{"PUT", "/repos/*/admin/*"};
  CHECK(blocks(entry, "PUT", "/repos/o/admin/x"));
  CHECK(blocks(entry, "PUT", "/repos/o/p/q/admin/x/y"));
  CHECK_FALSE(blocks(entry, "PUT", "/repos/o/x"));
  CHECK_FALSE(blocks(entry, "PUT", "/repos/o/admin"));
  CHECK_FALSE(blocks(entry, "PUT", "/repos/admin/x"));
}

TEST_CASE("an entry for any method blocks any") {
  CHECK(blocks({"*", "*/admin/*"}, "PATCH", "/v1/admin/x"));
  CHECK(blocks({"*", "*"}, "OPTIONS", "*"));
  CHECK(blocks({"*", "/a*b*a"}, "GET", "/abba"));
  CHECK_FALSE(blocks({"*", "/a*b*a"}, "GET", "/aba/b"));
  // What begins and what ends a pattern do not share bytes.
  CHECK_FALSE(blocks({"*", "/ab*ba"}, "GET", "/aba"));
  CHECK(blocks({"*", "/ab**ba"}, "GET", "/abba"));
}

TEST_CASE("F33: a blocked path is blocked in any of its readings, whatever the case") {
  const BlockedEndpoint entry{"DELETE", "/repos/*"};
  for (const auto* const target : {"/REPOS/a",
                                   "/%72epos/a",
                                   "/%2572epos/a",
                                   "//repos/a",
                                   "/./repos/a",
                                   "/x/../repos/a",
                                   "/repos;v=1/a",
                                   "\\repos\\a",
                                   "/repos%2fa",
                                   "/x/..;/repos/a",
                                   "/x/%2e%2e/repos/a"}) {
    INFO(target);
    CHECK(blocks(entry, "DELETE", target));
    CHECK_FALSE(blocks(entry, "GET", target));
  }
  // As it came it is below /repos/ too, whatever some server makes of it.
  CHECK(blocks(entry, "DELETE", "/repos/../x"));
}

TEST_CASE("a path with too many readings is blocked by every entry for its method") {
  std::string path = "/";
  for (int i = 0; i < 40; ++i) {
    path += "%2525252e/..;a//\\%3b/";
  }
  REQUIRE(path_readings(path).empty());
  CHECK(blocks({"GET", "/never"}, "GET", path));
  CHECK_FALSE(blocks({"POST", "/never"}, "GET", path));
}

TEST_CASE("git's discovery is blocked with the service that it asks for") {
  const BlockedEndpoint entry{"*", "*/git-receive-pack"};
  CHECK(blocks(entry, "POST", "/o/r.git/git-receive-pack"));
  CHECK(blocks(entry, "GET", "/o/r.git/info/refs?service=git-receive-pack"));
  CHECK_FALSE(blocks(entry, "GET", "/o/r.git/info/refs?service=git-upload-pack"));
}

TEST_CASE("the first entry that matches is named") {
  const std::vector<BlockedEndpoint> blocked = {
      {"GET", "/a"}, {"*", "/b"}, {"POST", "/b"}, {"*", "*"}};
  CHECK(find_blocked(blocked, "POST", "/b") == &blocked[1]);
  CHECK(find_blocked(blocked, "GET", "/a") == blocked.data());
  CHECK(find_blocked(blocked, "POST", "/a") == &blocked[3]);
  CHECK(find_blocked({}, "GET", "/a") == nullptr);
}

TEST_CASE("patterns made to be slow are not", "[I10]") {
  std::string glob = "/";
  for (int i = 0; i < 100; ++i) {
    glob += "a*";
  }
  const std::string path = "/" + std::string(8'000, 'a');
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE_FALSE(blocks({"GET", glob + "b"}, "GET", path));
  }
}

}  // namespace keyswap::bindings
