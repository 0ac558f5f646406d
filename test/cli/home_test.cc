// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/home.h"

#include <catch2/catch.hpp>

#include "proxy/cli/home_creation.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

std::string what_is_wrong(const Home& home) {
  const auto problem = check_home(home);
  return problem ? problem->what : "";
}

}  // namespace

TEST_CASE("the option goes before the variables, and those before the default") {
  CHECK(choose_home({"/a", "/b", "/c", "/d"}).path == "/a");
  CHECK(choose_home({"", "/b", "/c", "/d"}).path == "/b");
  CHECK(choose_home({"", "", "/c", "/d"}).path == "/c/keyswap");
  CHECK(choose_home({"", "", "", "/d"}).path == "/d/.local/state/keyswap");
}

TEST_CASE("a relative XDG_STATE_HOME is ignored, as its specification says") {
  CHECK(choose_home({"", "", "state", "/d"}).path == "/d/.local/state/keyswap");
}

TEST_CASE("a home's path is absolute and in one form") {
  CHECK(choose_home({"/a/b/../c/", "", "", ""}).path == "/a/c");
  CHECK(choose_home({"relative", "", "", ""}).path == std::filesystem::current_path() / "relative");
}

TEST_CASE("without a HOME no folder is made up, least of all in the working directory") {
  const std::string home = GENERATE("", ".", "relative/path");
  CHECK(choose_home({"", "", "", home}).path == "");
  CHECK(choose_home({"", "", "state", home}).path == "");
  CHECK(choose_home({"", "", "/state", home}).path == "/state/keyswap");
  CHECK(what_is_wrong(Home{}).find("$HOME is not set") != std::string::npos);
  const auto problem = check_place_for_home(Home{});
  REQUIRE(problem);
  CHECK(problem->exit == Exit::usage);
}

TEST_CASE("VA-09 no home is made where others could put another") {
  const test::TempHome outer;
  REQUIRE(chmod(outer.path().c_str(), 0777) == 0);
  const auto problem = check_place_for_home(Home{outer.path() + "/below/home"});
  REQUIRE(problem);
  CHECK(problem->what.find("can be written by everybody") != std::string::npos);
}

TEST_CASE("a home with everything in order is accepted") {
  const test::TempHome temp;
  static_cast<void>(temp.put("vault.db", "x"));
  static_cast<void>(temp.put("ca.pem", "x", 0644));
  static_cast<void>(temp.put("key", "x"));
  CHECK(what_is_wrong(temp.home()) == "");
}

TEST_CASE("a home that is not there is told from one without a vault") {
  const test::TempHome temp;
  const auto missing = check_home(Home{temp.path() + "/none"});
  REQUIRE(missing);
  CHECK(missing->what == "no keyswap home at " + temp.path() + "/none");
  CHECK(missing->hint.starts_with("run: keyswap init"));
  CHECK(what_is_wrong(temp.home()) == "no vault in " + temp.path());
}

TEST_CASE("VA-09 F05 a home that others may enter is refused, with the command that mends it") {
  const test::TempHome temp;
  static_cast<void>(temp.put("vault.db", "x"));
  const mode_t mode = GENERATE(0750, 0705, 0770, 0777, 0710);
  REQUIRE(chmod(temp.path().c_str(), mode) == 0);
  const auto problem = check_home(temp.home());
  REQUIRE(problem);
  CHECK(problem->what.find("can be entered by other users") != std::string::npos);
  CHECK(problem->hint == "run: chmod 700 " + temp.path());
}

TEST_CASE("VA-09 a vault or key that others can open is refused") {
  const test::TempHome temp;
  const std::string name = GENERATE("vault.db", "key");
  static_cast<void>(temp.put("vault.db", "x"));
  const std::string path = temp.put(name, "x", GENERATE(0640, 0604, 0644, 0620));
  const auto problem = check_home(temp.home());
  REQUIRE(problem);
  CHECK(problem->what.find("can be opened by other users: " + path) != std::string::npos);
  CHECK(problem->hint == "run: chmod 600 " + path);
}

TEST_CASE("VA-09 symbolic links in place of the home, the vault or the key are refused") {
  const test::TempHome temp;
  const test::TempHome elsewhere;
  const std::string real = elsewhere.put("file", "x");
  SECTION("the home") {
    static_cast<void>(temp.put("vault.db", "x"));
    const std::string link = elsewhere.path() + "/link";
    REQUIRE(symlink(temp.path().c_str(), link.c_str()) == 0);
    CHECK(what_is_wrong(Home{link}) == "the home is a symbolic link: " + link);
  }
  SECTION("the vault") {
    REQUIRE(symlink(real.c_str(), temp.home().vault().c_str()) == 0);
    CHECK(what_is_wrong(temp.home()) == "not a plain file: " + temp.home().vault());
  }
  SECTION("the key") {
    static_cast<void>(temp.put("vault.db", "x"));
    REQUIRE(symlink(real.c_str(), temp.home().key().c_str()) == 0);
    CHECK(what_is_wrong(temp.home()) == "not a plain file: " + temp.home().key());
  }
}

TEST_CASE("VA-09 a vault with a second name is refused") {
  const test::TempHome temp;
  const std::string vault = temp.put("vault.db", "x");
  REQUIRE(link(vault.c_str(), (temp.path() + "/other").c_str()) == 0);
  CHECK(what_is_wrong(temp.home()).find("a hard link") != std::string::npos);
}

TEST_CASE("VA-09 a folder above that everybody may write is refused, unless it is sticky") {
  const test::TempHome outer;
  const Home home{outer.path() + "/home"};
  REQUIRE(mkdir(home.path.c_str(), 0700) == 0);
  static_cast<void>(outer.put("home/vault.db", "x"));
  REQUIRE(chmod(outer.path().c_str(), 0777) == 0);
  CHECK(what_is_wrong(home).find("can be written by everybody") != std::string::npos);
  REQUIRE(chmod(outer.path().c_str(), 01777) == 0);
  CHECK(what_is_wrong(home) == "");
}

TEST_CASE("a CA certificate that others may write is refused; that they may read it is meant") {
  const test::TempHome temp;
  static_cast<void>(temp.put("vault.db", "x"));
  const std::string ca = temp.put("ca.pem", "x", 0664);
  CHECK(what_is_wrong(temp.home()) == "other users can write " + ca);
}

TEST_CASE("VA-09 a home of another user is refused") {
  const test::TempHome temp;
  static_cast<void>(temp.put("vault.db", "x"));
  constexpr uid_t kNobody = 65534;
  if (chown(temp.path().c_str(), kNobody, kNobody) != 0) {
    WARN("not root: the owner cannot be changed");
    return;
  }
  CHECK(what_is_wrong(temp.home()).find("belongs to another user") != std::string::npos);
}

}  // namespace keyswap::cli
