// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/home_folder.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

void put(const fs::path& path) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << "canary";
}

HomeFolder open_ok(const std::string& path) {
  auto folder = HomeFolder::open(path);
  REQUIRE(folder);
  return std::move(*folder);
}

}  // namespace

TEST_CASE("a folder of the home is made, and one that is a link or a file is refused") {
  const test::TempHome temp;
  const std::string path = temp.path() + "/clients";
  put(temp.path() + "/documents/letter");
  static_cast<void>(open_ok(path));
  static_cast<void>(open_ok(path));
  CHECK((fs::status(path).permissions() & fs::perms::others_all) == fs::perms::none);

  fs::remove(path);
  SECTION("a link to a folder") {
    fs::create_directory_symlink(temp.path() + "/documents", path);
  }
  SECTION("a link to nothing") {
    fs::create_directory_symlink(temp.path() + "/nothing", path);
  }
  SECTION("a file") {
    put(path);
  }
  const auto refused = HomeFolder::open(path);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Errc::permission);
  CHECK(fs::exists(temp.path() + "/documents/letter"));
  CHECK_FALSE(fs::exists(temp.path() + "/nothing"));
}

TEST_CASE("a link that lies in it is removed, and nothing that it leads to") {
  const test::TempHome temp;
  const fs::path outside = temp.path() + "/documents";
  const fs::path inside = temp.path() + "/clients";
  put(outside / "letter");
  const HomeFolder folder = open_ok(inside);
  put(inside / "old" / "php" / "keyswap.ini");
  fs::create_directory_symlink(outside, inside / "old" / "link");
  fs::create_directory_symlink(outside, inside / "link");
  CHECK(folder.names().size() == 2);
  CHECK_FALSE(folder.open_inside("link"));
  folder.remove("old");
  folder.remove("link");
  folder.remove("never there");
  CHECK(folder.names().empty());
  CHECK(fs::exists(outside / "letter"));
  // One that took its name meanwhile is not entered either.
  const HomeFolder again = open_ok(inside);
  put(inside / "ours");
  fs::rename(inside, temp.path() + "/aside");
  fs::create_directory_symlink(outside, inside);
  again.remove("letter");
  CHECK(fs::exists(outside / "letter"));
  CHECK(again.names() == std::vector<std::string>{"ours"});
}

TEST_CASE("what was touched last comes first") {
  const test::TempHome temp;
  const fs::path inside = temp.path() + "/clients";
  const HomeFolder folder = open_ok(inside);
  const auto before = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const char* name : {"a", "b", "c"}) {
    put(inside / name);
    fs::last_write_time(inside / name, before);
  }
  folder.touch("b");
  CHECK(folder.names().front() == "b");
  CHECK(folder.names().size() == 3);
}

TEST_CASE("only names of the form that we give are ours") {
  CHECK(is_hex_name("0123456789ab", 12));
  CHECK(is_hex_name("0123456789ab.Xy12Z0", 12));
  for (const char* name :
       {"", "0123456789a", "0123456789abc", "0123456789aB", "notes", "letter.txt"}) {
    CAPTURE(name);
    CHECK_FALSE(is_hex_name(name, 12));
  }
}

}  // namespace keyswap::cli
