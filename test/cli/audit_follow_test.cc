// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_follow.h"

#include <vector>

#include <catch2/catch.hpp>

#include "audit/archived.h"
#include "audit/segment.h"
#include "proxy/cli/audit_place_file.h"
#include "test/audit/support.h"

namespace keyswap::cli {

namespace {

using audit::test::make_log;
using audit::test::TempFolder;
using audit::test::write_file;

const std::string kFirst = audit::segment_name(1);
const std::string kSecond = audit::segment_name(2);

std::vector<std::string> read_all(LogFollower& follower) {
  std::vector<std::string> lines;
  const auto problem = follower.read([&lines](std::string_view line) {
    lines.emplace_back(line);
    return Problem();
  });
  CHECK_FALSE(problem);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a log is followed over the ends of segments, a line at a time") {
  const TempFolder folder;
  LogFollower follower(folder.path(), {});
  CHECK(read_all(follower).empty());
  write_file(folder.file(kFirst), "one\ntwo\nhal");
  CHECK(read_all(follower) == Lines{"one", "two"});
  CHECK(follower.place() == LogPlace{1, 8});
  write_file(folder.file(kFirst), "one\ntwo\nhalf\n");
  write_file(folder.file(kSecond), "three\n");
  CHECK(read_all(follower) == Lines{"half", "three"});
  CHECK(follower.place() == LogPlace{2, 6});
  CHECK(read_all(follower).empty());
}

TEST_CASE("a torn end that was cut off after a crash does not hide what is written there") {
  const TempFolder folder;
  write_file(folder.file(kFirst), "one\na longer torn end");
  LogFollower follower(folder.path(), {});
  CHECK(read_all(follower) == Lines{"one"});
  write_file(folder.file(kFirst), "one\nnew\n");
  CHECK(read_all(follower) == Lines{"new"});
}

TEST_CASE("reading goes on from a place, or says that the log does not reach it") {
  const TempFolder folder;
  write_file(folder.file(kFirst), "one\ntwo\n");
  LogFollower good(folder.path(), {1, 4});
  CHECK(read_all(good) == Lines{"two"});
  const auto ignore = [](std::string_view) {
    return Problem();
  };
  for (const std::uint64_t offset : {3U, 5U, 9U}) {
    LogFollower bad(folder.path(), {1, offset});
    CHECK(bad.read(ignore));
  }
  LogFollower missing(folder.path(), {2, 0});
  CHECK(missing.read(ignore));
}

TEST_CASE("a log whose first segments were archived is followed from there on") {
  const TempFolder folder;
  audit::Archived archived;
  archived.segment = 2;
  archived.bytes = 8;
  archived.seq = 2;
  write_file(folder.file(audit::kArchivedName), audit::archived_line(archived) + "\n");
  write_file(folder.file(audit::segment_name(3)), "three\n");
  LogFollower fresh(folder.path(), {});
  CHECK(read_all(fresh) == Lines{"three"});
  CHECK(fresh.place() == LogPlace{3, 6});
  for (const LogPlace& place : {LogPlace{1, 4}, LogPlace{2, 4}, LogPlace{2, 8}}) {
    LogFollower behind(folder.path(), place);
    CHECK(read_all(behind) == Lines{"three"});
  }
  std::filesystem::remove(folder.file(audit::segment_name(3)));
  LogFollower missing(folder.path(), {3, 0});
  CHECK(missing.read([](std::string_view) { return Problem(); }));
}

TEST_CASE("segments that are archived while one is read are passed over") {
  const TempFolder folder;
  write_file(folder.file(kFirst), "one\n");
  LogFollower follower(folder.path(), {});
  CHECK(read_all(follower) == Lines{"one"});
  audit::Archived archived;
  archived.segment = 2;
  archived.bytes = 4;
  archived.seq = 2;
  write_file(folder.file(audit::kArchivedName), audit::archived_line(archived) + "\n");
  std::filesystem::remove(folder.file(kFirst));
  write_file(folder.file(audit::segment_name(3)), "three\n");
  CHECK(read_all(follower) == Lines{"three"});
}

TEST_CASE("a line that was not taken is handed over again") {
  const TempFolder folder;
  write_file(folder.file(kFirst), "one\ntwo\n");
  LogFollower follower(folder.path(), {});
  const auto problem = follower.read([](std::string_view line) {
    return line == "two" ? Problem(Failure{Exit::no, "full", ""}) : std::nullopt;
  });
  REQUIRE(problem);
  CHECK(problem->what == "full");
  CHECK(follower.place() == LogPlace{1, 4});
  CHECK(read_all(follower) == Lines{"two"});
}

TEST_CASE("whoever waits for a log is woken by a write, and told when its folder is gone") {
  const TempFolder place;
  const std::string folder = place.file("log");
  std::filesystem::create_directory(folder);
  auto watch = LogWatch::open(folder);
  REQUIRE(watch);
  write_file(folder + "/" + kFirst, "one\n");
  CHECK_FALSE(watch->wait());
  std::filesystem::rename(folder, place.file("archived"));
  Problem gone = watch->wait();
  for (int i = 0; i < 3 && !gone; ++i) {  // further events of the write come first
    gone = watch->wait();
  }
  REQUIRE(gone);
  CHECK(gone->what.find("was moved or removed") != std::string::npos);
  CHECK_FALSE(LogWatch::open(folder));
}

TEST_CASE("a place is one line of text, and nothing else is taken for one") {
  KeptPlace kept;
  kept.log[0] = 0xab;
  kept.place = {12, 345};
  const std::string text = encode_place(kept);
  CHECK(text == "ab" + std::string(62, '0') + " 12 345\n");
  CHECK(decode_place(text) == kept);
  for (const std::string& bad : {std::string(),
                                 text.substr(1),
                                 text.substr(0, text.size() - 1),
                                 text + "x",
                                 std::string(64, '0') + " -1 5\n",
                                 std::string(64, '0') + " 1\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(decode_place(bad));
  }
}

TEST_CASE("the place is kept for one log: another begins at its begin") {
  const TempFolder folder;
  const TempFolder other;
  const TempFolder files;
  const std::string path = files.file("cursor");
  make_log(folder, 2);
  {
    auto kept = PlaceFile::open(path, folder.path());
    REQUIRE(kept);
    CHECK(kept->place() == LogPlace{});
    CHECK_FALSE(kept->keep({1, 700}));
  }
  {
    auto again = PlaceFile::open(path, folder.path());
    REQUIRE(again);
    CHECK(again->place() == LogPlace{1, 700});
    const auto second = PlaceFile::open(path, folder.path());  // both would hand on the same
    REQUIRE_FALSE(second);
    CHECK(second.failure().what.find("another command goes by") == 0);
  }
  make_log(other, 3, 100);
  write_file(other.file(kFirst), "");  // it has no record: another one, whatever it will be
  {
    auto moved = PlaceFile::open(path, other.path());
    REQUIRE(moved);
    CHECK(moved->place() == LogPlace{});
  }
  write_file(path, "nonsense\n");
  CHECK_FALSE(PlaceFile::open(path, folder.path()));
}

}  // namespace keyswap::cli
