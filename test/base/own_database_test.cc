// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/own_database.h"

#include <array>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "test/base/temp_dir.h"

namespace keyswap::base {

namespace {

using test::TempDir;

constexpr std::array<std::string_view, 2> kTables = {"CREATE TABLE a(x INTEGER) STRICT",
                                                     "CREATE TABLE b(y TEXT) STRICT"};
constexpr DatabaseForm kForm = {.application_id = 0x4b535454,
                                .format = 3,
                                .tables = kTables,
                                .is_foreign = "foreign",
                                .is_of_other = "of another version",
                                .is_damaged = "damaged",
                                .was_not_made = "not made"};

Status change(const std::string& path, const char* sql) {
  return Database::open(path, Database::Mode::read_write)->execute(sql);
}

}  // namespace

TEST_CASE("a database that is not there is made, for its owner alone, and found again") {
  const TempDir folder;
  const std::string path = folder.file("own.db");
  std::ofstream(path + ".new") << "a draft of one that crashed";
  {
    auto made = open_or_make(path, kForm);
    REQUIRE(made);
    REQUIRE(made->execute("INSERT INTO a VALUES(7)"));
    CHECK(query_number(*made, "SELECT x FROM a").value() == 7);
    CHECK(query_number(*made, "SELECT x FROM a WHERE x=8").value() == 0);
    CHECK(query_number(*made, "SELECT MAX(x) FROM a WHERE x=8").value() == 0);
  }
  struct stat found = {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 07777U) == 0600U);
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
  auto again = open_or_make(path, kForm);
  REQUIRE(again);
  CHECK(query_number(*again, "SELECT x FROM a").value() == 7);
  CHECK(query_number(*again, "PRAGMA application_id").value() == kForm.application_id);
}

TEST_CASE("who only reads makes none") {
  const TempDir folder;
  const std::string path = folder.file("own.db");
  CHECK(open_to_read(path, kForm).error().code == Errc::not_found);
  CHECK_FALSE(std::filesystem::exists(path));
  REQUIRE(open_or_make(path, kForm));
  auto read = open_to_read(path, kForm);
  REQUIRE(read);
  CHECK_FALSE(read->execute("INSERT INTO a VALUES(7)"));
}

TEST_CASE("one that is not as it was made is refused, whoever opens it", "[I13]") {
  const TempDir folder;
  const std::string path = folder.file("own.db");
  REQUIRE(open_or_make(path, kForm));

  struct Row {
    const char* sql;
    Errc code;
    std::string_view note;
  };

  for (const Row& row :
       {Row{"DROP TABLE b", Errc::corrupt, "damaged"},
        Row{"CREATE TABLE c(z)", Errc::corrupt, "damaged"},
        Row{"DROP TABLE a; CREATE TABLE a(x TEXT) STRICT", Errc::corrupt, "damaged"},
        Row{"PRAGMA user_version=4", Errc::unsupported, "of another version"},
        Row{"PRAGMA application_id=1", Errc::corrupt, "foreign"}}) {
    INFO(row.sql);
    std::filesystem::remove(path);
    REQUIRE(open_or_make(path, kForm));
    REQUIRE(change(path, row.sql));
    for (const auto& opened : {open_or_make(path, kForm), open_to_read(path, kForm)}) {
      REQUIRE_FALSE(opened);
      CHECK(opened.error().code == row.code);
      CHECK(opened.error().note.text() == row.note);
    }
  }
}

TEST_CASE("where none can be made that is told, and nothing is left") {
  const TempDir folder;
  const std::string path = folder.file("no-such-folder/own.db");
  CHECK_FALSE(open_or_make(path, kForm));
  CHECK(std::filesystem::is_empty(std::filesystem::path(folder.file("x")).parent_path()));
}

}  // namespace keyswap::base
