// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/workshop.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

std::size_t count_in(const std::string& folder) {
  const std::filesystem::directory_iterator begin(folder);
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

void put(const std::string& path) {
  std::ofstream(path) << "x";
}

// How a child ends that builds at `place` and does `meanwhile` before it is done.
template <typename Meanwhile>
int status_of_child(const std::string& place, Meanwhile meanwhile) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGTERM, SIG_DFL);  // the test's own hands are not the child's
    bool is_moved = false;
    {
      Workshop workshop(place);
      put(workshop.path() + "/begun");
      meanwhile();
      is_moved = workshop.move_into_place().has_value();
    }
    _exit(is_moved ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("what was built stands whole in its place, and nothing beside it") {
  const test::TempHome temp;
  const std::string place = temp.path() + "/home";
  {
    Workshop workshop(place);
    REQUIRE(workshop.made());
    put(workshop.path() + "/file");
    CHECK_FALSE(std::filesystem::exists(place));
    REQUIRE(workshop.move_into_place());
  }
  CHECK(std::filesystem::exists(place + "/file"));
  CHECK(count_in(temp.path()) == 1);
}

TEST_CASE("what was given up is gone") {
  const test::TempHome temp;
  {
    const Workshop workshop(temp.path() + "/home");
    REQUIRE(workshop.made());
    put(workshop.path() + "/file");
  }
  CHECK(count_in(temp.path()) == 0);
}

TEST_CASE("nothing that is there is replaced") {
  const test::TempHome temp;
  const std::string file = temp.put("home", "mine");
  {
    Workshop workshop(file);
    REQUIRE(workshop.made());
    CHECK_FALSE(workshop.move_into_place());
  }
  CHECK(std::filesystem::is_regular_file(file));
  CHECK(count_in(temp.path()) == 1);
}

TEST_CASE("a signal ends the program when the half of it is gone, and not before") {
  const test::TempHome temp;
  const int status = status_of_child(temp.path() + "/home", [] { raise(SIGTERM); });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
  CHECK(count_in(temp.path()) == 0);
}

TEST_CASE("what a kill left is taken away by the next, and keeps it from nothing") {
  const test::TempHome temp;
  const std::string place = temp.path() + "/home";
  const int status = status_of_child(place, [] { raise(SIGKILL); });
  REQUIRE(WIFSIGNALED(status));
  CHECK(count_in(temp.path()) == 1);
  CHECK(status_of_child(place, [] {}) == 0);
  CHECK(std::filesystem::exists(place + "/begun"));
  CHECK(count_in(temp.path()) == 1);
}

TEST_CASE("only what was begun for this place, and is held by nobody, is taken away") {
  const test::TempHome temp;
  std::filesystem::create_directory(temp.path() + "/home.init-abcdef");
  std::filesystem::create_directory(temp.path() + "/home.init-backup-of-mine");
  std::filesystem::create_directory(temp.path() + "/other.init-abcdef");
  static_cast<void>(temp.put("home.init-a-file", "x"));
  std::filesystem::create_directory(temp.path() + "/home.init-inwork");
  std::filesystem::create_directory_symlink("other.init-abcdef", temp.path() + "/home.init-a-link");
  const File held(open((temp.path() + "/home.init-inwork").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(flock(held.descriptor(), LOCK_EX) == 0);
  { const Workshop workshop(temp.path() + "/home"); }
  CHECK_FALSE(std::filesystem::exists(temp.path() + "/home.init-abcdef"));
  CHECK(count_in(temp.path()) == 5);
}

}  // namespace keyswap::cli
