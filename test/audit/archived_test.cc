// SPDX-License-Identifier: Apache-2.0
#include "audit/archived.h"

#include <catch2/catch.hpp>

#include "audit/head.h"
#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using test::make_log;
using test::put_archived;
using test::remove_until;
using test::settings_for;
using test::statement_of;
using test::TempFolder;
using test::TestClock;
using test::TestKey;
using test::verdict_of;
using test::write_file;

constexpr std::size_t kRecords = 40;
constexpr std::uint64_t kSegmentBytes = 4096;

std::optional<Errc> refusal_of(const TempFolder& folder,
                               const std::optional<Head>& head = std::nullopt) {
  const TestClock clock;
  Log::Settings settings = settings_for(folder, clock);
  settings.head = head;
  const auto log = Log::open(std::move(settings));
  return log ? std::nullopt : std::optional(log.error().code);
}

Head head_of(const TempFolder& folder) {
  const auto head = read_head(folder.path(), TestKey().public_key());
  REQUIRE(head);
  return *head;
}

}  // namespace

TEST_CASE("what was archived is one line, and only that line says so") {
  const TempFolder folder;
  make_log(folder, kRecords, kSegmentBytes);
  const Archived archived = statement_of(folder, 2);
  const std::string line = archived_line(archived);
  const auto read = parse_archived_line(line);
  REQUIRE(read);
  CHECK(archived_line(*read) == line);
  CHECK(archived_message(*read).starts_with("keyswap-audit-archived\n{\"v\":1,\"log\":"));
  for (std::size_t size = 0; size < line.size(); ++size) {
    REQUIRE_FALSE(parse_archived_line(std::string_view(line).substr(0, size)));
  }
  CHECK_FALSE(parse_archived_line(line + " "));
  Archived none = archived;
  none.segment = 0;
  CHECK_FALSE(parse_archived_line(archived_line(none)));
}

TEST_CASE("a log begins behind what was archived: it starts, verifies and goes on", "[I7]") {
  const TempFolder folder;
  make_log(folder, kRecords, kSegmentBytes);
  const Head head = head_of(folder);
  const std::uint32_t newest = list_segments(folder.path())->newest;
  REQUIRE(newest > 3);
  const Archived archived = statement_of(folder, newest - 1);
  Head early = head;
  early.seq = archived.seq - 1;  // an older one, as of a vault that was put back
  put_archived(folder, archived);
  SECTION("the segments are there yet, as after a crash") {}
  SECTION("some are") {
    remove_until(folder, newest - 2);
  }
  SECTION("none is") {
    remove_until(folder, newest - 1);
  }
  CHECK(**log_id(folder.path()) == head.log);
  CHECK(head_of(folder) == head);
  CHECK_FALSE(refusal_of(folder, head));
  CHECK_FALSE(refusal_of(folder, early));
  const auto verdict = verify(folder.path(), {.public_key = std::nullopt, .head = head});
  REQUIRE(verdict);
  CHECK(verdict->is_intact);
  CHECK(verdict->archived_seq == archived.seq);
  CHECK(verdict->last_seq == kRecords);
  CHECK(verdict->records == kRecords - archived.seq);
  make_log(folder, 20, kSegmentBytes);
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).last_seq == kRecords + 20);
}

TEST_CASE("a log of which all but an empty segment was archived goes on", "[I7]") {
  const TempFolder folder;
  const TestClock clock;
  {
    const auto writer = test::open_writer(settings_for(folder, clock));
    REQUIRE(writer->add(test::body_of(test::decision_of("one"))));
    REQUIRE(writer->end_segment());
  }
  const Head head = head_of(folder);
  put_archived(folder, statement_of(folder, 1));
  remove_until(folder, 1);
  CHECK(verify(folder.path(), {.public_key = std::nullopt, .head = head})->is_intact);
  CHECK_FALSE(refusal_of(folder, head));
  make_log(folder, 3);
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).last_seq == 4);
}

TEST_CASE("segments that were not archived are missing, whatever lies beside the log", "[I7]") {
  const TempFolder folder;
  make_log(folder, kRecords, kSegmentBytes);
  const Head head = head_of(folder);
  const std::uint32_t newest = list_segments(folder.path())->newest;
  Archived archived = statement_of(folder, 2);
  SECTION("one more went than was archived") {
    put_archived(folder, archived);
    remove_until(folder, 3);
  }
  SECTION("nothing says that they were archived") {
    remove_until(folder, 2);
  }
  SECTION("somebody without the key says so") {
    put_archived(folder, statement_of(folder, 2, TestKey(7)));
    remove_until(folder, 2);
  }
  SECTION("a signed statement was changed") {
    archived.segment = 3;
    put_archived(folder, archived);
    remove_until(folder, 3);
  }
  SECTION("a checkpoint's signature says so") {
    archived.signature = TestKey().sign(checkpoint_message(archived.seq, archived.hash, 1000));
    put_archived(folder, archived);
    remove_until(folder, 2);
  }
  SECTION("all went, the newest, too") {
    put_archived(folder, statement_of(folder, newest - 1));
    remove_until(folder, newest);
  }
  CHECK(refusal_of(folder, head) == Errc::corrupt);
  CHECK(refusal_of(folder) == Errc::corrupt);
  CHECK_FALSE(verdict_of(folder).is_intact);
}

TEST_CASE("another log does not pass for the one whose head was kept", "[I7]") {
  const TempFolder folder;
  const TempFolder other;
  make_log(folder, kRecords, kSegmentBytes);
  const TestClock clock;
  {
    const auto writer = test::open_writer(settings_for(other, clock, nullptr, kSegmentBytes));
    for (std::size_t i = 0; i < 2 * kRecords; ++i) {
      REQUIRE(writer->add(test::body_of(test::response_of("other"))));
    }
    REQUIRE(writer->checkpoint());
  }
  put_archived(other, statement_of(other, 2));
  Head head = head_of(folder);
  // Nor does what was archived of that one excuse what is missing here.
  const TempFolder mixed;
  mixed.copy_from(folder);
  std::filesystem::copy_file(other.file(kArchivedName), mixed.file(kArchivedName));
  remove_until(mixed, 2);
  CHECK(refusal_of(mixed, head) == Errc::older);
  CHECK_FALSE(verdict_of(mixed).is_intact);
  remove_until(other, 2);
  CHECK(verdict_of(other).is_intact);
  CHECK(refusal_of(other, head) == Errc::older);
  CHECK_FALSE(verify(other.path(), {.public_key = std::nullopt, .head = head})->is_intact);
  head.seq = 1;
  CHECK(refusal_of(other, head) == Errc::older);
  CHECK_FALSE(verify(other.path(), {.public_key = std::nullopt, .head = head})->is_intact);
}

TEST_CASE("the checkpoint of what was archived has to be there", "[I7]") {
  const TempFolder folder;
  make_log(folder, kRecords, kSegmentBytes);
  const Archived archived = statement_of(folder, 2);
  put_archived(folder, archived);
  remove_until(folder, 2);
  std::string kept;
  for (const std::string& line :
       test::split_lines(test::read_file(folder.file(kCheckpointsName)))) {
    const auto checkpoint =
        parse_checkpoint_line(std::string_view(line).substr(0, line.size() - 1));
    REQUIRE(checkpoint);
    kept += checkpoint->seq == archived.seq ? "" : line;
  }
  write_file(folder.file(kCheckpointsName), kept);
  CHECK_FALSE(verdict_of(folder).is_intact);
}

}  // namespace keyswap::audit
