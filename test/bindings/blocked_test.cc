// SPDX-License-Identifier: Apache-2.0
#include "bindings/blocked.h"

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

bool blocks(const BlockedEndpoint& entry, std::string_view method, std::string_view target) {
  Scope scope;
  scope.blocked = {entry};
  return find_blocked(scope, {method, target}) != nullptr;
}

// Of a custom service at `base`.
bool blocks_below(std::string_view base,
                  const BlockedEndpoint& entry,
                  std::string_view method,
                  std::string_view target) {
  Scope scope;
  scope.blocked = {entry};
  scope.base_path = base;
  return find_blocked(scope, {method, target}) != nullptr;
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

TEST_CASE("what stands at the end of a blocked path makes no difference") {
  for (const auto* const target :
       {"/admin",     "/admin/",    "/admin//",       "/admin/.",    "/admin/./", "/admin/%2e",
        "/admin%2f",  "/admin;x",   "/admin;x/",      "/admin/;x",   "/ADMIN/",   "/admin\\",
        "/admin%5c",  "/admin.",    "/admin%20",      "/admin/x/..", "/admin?x",  "/admin/?x",
        "/admin%3fx", "/admin%23x", "/admin%253fx/y", "/admin/%3b"}) {
    INFO(target);
    CHECK(blocks({"GET", "/admin"}, "GET", target));
    CHECK(blocks({"GET", "/admin/"}, "GET", target));
    CHECK_FALSE(blocks({"POST", "/admin"}, "GET", target));
  }
  CHECK(blocks({"GET", "/admin*"}, "GET", "/admin/%2e/"));
  CHECK(blocks({"GET", "/admin/*"}, "GET", "/admin/"));
  CHECK_FALSE(blocks({"GET", "/admin/*"}, "GET", "/admin"));
  CHECK_FALSE(blocks({"GET", "/admin"}, "GET", "/admin/x"));
  CHECK_FALSE(blocks({"GET", "/admin"}, "GET", "/administer"));
  CHECK_FALSE(blocks({"GET", "/admin/"}, "GET", "/x/admin"));
  CHECK_FALSE(blocks({"GET", "*/"}, "GET", "/admin"));
  CHECK(blocks({"GET", "/"}, "GET", "/"));
  CHECK_FALSE(blocks({"GET", "/"}, "GET", "/x"));
}

TEST_CASE("overlong and stray bytes do not hide a blocked path") {
  for (const auto* const target : {"/%c1%a1dmin",
                                   "/x/%c0%ae%c0%ae/admin",
                                   "/x%c0%af..%c0%afadmin",
                                   "/x/%e0%80%ae%e0%80%ae/admin",
                                   "/x/%f0%80%80%ae./admin",
                                   "/x/%fc%80%80%80%80%ae./admin",
                                   "/x/%c0%6e./admin",
                                   "/%25c1%25a1dmin",
                                   "/ad%ffmin",
                                   "/admin%80",
                                   "/admin%c0%af",
                                   "/%ef%bd%81dmin",
                                   "%ef%bc%8fadmin"}) {
    INFO(target);
    CHECK(blocks({"GET", "/admin"}, "GET", target));
  }
  CHECK_FALSE(blocks({"GET", "/admin"}, "GET", "/%ff"));
  CHECK_FALSE(blocks({"GET", "/admin"}, "GET", "/%e4%bd%a0"));
}

TEST_CASE("a custom service's base is taken off in every reading") {
  const BlockedEndpoint entry{"DELETE", "/repos/*"};
  for (const auto* const target : {"/v2/repos/foo",
                                   "/v2/%2e%2e/v2/repos/foo",
                                   "/v2/../v2/repos/foo",
                                   "/v2/x/..%2frepos/foo",
                                   "/v2/..;/v2/repos/foo",
                                   "/v2/.%252e/v2/repos/foo",
                                   "/v2//repos/foo",
                                   "/v2%2frepos/foo",
                                   "/v2;x/repos/foo",
                                   "/V2/Repos/foo",
                                   "/x/..\\v2/repos/foo",
                                   "/v2/%c0%ae%c0%ae/v2/repos/foo",
                                   "/v2/../repos/foo"}) {
    INFO(target);
    CHECK(blocks_below("/v2", entry, "DELETE", target));
    CHECK_FALSE(blocks_below("/v2", entry, "GET", target));
  }
  CHECK(blocks_below("/api/v2", entry, "DELETE", "/api/v2/../repos/foo"));
  CHECK(blocks_below("/v2", {"GET", "/admin"}, "GET", "/v2/admin/"));
  CHECK(blocks_below("/v2", {"GET", "/"}, "GET", "/v2"));
  CHECK_FALSE(blocks_below("/v2", entry, "DELETE", "/v2/orgs/repos/foo"));
  CHECK_FALSE(blocks_below("/v2", entry, "DELETE", "/v20/repos/foo"));
}

TEST_CASE("a method that a request names besides its own is blocked too") {
  const BlockedEndpoint entry{"DELETE", "/repos/*"};
  CHECK(blocks(entry, "POST", "/repos/a?_method=DELETE"));
  CHECK(blocks(entry, "POST", "/repos/a?_method=delete"));
  CHECK(blocks(entry, "POST", "/repos/a?x=1&_method=PATCH&_method=DELETE"));
  CHECK(blocks(entry, "POST", "/repos/a?_method=not%20a%20method"));
  CHECK_FALSE(blocks(entry, "POST", "/repos/a?_method=PATCH"));
  CHECK_FALSE(blocks(entry, "POST", "/repos/a?my_method=DELETE"));
  CHECK_FALSE(blocks(entry, "POST", "/orgs/a?_method=DELETE"));
}

TEST_CASE("a path with too many readings is blocked by every entry for its method") {
  std::string path = "/";
  for (int i = 0; i < 40; ++i) {
    path += "%2525252e/..;a//\\%3b/";
  }
  REQUIRE(PathReadings(path).are_too_many());
  CHECK(blocks({"GET", "/never"}, "GET", path));
  CHECK_FALSE(blocks({"POST", "/never"}, "GET", path));
}

TEST_CASE("git's discovery is blocked with the service that it asks for") {
  const BlockedEndpoint entry{"*", "*/git-receive-pack"};
  CHECK(blocks(entry, "POST", "/o/r.git/git-receive-pack"));
  CHECK(blocks(entry, "GET", "/o/r.git/info/refs?service=git-receive-pack"));
  CHECK_FALSE(blocks(entry, "GET", "/o/r.git/info/refs?service=git-upload-pack"));
  // In a spelling that this proxy does not take for a discovery, but some server may.
  CHECK(blocks(entry, "GET", "/o/r.git/info/refs?service=git%2Dreceive-pack"));
  CHECK(blocks(entry, "GET", "/o/r.git/%69nfo/refs?service=git-receive-pack"));
  CHECK(blocks(entry, "GET", "/o/r.git/info/refs/?service=git-receive-pack&x=1"));
  CHECK_FALSE(blocks(entry, "GET", "/o/r.git/info/refs"));
}

TEST_CASE("the first entry that matches is named") {
  Scope scope;
  scope.blocked = {{"GET", "/a"}, {"*", "/b"}, {"POST", "/b"}, {"*", "*"}};
  CHECK(find_blocked(scope, {"POST", "/b"}) == &scope.blocked[1]);
  CHECK(find_blocked(scope, {"GET", "/a"}) == scope.blocked.data());
  CHECK(find_blocked(scope, {"POST", "/a"}) == &scope.blocked[3]);
  CHECK(find_blocked(Scope{}, {"GET", "/a"}) == nullptr);
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
