// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/path_trust.h"

#include <filesystem>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/policy.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

constexpr uid_t kNobody = 65534;

std::string what_of(const std::optional<PathProblem>& problem) {
  return problem ? problem->what : "";
}

bool says(const std::optional<PathProblem>& problem, std::string_view part) {
  return what_of(problem).find(part) != std::string::npos;
}

void make_folder(const std::string& path, mode_t mode) {
  std::filesystem::create_directories(path);
  REQUIRE(chmod(path.c_str(), mode) == 0);
}

// Gives whether this is root, who alone can give files away.
bool give_away(const std::string& path) {
  if (lchown(path.c_str(), kNobody, kNobody) != 0) {
    WARN("not root: the owner cannot be changed");
    return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a file of ours in a folder of ours is trusted, and so is what is not there yet") {
  const test::TempHome temp;
  const std::string file = temp.put("roots.pem", "x", 0644);
  CHECK(what_of(check_trusted_file(file)) == "");
  CHECK(what_of(check_folders_above(temp.path() + "/none/below/x")) == "");
  CHECK(says(check_trusted_file(temp.path() + "/none"), "cannot look at"));
  CHECK(says(check_trusted_file(temp.path()), "not a plain file"));
}

TEST_CASE("a file that others can write is not trusted, and the command that mends it is said") {
  const test::TempHome temp;
  const std::string file = temp.put("roots.pem", "x", 0646);
  const auto problem = check_trusted_file(file);
  REQUIRE(problem);
  CHECK(problem->what == "other users can write " + file);
  CHECK(problem->hint == "run: chmod go-w " + file);
}

TEST_CASE("a folder far above that others can write is found, unless it is sticky") {
  const test::TempHome temp;
  make_folder(temp.path() + "/a", 0777);
  make_folder(temp.path() + "/a/b", 0700);
  const std::string file = temp.put("a/b/roots.pem", "x");
  CHECK(what_of(check_trusted_file(file)) ==
        "the folder above can be written by everybody: " + temp.path() + "/a");
  make_folder(temp.path() + "/a", 01777);
  CHECK(what_of(check_trusted_file(file)) == "");
}

TEST_CASE("a folder that a group of others can write is found") {
  const test::TempHome temp;
  make_folder(temp.path() + "/a", 0770);
  const std::string file = temp.put("a/roots.pem", "x");
  if (chown((temp.path() + "/a").c_str(), geteuid(), kNobody) != 0) {
    WARN("not root: the group cannot be changed");
    return;
  }
  REQUIRE(chmod((temp.path() + "/a").c_str(), 0770) == 0);
  CHECK(says(check_trusted_file(file), "can be written by others of its group"));
}

TEST_CASE("the folders of every link on the way are looked at") {
  const test::TempHome temp;
  make_folder(temp.path() + "/loose", 0777);
  make_folder(temp.path() + "/tight", 0700);
  const std::string file = temp.put("tight/roots.pem", "x");
  const std::string link = temp.path() + "/loose/link";
  const std::string first = temp.path() + "/tight/first";
  REQUIRE(symlink("../tight/roots.pem", link.c_str()) == 0);
  REQUIRE(symlink(link.c_str(), first.c_str()) == 0);
  CHECK(says(check_trusted_file(first), "can be written by everybody"));
  make_folder(temp.path() + "/loose", 0700);
  CHECK(what_of(check_trusted_file(first)) == "");
  CHECK(what_of(check_trusted_file(temp.path() + "/loose/../tight/./roots.pem")) == "");
}

TEST_CASE("a link that leads to itself is a problem, not a hang") {
  const test::TempHome temp;
  const std::string link = temp.path() + "/link";
  REQUIRE(symlink(link.c_str(), link.c_str()) == 0);
  CHECK(says(check_trusted_file(link), "cannot look at"));
}

TEST_CASE("a file, a folder or a link of another user is not trusted, in a sticky folder either") {
  const test::TempHome temp;
  make_folder(temp.path() + "/shared", 01777);
  make_folder(temp.path() + "/shared/theirs", 0755);
  const std::string ours = temp.put("ours", "x");
  const std::string theirs = temp.put("shared/file", "x", 0644);
  const std::string below = temp.put("shared/theirs/file", "x");
  const std::string link = temp.path() + "/shared/link";
  REQUIRE(symlink(ours.c_str(), link.c_str()) == 0);
  if (!give_away(theirs) || !give_away(temp.path() + "/shared/theirs") || !give_away(link)) {
    return;
  }
  CHECK(says(check_trusted_file(theirs), "the file belongs to another user"));
  CHECK(says(check_trusted_file(below), "the folder above belongs to another user"));
  CHECK(says(check_trusted_file(link), "a link on the way belongs to another user"));
}

TEST_CASE("a ca_file that others could write is an error of the bindings", "[I4]") {
  const test::TempHome temp;
  const std::string roots = "/etc/ssl/certs/ca-certificates.crt";
  if (access(roots.c_str(), R_OK) != 0) {
    WARN("no roots on this host to name");
    return;
  }
  const std::string copy = temp.path() + "/roots.pem";
  std::filesystem::copy_file(roots, copy);
  const mode_t mode = GENERATE(as<mode_t>(), 0644, 0666);
  REQUIRE(chmod(copy.c_str(), mode) == 0);
  auto parsed =
      parse_bindings("version: 1\nsecrets: {}\nupstream: {ca_file: roots.pem}\n", temp.path());
  REQUIRE(parsed.errors.empty());
  check_ca_files(parsed, "");
  if (mode == 0644) {
    CHECK(parsed.errors.empty());
    return;
  }
  REQUIRE(parsed.errors.size() == 1);
  CHECK(parsed.errors.front().line == 3);
  CHECK(parsed.errors.front().text.find("`ca_file` cannot be trusted: other users can write") == 0);
}

}  // namespace keyswap::cli
