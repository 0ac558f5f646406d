// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/credential_source.h"

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <utility>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "proxy/cli/files.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

CredentialSource source_of(const std::string& path) {
  REQUIRE(vault::lock_memory());
  auto source = read_source(path);
  REQUIRE(source);
  return std::move(source).value();
}

std::string text_of(const std::string& path) {
  const auto text = read_file(path, 1000);
  REQUIRE(text);
  return *text;
}

fs::perms mode_of(const std::string& path) {
  return fs::status(path).permissions();
}

}  // namespace

TEST_CASE("a file of another tool is replaced whole, keeps its mode, and a link stays one") {
  const test::TempHome temp;
  const std::string path = temp.put("npmrc", "value\n", 0640);
  const std::string link = temp.path() + "/link";
  fs::create_symlink(path, link);
  const auto source = source_of(link);
  CHECK(source.is_own);
  CHECK_FALSE(replace_source(source, "placeholder\n"));
  CHECK(text_of(path) == "placeholder\n");
  CHECK(mode_of(path) == fs::perms(0640));
  CHECK(fs::is_symlink(link));
}

TEST_CASE("what changed since it was read is not replaced") {
  const test::TempHome temp;
  const std::string path = temp.put("npmrc", "value\n");
  const auto source = source_of(path);
  static_cast<void>(temp.put("npmrc", "another\n"));
  const auto problem = replace_source(source, "placeholder\n");
  REQUIRE(problem);
  CHECK(problem->exit == Exit::cannot);
  CHECK(text_of(path) == "another\n");
  CHECK_FALSE(is_as_read(source));
}

TEST_CASE("what changes while the new file is written is not replaced either") {
  const test::TempHome temp;
  const std::string path = temp.put("npmrc", "value\n");
  bool is_asked = false;
  const auto written = write_file(
      path, "placeholder\n", {0600, -1, [&]() -> base::Status {
                                is_asked = true;
                                return base::Error{base::Errc::replaced, "somebody was faster"};
                              }});
  CHECK_FALSE(written);
  CHECK(is_asked);
  CHECK(text_of(path) == "value\n");
  CHECK(std::distance(fs::directory_iterator(temp.path()), {}) == 1);
}

TEST_CASE("a file with a second name is not changed: that would keep the values") {
  const test::TempHome temp;
  const std::string path = temp.put("npmrc", "value\n");
  CHECK_FALSE(check_changeable(source_of(path)));
  fs::create_hard_link(path, temp.path() + "/second");
  const auto problem = check_changeable(source_of(path));
  REQUIRE(problem);
  CHECK(problem->exit == Exit::cannot);
}

TEST_CASE("a file keeps the group that may read it") {
  constexpr gid_t kOther = 12'345;
  const test::TempHome temp;
  const std::string path = temp.put("npmrc", "value\n", 0640);
  const bool may_choose = chown(path.c_str(), static_cast<uid_t>(-1), kOther) == 0;

  struct stat before {};

  struct stat after {};

  REQUIRE(stat(path.c_str(), &before) == 0);
  CHECK((before.st_gid == kOther) == may_choose);
  CHECK_FALSE(replace_source(source_of(path), "placeholder\n"));
  REQUIRE(stat(path.c_str(), &after) == 0);
  CHECK(after.st_gid == before.st_gid);
  CHECK(after.st_ino != before.st_ino);
  CHECK(mode_of(path) == fs::perms(0640));
}

TEST_CASE("a file keeps its access list, on a disk that has such lists") {
  // acl(5) as the kernel keeps it: rw for the owner, r for the user 12345.
  constexpr std::string_view kList(
      "\x02\0\0\0"
      "\x01\0\x06\0\xff\xff\xff\xff"
      "\x02\0\x04\0\x39\x30\0\0"
      "\x04\0\x04\0\xff\xff\xff\xff"
      "\x10\0\x04\0\xff\xff\xff\xff"
      "\x20\0\0\0\xff\xff\xff\xff",
      44);
  constexpr const char* kName = "system.posix_acl_access";
  const test::TempHome temp;
  const std::string path = temp.put("npmrc", "value\n", 0640);
  const bool has_lists = setxattr(path.c_str(), kName, kList.data(), kList.size(), 0) == 0;
  CHECK((has_lists || errno == ENOTSUP));
  CHECK_FALSE(replace_source(source_of(path), "placeholder\n"));
  CHECK(text_of(path) == "placeholder\n");
  std::string found(kList.size() + 1, '\0');
  const ssize_t size = getxattr(path.c_str(), kName, found.data(), found.size());
  CHECK((size > 0) == has_lists);
  CHECK((!has_lists || found.substr(0, kList.size()) == kList));
  CHECK(mode_of(path) == fs::perms(0640));
}

TEST_CASE("a backup is for this user alone, and overwrites none") {
  const test::TempHome temp;
  const std::string path = temp.put("npmrc", "value\n", 0644);
  const auto source = source_of(path);
  auto first = back_up(source);
  auto second = back_up(source);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first.value() == path + ".before-keyswap");
  CHECK(second.value() == path + ".before-keyswap-2");
  CHECK(text_of(first.value()) == "value\n");
  CHECK(mode_of(first.value()) == fs::perms(0600));
}

TEST_CASE("a folder, a FIFO and a file that is not there are no files to import") {
  const test::TempHome temp;
  REQUIRE(vault::lock_memory());
  CHECK_FALSE(read_source(temp.path()));
  CHECK_FALSE(read_source(temp.path() + "/none"));
  const std::string fifo = temp.path() + "/fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_FALSE(read_source(fifo));
}

}  // namespace keyswap::cli
