// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "proxy/cli/doctor.h"
#include "test/support/temp_home.h"
#include "vault/secret.h"

namespace keyswap::cli {

namespace {

constexpr const char* kBindings = R"(version: 1
secrets:
  GIT:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: git.example.com } ]
)";

// Of a user whose netrc says that.
std::vector<Finding> findings_of(const test::TempHome& home,
                                 const test::TempHome& user,
                                 const std::string& netrc) {
  REQUIRE(vault::lock_memory());
  static_cast<void>(home.put("bindings.yaml", kBindings));
  static_cast<void>(user.put(".netrc", netrc));
  return examine_credential_files({home.home(), {}, {{"HOME", user.path()}}});
}

}  // namespace

TEST_CASE("doctor tells of a file with a real credential, how to take it over, and not the value") {
  const test::TempHome home;
  const test::TempHome user;
  const auto findings =
      findings_of(home, user, "machine git.example.com login me password real-9x7\n");
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].health == Health::note);
  CHECK(findings[0].text == user.path() + "/.netrc holds real credentials that tools send");
  CHECK(findings[0].hint == "keyswap import netrc " + user.path() + "/.netrc --apply");
}

TEST_CASE("a file whose credentials are placeholders is as it should be") {
  const test::TempHome home;
  const test::TempHome user;
  const std::string swapped =
      "machine git.example.com login me password kswp_PLACEHOLDER_000000000001\n";
  const auto findings = findings_of(home, user, swapped);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].health == Health::ok);
  CHECK(findings_of(home, user, swapped + "machine other.test login me password real-9x7\n")
            .front()
            .health == Health::note);
}

TEST_CASE("what an import kept, and what it cannot take, is told of") {
  const test::TempHome home;
  const test::TempHome user;
  static_cast<void>(user.put(".netrc.before-keyswap", "machine a.test password real-9x7\n"));
  const auto findings = findings_of(home, user, "default login me password real-9x7\n");
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].hint == "keyswap import netrc " + user.path() + "/.netrc");
  CHECK(findings[1].hint.find("shred -u ") != std::string::npos);
}

}  // namespace keyswap::cli
