// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/credential_source.h"

#include <filesystem>
#include <utility>

#include <catch2/catch.hpp>

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
