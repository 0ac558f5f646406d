// SPDX-License-Identifier: Apache-2.0
#include "audit/file.h"

#include <cerrno>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

unsigned mode_of(const std::string& path) {
  struct stat info {};

  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

}  // namespace

TEST_CASE("an audit file is 0600 whatever the umask and is never made twice") {
  const test::TempFolder folder;
  const mode_t before = ::umask(0777);
  const auto made = system_files().create(folder.file("f"));
  ::umask(before);
  REQUIRE(made);
  CHECK(mode_of(folder.file("f")) == 0600);
  CHECK(system_files().create(folder.file("f")).error().code == base::Errc::already_exists);
}

TEST_CASE("an audit file is appended to, cut, and says how it is") {
  const test::TempFolder folder;
  {
    const auto made = system_files().create(folder.file("f"));
    REQUIRE(made);
    CHECK(*(*made)->write("hello ") == 6);
  }
  const auto file = system_files().open(folder.file("f"));
  REQUIRE(file);
  CHECK(*(*file)->write("world") == 5);
  CHECK((*file)->sync());
  CHECK(test::read_file(folder.file("f")) == "hello world");
  REQUIRE((*file)->truncate(5));
  CHECK(test::read_file(folder.file("f")) == "hello");
  const FileState state = *(*file)->state();
  CHECK(state.size == 5);
  CHECK(state.links == 1);
  CHECK(state.inode == system_files().state_of(folder.file("f"))->inode);
  REQUIRE(::unlink(folder.file("f").c_str()) == 0);
  CHECK((*file)->state()->links == 0);
  CHECK(system_files().state_of(folder.file("f")).error().code == base::Errc::not_found);
}

TEST_CASE("a symbolic link is not followed") {
  const test::TempFolder folder;
  test::write_file(folder.file("target"), "x");
  REQUIRE(::symlink("target", folder.file("link").c_str()) == 0);
  CHECK_FALSE(system_files().open(folder.file("link")));
  CHECK_FALSE(system_files().create(folder.file("link")));
  CHECK_FALSE(Input::open(folder.file("link")));
  CHECK_FALSE(FileLock::acquire(folder.file("link")));
}

TEST_CASE("what is no regular file is refused at once, and never waited for", "[I13]") {
  const test::TempFolder folder;
  const std::string path = folder.file("f");
  SECTION("a FIFO that nobody writes to") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  }
  SECTION("a folder") {
    std::filesystem::create_directory(path);
  }
  SECTION("a device") {
    // Only root may make one; a link to one is a link, and refused as that.
    REQUIRE(::symlink("/dev/zero", path.c_str()) == 0);
  }
  CHECK_FALSE(Input::open(path));
  CHECK_FALSE(system_files().open(path));
  CHECK_FALSE(FileLock::acquire(path));
}

TEST_CASE("a FIFO as any file of a log is an error of the start and of the check", "[I13]") {
  const std::string name = GENERATE("audit-000001.jsonl", "checkpoints.jsonl", "audit.pub", "lock");
  CAPTURE(name);
  const test::TempFolder folder;
  test::make_log(folder, 2);
  std::filesystem::remove(folder.file(name));
  REQUIRE(::mkfifo(folder.file(name).c_str(), 0600) == 0);
  const test::TestClock clock;
  CHECK_FALSE(Log::open(test::settings_for(folder, clock)).has_value());
  if (name != "lock") {  // which nobody reads who only checks
    CHECK_FALSE(verify(folder.path(), {}).has_value());
  }
}

TEST_CASE("AU-18 a file lock is held against everybody, this process too") {
  const test::TempFolder folder;
  {
    const auto held = FileLock::acquire(folder.file("lock"));
    REQUIRE(held);
    CHECK(FileLock::acquire(folder.file("lock")).error().code == base::Errc::locked);
  }
  CHECK(FileLock::acquire(folder.file("lock")));
}

TEST_CASE("errno becomes the error that says what to do") {
  CHECK(file_error("x", ENOSPC).code == base::Errc::no_space);
  CHECK(file_error("x", EDQUOT).code == base::Errc::no_space);
  CHECK(file_error("x", EROFS).code == base::Errc::permission);
  CHECK(file_error("x", EIO).code == base::Errc::io);
  CHECK(file_error("x", EIO).number == EIO);
}

TEST_CASE("AU-05 a folder that is missing, no folder, or open to others is refused") {
  const test::TempFolder folder;
  CHECK(check_folder(folder.path()));
  CHECK(check_folder(folder.file("none")).error().code == base::Errc::not_found);
  test::write_file(folder.file("f"), "");
  CHECK(check_folder(folder.file("f")).error().code == base::Errc::io);
  REQUIRE(::chmod(folder.path().c_str(), 0720) == 0);
  CHECK(check_folder(folder.path()).error().code == base::Errc::permission);
  REQUIRE(::chmod(folder.path().c_str(), 0702) == 0);
  CHECK(check_folder(folder.path()).error().code == base::Errc::permission);
}

TEST_CASE("an input gives what is there and stops at the end") {
  const test::TempFolder folder;
  test::write_file(folder.file("f"), "0123456789");
  const auto input = Input::open(folder.file("f"));
  REQUIRE(input);
  CHECK(*input->size() == 10);
  std::string out(8, '-');
  CHECK(*input->read(6, out.data(), out.size()) == 4);
  CHECK(out == "6789----");
  CHECK(Input::open(folder.file("none")).error().code == base::Errc::not_found);
}

}  // namespace keyswap::audit
