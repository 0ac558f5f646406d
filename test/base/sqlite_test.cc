// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/sqlite.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sched.h>

#include <catch2/catch.hpp>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/base/temp_dir.h"
#include "test/support/descriptors.h"
#include "test/support/forked.h"

namespace keyswap::base {

namespace {

using test::TempDir;
using Mode = Database::Mode;

Database open_ok(const std::string& path, Mode mode) {
  auto database = Database::open(path, mode);
  REQUIRE(database);
  return std::move(database).value();
}

bool write_to(const char* path, const std::string& text) {
  std::ofstream out(path);
  out << text << std::flush;
  return out.good();
}

// Mounts an empty file system on the folder, in a space of this process's own.
bool cover(const std::string& folder) {
  return ::mount("none", folder.c_str(), "tmpfs", 0, nullptr) == 0;
}

ino_t number_of_file(const std::string& path) {
  struct stat found = {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

// 0: the file that was put over another, with its number, is noticed.
int cover_file(const std::string& folder) {
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_to("/proc/self/setgroups", "deny") ||
      !write_to("/proc/self/uid_map", user + " " + user + " 1") ||
      !write_to("/proc/self/gid_map", group + " " + group + " 1") ||
      ::mkdir(folder.c_str(), 0700) != 0 || !cover(folder)) {
    return test::kNotHere;
  }
  const std::string path = folder + "/a.db";
  const auto database = Database::open(path, Mode::create_new);
  const ino_t number = number_of_file(path);
  if (!database || database->was_replaced() || !cover(folder)) {
    return 1;
  }
  const auto other = Database::open(path, Mode::create_new);
  if (!other || number_of_file(path) != number) {
    return test::kNotHere;  // this file system gives other numbers
  }
  return database->was_replaced() && !other->was_replaced() ? 0 : 2;
}

Database make_table(const std::string& path) {
  Database database = open_ok(path, Mode::create_new);
  REQUIRE(database.execute("CREATE TABLE t(id TEXT PRIMARY KEY, number INTEGER, bytes BLOB)"));
  return database;
}

std::int64_t number_of(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  REQUIRE(statement);
  const auto row = statement->step();
  REQUIRE(row);
  REQUIRE(*row);
  return statement->integer(0);
}

Errc open_refusal(const std::string& path, Mode mode = Mode::read_write) {
  const auto database = Database::open(path, mode);
  REQUIRE_FALSE(database);
  return database.error().code;
}

void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  out.close();
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
}

std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("Values of every kind come back as they were bound") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  const std::string bytes("\0\x01'\xff", 4);
  auto insert = database.prepare("INSERT INTO t VALUES(?,?,?)");
  REQUIRE(insert);
  REQUIRE(insert->bind_text(1, "it's; DROP TABLE t"));
  REQUIRE(insert->bind_integer(2, -9'000'000'000'000'000'000));
  REQUIRE(insert->bind_blob(3, bytes));
  REQUIRE_FALSE(*insert->step());
  REQUIRE(database.execute("INSERT INTO t VALUES('', NULL, x'')"));

  auto select = database.prepare("SELECT id, number, bytes FROM t ORDER BY length(id)");
  REQUIRE(select);
  REQUIRE(*select->step());
  REQUIRE(select->text(0).empty());
  REQUIRE_FALSE(select->is_null(0));
  REQUIRE(select->is_null(1));
  REQUIRE(select->integer(1) == 0);
  REQUIRE_FALSE(select->is_null(2));
  REQUIRE(select->blob(2).empty());
  REQUIRE(*select->step());
  REQUIRE(select->text(0) == "it's; DROP TABLE t");
  REQUIRE(select->integer(1) == -9'000'000'000'000'000'000);
  REQUIRE(select->blob(2) == bytes);
  REQUIRE_FALSE(*select->step());
}

TEST_CASE("A statement is bound within its parameters") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  auto select = database.prepare("SELECT ?");
  REQUIRE(select);
  REQUIRE_FALSE(select->bind_integer(2, 1));
  REQUIRE_FALSE(select->bind_text(0, "x"));
}

TEST_CASE("A connection is durable, wipes what it deletes and keeps nothing in temporary files") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  REQUIRE(number_of(database, "PRAGMA synchronous") == 3);  // EXTRA
  REQUIRE(number_of(database, "PRAGMA secure_delete") == 1);
  REQUIRE(number_of(database, "PRAGMA temp_store") == 2);  // memory
  REQUIRE(number_of(database, "PRAGMA cell_size_check") == 1);
  REQUIRE(number_of(database, "PRAGMA trusted_schema") == 0);
  REQUIRE(number_of(database, "PRAGMA busy_timeout") > 0);
  auto journal = database.prepare("PRAGMA journal_mode");
  REQUIRE(journal);
  REQUIRE(*journal->step());
  REQUIRE(journal->text(0) == "delete");
}

TEST_CASE("A deleted row is gone from the file") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  REQUIRE(database.execute("INSERT INTO t VALUES('canary-0815', 1, NULL)"));
  REQUIRE(read_bytes(dir.file("a.db")).find("canary-0815") != std::string::npos);
  REQUIRE(database.execute("DELETE FROM t"));
  REQUIRE(read_bytes(dir.file("a.db")).find("canary-0815") == std::string::npos);
}

TEST_CASE("F05 a new file has mode 0600 whatever the umask, and is never an old one") {
  const TempDir dir;
  const auto mask = GENERATE(as<mode_t>(), 0, 022, 0777);
  const mode_t before = ::umask(mask);
  const auto database = Database::open(dir.file("a.db"), Mode::create_new);
  ::umask(before);
  REQUIRE(database);
  struct stat found = {};
  REQUIRE(::stat(dir.file("a.db").c_str(), &found) == 0);
  REQUIRE((found.st_mode & 07777U) == 0600);
  REQUIRE(open_refusal(dir.file("a.db"), Mode::create_new) == Errc::already_exists);
}

TEST_CASE("A new file is not made through a dangling link") {
  const TempDir dir;
  std::filesystem::create_symlink(dir.file("target"), dir.file("a.db"));
  REQUIRE(open_refusal(dir.file("a.db"), Mode::create_new) == Errc::already_exists);
  REQUIRE_FALSE(std::filesystem::exists(dir.file("target")));
}

TEST_CASE("VA-09 only a file of ours alone is opened") {
  const TempDir dir;
  const std::string path = dir.file("a.db");
  { const Database database = make_table(path); }
  SECTION("a symbolic link") {
    std::filesystem::create_symlink(path, dir.file("link.db"));
    REQUIRE(open_refusal(dir.file("link.db")) == Errc::permission);
  }
  SECTION("two hard links") {
    std::filesystem::create_hard_link(path, dir.file("second.db"));
    REQUIRE(open_refusal(path) == Errc::permission);
  }
  SECTION("others may read") {
    REQUIRE(::chmod(path.c_str(), 0604) == 0);
    REQUIRE(open_refusal(path) == Errc::permission);
  }
  SECTION("another's") {
    if (::geteuid() == 0) {
      REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
      REQUIRE(open_refusal(path) == Errc::permission);
    }
  }
  SECTION("a pipe, which would block") {
    REQUIRE(::mkfifo(dir.file("pipe").c_str(), 0600) == 0);
    REQUIRE(open_refusal(dir.file("pipe")) == Errc::permission);
  }
  SECTION("none") {
    REQUIRE(open_refusal(dir.file("none.db")) == Errc::not_found);
  }
  SECTION("no folder") {
    REQUIRE(open_refusal(dir.file("none/a.db")) == Errc::not_found);
  }
  SECTION("a folder reached through a link is fine") {
    const TempDir other;
    std::filesystem::create_directory_symlink(std::filesystem::path(path).parent_path(),
                                              other.file("home"));
    REQUIRE(Database::open(other.file("home/a.db"), Mode::read_write));
  }
}

TEST_CASE("VA-01 what is no sound database is corrupt, whichever bytes it has") {
  const TempDir dir;
  const std::string path = dir.file("a.db");
  {
    Database database = make_table(path);
    REQUIRE(database.execute("INSERT INTO t VALUES('a', 1, zeroblob(6000))"));
  }
  std::string bytes = read_bytes(path);
  SECTION("empty") {
    bytes.clear();
  }
  SECTION("text") {
    bytes = std::string(5000, 'x');
  }
  SECTION("cut in the header") {
    bytes.resize(50);
  }
  SECTION("cut in a page") {
    bytes.resize(bytes.size() - 5000);
  }
  SECTION("marked as having a write-ahead log") {
    bytes[18] = bytes[19] = 2;
  }
  SECTION("a page of noise") {
    std::fill_n(bytes.begin() + 4096, 4096, '\x5a');
  }
  write_bytes(path, bytes);
  REQUIRE(open_refusal(path) == Errc::corrupt);
  REQUIRE(read_bytes(path) == bytes);
  REQUIRE_FALSE(std::filesystem::exists(path + "-wal"));
}

TEST_CASE("A transaction that is not committed has not been") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  {
    auto transaction = Transaction::begin(database);
    REQUIRE(transaction);
    REQUIRE(database.execute("INSERT INTO t VALUES('a', 1, NULL)"));
  }
  REQUIRE(number_of(database, "SELECT count(*) FROM t") == 0);
  {
    auto transaction = Transaction::begin(database);
    REQUIRE(transaction);
    REQUIRE(database.execute("INSERT INTO t VALUES('a', 1, NULL)"));
    REQUIRE(transaction->commit());
  }
  REQUIRE(number_of(database, "SELECT count(*) FROM t") == 1);
  REQUIRE_FALSE(std::filesystem::exists(dir.file("a.db-journal")));
}

TEST_CASE("A reading transaction sees one state while another connection waits to write") {
  const TempDir dir;
  Database one = make_table(dir.file("a.db"));
  Database other = open_ok(dir.file("a.db"), Mode::read_write);
  {
    auto view = Transaction::begin_read(one);
    REQUIRE(view);
    REQUIRE(number_of(one, "SELECT count(*) FROM t") == 0);
    REQUIRE(other.execute("PRAGMA busy_timeout=0"));
    REQUIRE(other.execute("INSERT INTO t VALUES('a', 1, NULL)").error().code == Errc::locked);
    REQUIRE(number_of(one, "SELECT count(*) FROM t") == 0);
  }
  REQUIRE(other.execute("INSERT INTO t VALUES('a', 1, NULL)"));
  REQUIRE(number_of(one, "SELECT count(*) FROM t") == 1);
}

TEST_CASE("Errors say what kind they are, with SQLite's number") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  REQUIRE(database.execute("INSERT INTO t VALUES('a', 1, NULL)"));
  const auto twice = database.execute("INSERT INTO t VALUES('a', 1, NULL)");
  REQUIRE(twice.error().code == Errc::already_exists);
  REQUIRE(twice.error().number == 1555);  // SQLITE_CONSTRAINT_PRIMARYKEY
  REQUIRE_FALSE(database.prepare("SELECT nonsense"));
  REQUIRE(database.execute("INSERT INTO t VALUES('b', 1, zeroblob(2000000))").error().code ==
          Errc::limit_exceeded);
  REQUIRE_FALSE(database.execute("ATTACH ':memory:' AS other"));
}

TEST_CASE("A journal that cannot be opened passes, and the rows are as before", "[I13]") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  {
    const test::DescriptorsUsedUp flood;
    const auto written = database.execute("INSERT INTO t VALUES('a', 1, NULL)");
    REQUIRE(written.error().code == Errc::unavailable);
  }
  REQUIRE(number_of(database, "SELECT count(*) FROM t") == 0);
  REQUIRE(database.execute("INSERT INTO t VALUES('a', 1, NULL)"));
}

TEST_CASE("A full disk is told as such, and the rows are as before") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  REQUIRE(database.execute("PRAGMA max_page_count=4"));
  const auto full = database.execute("INSERT INTO t VALUES('a', 1, zeroblob(100000))");
  REQUIRE(full.error().code == Errc::no_space);
  REQUIRE(full.error().number == ENOSPC);  // SQLITE_FULL is 13, which would read as EACCES
  REQUIRE(number_of(database, "SELECT count(*) FROM t") == 0);
}

TEST_CASE("A database opened for reading is not written") {
  const TempDir dir;
  { const Database database = make_table(dir.file("a.db")); }
  Database database = open_ok(dir.file("a.db"), Mode::read_only);
  REQUIRE(number_of(database, "SELECT count(*) FROM t") == 0);
  REQUIRE(database.execute("INSERT INTO t VALUES('a', 1, NULL)").error().code == Errc::permission);
}

TEST_CASE("A file that was replaced or removed is noticed") {
  const TempDir dir;
  const Database database = make_table(dir.file("a.db"));
  { const Database other = make_table(dir.file("b.db")); }
  REQUIRE_FALSE(database.was_replaced());
  SECTION("replaced") {
    std::filesystem::rename(dir.file("b.db"), dir.file("a.db"));
  }
  SECTION("removed") {
    std::filesystem::remove(dir.file("a.db"));
  }
  SECTION("moved, with a link to it in its place") {
    std::filesystem::rename(dir.file("a.db"), dir.file("aside.db"));
    std::filesystem::create_symlink(dir.file("aside.db"), dir.file("a.db"));
  }
  REQUIRE(database.was_replaced());
}

TEST_CASE("A file of the same number on another file system is another file", "[I13]") {
  const TempDir dir;
  const test::Ended ended = test::in_child([&] { return cover_file(dir.file("covered")); });
  if (ended.status == test::kNotHere) {
    WARN("nothing can be mounted here: not tried");
    return;
  }
  CHECK(ended.status == 0);
  CHECK(ended.signal == 0);
}

TEST_CASE("A copy is the file as it is when nobody writes, also while somebody does") {
  const TempDir dir;
  Database database = make_table(dir.file("a.db"));
  REQUIRE(database.execute("INSERT INTO t VALUES('a', 1, NULL)"));
  Database writer = open_ok(dir.file("a.db"), Mode::read_write);
  auto transaction = Transaction::begin(writer);
  REQUIRE(transaction);
  REQUIRE(writer.execute("INSERT INTO t VALUES('b', 2, NULL)"));
  const auto copy = database.copy();
  REQUIRE(copy);
  { const Database made = make_table(dir.file("copy.db")); }  // of the right mode
  std::ofstream(dir.file("copy.db"), std::ios::binary) << *copy;
  Database copied = open_ok(dir.file("copy.db"), Mode::read_only);
  REQUIRE(number_of(copied, "SELECT count(*) FROM t") == 1);
}

}  // namespace keyswap::base
