// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/sqlite_vfs.h"

#include <filesystem>
#include <fstream>
#include <numeric>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/sqlite.h"

namespace keyswap::base {

namespace {

using Mode = Database::Mode;

// A folder with a database of one table, and a file that a thief wants to be gone.
class Place {
 public:
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "keyswap-vfs-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    write("precious", "a file that the user needs\n");
    auto database = Database::open(file("a.db"), Mode::create_new);
    REQUIRE(database);
    REQUIRE(database->execute("CREATE TABLE t(x)"));
  }

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  Place(Place&&) = delete;
  Place& operator=(Place&&) = delete;

  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

  void write(const std::string& name, std::string_view bytes) const {
    std::ofstream out(file(name), std::ios::binary | std::ios::trunc);
    out << bytes;
    out.close();
    REQUIRE(::chmod(file(name).c_str(), 0600) == 0);
  }

  [[nodiscard]] bool has_precious() const {
    std::ifstream in(file("precious"));
    std::string line;
    return std::getline(in, line) && line == "a file that the user needs";
  }

 private:
  std::filesystem::path path_;
};

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes += static_cast<char>((number >> shift) & 0xffU);
  }
  return bytes;
}

constexpr std::string_view kMagic("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);

// A journal that SQLite would roll back: no pages in it, and at its end the file to be deleted.
std::string journal_that_names(const std::string& file) {
  constexpr std::uint32_t kSectorBytes = 512;
  constexpr std::uint32_t kPageBytes = 4096;
  constexpr std::uint32_t kPages = 2;
  std::string journal(kMagic);
  journal += big_endian(0) + big_endian(0) + big_endian(kPages) + big_endian(kSectorBytes) +
             big_endian(kPageBytes);
  journal.resize(kSectorBytes);
  const auto sum = std::accumulate(file.begin(), file.end(), std::uint32_t{0});
  journal += big_endian(0x40000000U / kPageBytes + 1) + file +
             big_endian(static_cast<std::uint32_t>(file.size())) + big_endian(sum);
  return journal.append(kMagic);
}

Errc open_refusal(const Place& place) {
  const auto database = Database::open(place.file("a.db"), Mode::read_write);
  REQUIRE_FALSE(database);
  return database.error().code;
}

void plant(const Place& place, int what) {
  const std::string journal = place.file("a.db-journal");
  switch (what) {
    case 0:
      return place.write("a.db-journal", journal_that_names(place.file("precious")));
    case 1:
      return std::filesystem::create_hard_link(place.file("precious"), journal);
    case 2:
      return std::filesystem::create_symlink(place.file("precious"), journal);
    case 3:
      REQUIRE(::mkfifo(journal.c_str(), 0600) == 0);
      return;
    case 4:
      place.write("a.db-journal", "x");
      REQUIRE(::chmod(journal.c_str(), 0620) == 0);
      return;
    default:
      return place.write("a.db-wal", "x");
  }
}

constexpr int kPlants = 6;

}  // namespace

TEST_CASE("A journal or log planted beside a database is refused, and no other file is touched") {
  const Place place;
  plant(place, GENERATE(range(0, kPlants)));
  CHECK(open_refusal(place) == Errc::permission);
  CHECK(place.has_precious());
}

TEST_CASE("It is refused as well while the database is open, and is nothing once it is gone") {
  const Place place;
  auto database = Database::open(place.file("a.db"), Mode::read_write);
  REQUIRE(database);
  plant(place, GENERATE(range(0, kPlants)));
  const auto read = database->execute("SELECT count(*) FROM t");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Errc::permission);
  CHECK_FALSE(database->execute("INSERT INTO t VALUES(1)"));
  CHECK(place.has_precious());
  std::filesystem::remove(place.file("a.db-journal"));
  std::filesystem::remove(place.file("a.db-wal"));
  CHECK(database->execute("INSERT INTO t VALUES(1)"));
  CHECK(place.has_precious());
}

TEST_CASE("A new database is not begun beside a planted journal, and leaves nothing") {
  const Place place;
  place.write("b.db-journal", journal_that_names(place.file("precious")));
  const auto database = Database::open(place.file("b.db"), Mode::create_new);
  REQUIRE_FALSE(database);
  CHECK(database.error().code == Errc::permission);
  CHECK_FALSE(std::filesystem::exists(place.file("b.db")));
  CHECK(place.has_precious());
}

TEST_CASE("A journal of another user is refused") {
  const Place place;
  place.write("a.db-journal", "x");
  if (::chown(place.file("a.db-journal").c_str(), 65534, 65534) != 0) {
    WARN("not root: the owner cannot be changed");
    return;
  }
  CHECK(open_refusal(place) == Errc::permission);
}

TEST_CASE("A journal of ours passes, whole or cut short") {
  const Place place;
  CHECK(judge_journal(place.file("a.db-journal").c_str()));
  const std::string whole = journal_that_names(place.file("precious"));
  const std::size_t cut = GENERATE(as<std::size_t>(), 0, 7, 8, 512, 520);
  place.write("a.db-journal", std::string_view(whole).substr(0, cut));
  CHECK(judge_journal(place.file("a.db-journal").c_str()));
}

}  // namespace keyswap::base
