// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/files.h"

#include <array>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/child.h"
#include "proxy/cli/demo_leaks.h"
#include "proxy/cli/home_creation.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

mode_t mode_of(const std::string& path) {
  struct stat info {};

  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

Problem make_home(const Home& home, const LockedText& passphrase) {
  const NewApproval approval{nothing_approved(vault::ApprovalMode::key), {}};
  return create_home(home, passphrase, KeyFile::write, approval, 1'800'000'000);
}

std::size_t entries_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("a descriptor that was handed over is closed when it is done with", "[I1]") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  const int number = fcntl(pipe->read_end.descriptor(), F_DUPFD, 50);
  REQUIRE(number >= 50);
  {
    const File taken = take_descriptor(number);
    CHECK(taken.descriptor() == number);
    CHECK((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(fcntl(number, F_GETFD) < 0);
  CHECK_FALSE(take_descriptor(number).is_open());
}

TEST_CASE("in the place of a standard descriptor that was handed over stands /dev/null") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  REQUIRE(write_all(pipe->write_end.descriptor(), "secret"));
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    char byte = 0;
    dup2(pipe->read_end.descriptor(), STDIN_FILENO);
    const File taken = take_descriptor(STDIN_FILENO);
    const bool is_moved = taken.descriptor() > STDERR_FILENO &&
                          read(taken.descriptor(), &byte, 1) == 1 && byte == 's';
    _exit(is_moved && read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1);
  }
  const auto ended = wait_for_end(child, 30'000);
  REQUIRE(ended);
  CHECK(shell_status(*ended) == 0);
}

TEST_CASE("a FIFO where a file is meant is an error at once, and never waited for", "[I13]") {
  const test::TempHome temp;
  const std::string path = temp.path() + "/bindings.yaml";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(read_file(path, 100).error().code == base::Errc::io);
  CHECK(read_file(temp.path() + "/none", 100).error().code == base::Errc::not_found);
}

TEST_CASE("F05 a file has the mode that was asked for, whatever the umask") {
  const test::TempHome temp;
  const mode_t mask = GENERATE(0000, 0077, 0777);
  const mode_t before = umask(mask);
  const auto written = write_file(temp.path() + "/file", "x", 0644);
  umask(before);
  REQUIRE(written);
  CHECK(mode_of(temp.path() + "/file") == 0644);
}

TEST_CASE("O13 replacing a file leaves the new text and nothing beside it") {
  const test::TempHome temp;
  const std::string path = temp.put("file", "old");
  REQUIRE(write_file(path, "new", 0600));
  CHECK(*read_file(path, 100) == "new");
  CHECK(entries_in(temp.path()) == 1);
}

TEST_CASE("O13 a write that fails leaves the old text and nothing beside it") {
  const test::TempHome temp;
  const std::string path = temp.path() + "/folder";
  REQUIRE(mkdir(path.c_str(), 0700) == 0);
  const auto written = write_file(path, "text", 0600);  // a folder cannot be replaced by a file
  CHECK_FALSE(written);
  CHECK(entries_in(temp.path()) == 1);
}

TEST_CASE("O13 a file gets a new name only where there is nothing of that name") {
  const test::TempHome temp;
  const auto from = temp.put("from", "new");
  const auto to = temp.home().path + "/to";
  CHECK(rename_new(from, to));
  CHECK(*read_file(to, 10) == "new");
  static_cast<void>(temp.put("from", "newer"));
  CHECK(rename_new(from, to).error().code == base::Errc::already_exists);
  CHECK(*read_file(to, 10) == "new");
  CHECK(*read_file(from, 10) == "newer");
}

TEST_CASE("a new file is written whole where nothing is, and overwrites nothing", "[I13]") {
  const test::TempHome temp;
  const std::string path = temp.path() + "/file";
  REQUIRE(write_new_file(path, "first", 0600));
  const auto again = write_new_file(path, "second", 0600);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == base::Errc::already_exists);
  CHECK(*read_file(path, 100) == "first");
  REQUIRE(symlink("nowhere", (temp.path() + "/link").c_str()) == 0);
  CHECK_FALSE(write_new_file(temp.path() + "/link", "second", 0600));
  CHECK(entries_in(temp.path()) == 2);
}

TEST_CASE("what a user names is written to where it is no plain file, and not replaced") {
  const test::TempHome temp;
  const std::string pipe = temp.path() + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const File reader(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(write_output(pipe, "text", 0644));
  std::array<char, 8> taken{};
  CHECK(read(reader.descriptor(), taken.data(), taken.size()) == 4);

  struct stat info {};

  REQUIRE(lstat(pipe.c_str(), &info) == 0);
  CHECK(S_ISFIFO(info.st_mode));

  const std::string file = temp.put("file", "old");
  const std::string link = temp.path() + "/link";
  REQUIRE(symlink("file", link.c_str()) == 0);
  REQUIRE(write_output(link, "new", 0644));
  REQUIRE(lstat(link.c_str(), &info) == 0);
  CHECK(S_ISLNK(info.st_mode));
  CHECK(*read_file(file, 100) == "new");
  CHECK(mode_of(file) == 0644);
  REQUIRE(write_output(temp.path() + "/fresh", "new", 0644));
  CHECK(*read_file(temp.path() + "/fresh", 100) == "new");
}

TEST_CASE("an unchanged file is not written again") {
  const test::TempHome temp;
  const std::string path = temp.put("file", "same");

  struct stat first {};

  REQUIRE(stat(path.c_str(), &first) == 0);
  REQUIRE(write_file_if_changed(path, "same", 0600));

  struct stat second {};

  REQUIRE(stat(path.c_str(), &second) == 0);
  CHECK(first.st_ino == second.st_ino);
  REQUIRE(write_file_if_changed(path, "other", 0600));
  CHECK(*read_file(path, 100) == "other");
}

TEST_CASE("a file past the bound is not read") {
  const test::TempHome temp;
  const std::string path = temp.put("file", "12345");
  CHECK(read_file(path, 5));
  CHECK(read_file(path, 4).error().code == base::Errc::limit_exceeded);
  CHECK(read_file(path + "-none", 4).error().code == base::Errc::not_found);
}

TEST_CASE(
    "F05 a new home has the contract's modes whatever the umask, and no second one is made on it") {
  REQUIRE(vault::lock_memory());
  const test::TempHome temp;
  const cli::Home home{temp.path() + "/above/home"};
  auto passphrase = make_random_key();
  REQUIRE(passphrase);
  const mode_t before = umask(0);
  const Problem made = make_home(home, passphrase.value());
  umask(before);
  REQUIRE_FALSE(made);
  CHECK(mode_of(home.path) == 0700);
  CHECK(mode_of(home.audit()) == 0700);
  CHECK(mode_of(home.vault()) == 0600);
  CHECK(mode_of(home.key()) == 0600);
  CHECK(mode_of(home.bindings()) == 0600);
  CHECK(mode_of(home.ca()) == 0644);
  CHECK(mode_of(home.bundle()) == 0644);
  CHECK_FALSE(cli::check_home(home));
  CHECK(entries_in(temp.path() + "/above") == 1);  // nothing half-made beside it
  // What its owner will copy is his own, and not what everybody can read in the documentation.
  const auto starter = read_file(home.bindings(), 65'536);
  REQUIRE(starter);
  const std::string begin = "placeholder: \"sk-proj-PLACEHOLDER-";
  const std::string random = starter->substr(starter->find(begin) + begin.size(), 24);
  CHECK(random.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(std::set<char>(random.begin(), random.end()).size() > 4);
  // Nobody has to paste a block into it, beside a `secrets:` that is there.
  CHECK(starter->find("keyswap bindings add NAME") != std::string::npos);

  const Problem again = make_home(home, passphrase.value());
  REQUIRE(again);
  CHECK(again->exit == Exit::usage);
  CHECK(again->what == "there is a keyswap home already: " + home.path);
}

TEST_CASE("an empty folder of ours may become a home, one with something in it may not") {
  const test::TempHome temp;
  CHECK_FALSE(check_place_for_home(temp.home()));
  CHECK_FALSE(check_place_for_home(cli::Home{temp.path() + "/none"}));
  static_cast<void>(temp.put("something", "x"));
  const Problem problem = check_place_for_home(temp.home());
  REQUIRE(problem);
  CHECK(problem->what == "something else is there: " + temp.path());
}

TEST_CASE("acceptance F01 a key is found in a file below the folder however it is spelled") {
  const test::TempHome temp;
  REQUIRE(mkdir((temp.path() + "/below").c_str(), 0700) == 0);
  const auto needles = spellings("sk-demo-key");
  static_cast<void>(temp.put("below/clean", "sk-demo-PLACEHOLDER"));
  CHECK_FALSE(is_in_files(temp.path(), needles));
  const std::string spelled =
      GENERATE("sk-demo-key", "736b2d64656d6f2d6b6579", "c2stZGVtby1rZXk=", "c2stZGVtby1rZXk");
  static_cast<void>(temp.put("below/leak", "before " + spelled + " after"));
  CHECK(is_in_files(temp.path(), needles));
}

TEST_CASE("a folder that cannot be searched is not called clean") {
  CHECK(is_in_files("/nonexistent", spellings("sk-demo-key")));
}

}  // namespace keyswap::cli
