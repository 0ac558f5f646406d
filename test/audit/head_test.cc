// SPDX-License-Identifier: Apache-2.0
#include "audit/head.h"

#include <cerrno>

#include <catch2/catch.hpp>

#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using test::add_unsigned;
using test::Answers;
using test::make_log;
using test::open_log;
using test::settings_for;
using test::TempFolder;
using test::TestClock;
using test::TestFiles;
using test::TestKey;
using test::urgent_batch;
using test::write_file;

Head head_of(const TempFolder& folder) {
  const auto head = read_head(folder.path(), TestKey().public_key());
  REQUIRE(head.has_value());
  return *head;
}

// What a start says that holds the log against the head; nothing if it starts.
std::optional<Errc> refusal_of(const TempFolder& folder, const Head& head) {
  const TestClock clock;
  Log::Settings settings = settings_for(folder, clock);
  settings.head = head;
  const auto log = Log::open(std::move(settings));
  return log ? std::nullopt : std::optional(log.error().code);
}

bool is_intact(const TempFolder& folder, const Head& head) {
  const auto verdict = verify(folder.path(), {.public_key = std::nullopt, .head = head});
  REQUIRE(verdict.has_value());
  return verdict->is_intact;
}

}  // namespace

TEST_CASE("a head is one line, and only that line is a head") {
  Head head;
  head.log.fill(0xab);
  head.seq = 42;
  head.hash.fill(0x01);
  const std::string line = head_line(head);
  CHECK(line.starts_with(R"({"v":1,"log":"abab)"));
  CHECK(line.find(R"(","seq":42,"hash":"0101)") != std::string::npos);
  CHECK(parse_head_line(line) == head);
  for (std::size_t size = 0; size < line.size(); ++size) {
    REQUIRE_FALSE(parse_head_line(std::string_view(line).substr(0, size)));
  }
  CHECK_FALSE(parse_head_line(line + " "));
  head.seq = 0;
  CHECK_FALSE(parse_head_line(head_line(head)));
}

TEST_CASE("a log that goes on from the kept head starts and verifies", "[I7]") {
  const TempFolder folder;
  make_log(folder, 3);
  const Head early = head_of(folder);
  CHECK(early.seq == 3);
  make_log(folder, 20, 2048);  // into further segments
  const Head late = head_of(folder);
  CHECK(late.log == early.log);
  CHECK(late.seq == 23);
  REQUIRE(list_segments(folder.path())->newest > 2);
  for (const Head& head : {early, late}) {
    CHECK_FALSE(refusal_of(folder, head));
    CHECK(is_intact(folder, head));
  }
  // A crash may leave more than was signed, and the head may be of any record that was durable.
  add_unsigned(folder, 2);
  CHECK_FALSE(refusal_of(folder, late));
  CHECK(is_intact(folder, late));
}

TEST_CASE("a log that was removed is not begun anew, and does not verify", "[I7][I13]") {
  const TempFolder folder;
  make_log(folder, 3);
  const Head head = head_of(folder);
  SECTION("all of it") {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::filesystem::remove(entry.path());
    }
  }
  SECTION("all but the key and the lock") {
    std::filesystem::remove(folder.file(segment_name(1)));
    std::filesystem::remove(folder.file("checkpoints.jsonl"));
  }
  CHECK_FALSE(is_intact(folder, head));
  CHECK(refusal_of(folder, head) == Errc::older);
  // Nor does what the refused start left behind make it good.
  CHECK(refusal_of(folder, head) == Errc::older);
}

TEST_CASE("an older copy of the folder is refused, also when it was written on", "[I7][I13]") {
  const TempFolder folder;
  const TempFolder copy;
  make_log(folder, 3);
  copy.copy_from(folder);
  add_unsigned(folder, 1);
  make_log(folder, 3);
  const Head head = head_of(folder);
  CHECK(is_intact(copy, head_of(copy)));
  CHECK_FALSE(is_intact(copy, head));
  CHECK(refusal_of(copy, head) == Errc::older);
  SECTION("to the same length") {
    add_unsigned(copy, 5);
  }
  SECTION("further, and signed") {
    make_log(copy, 6);
  }
  SECTION("further, in other segments") {
    make_log(copy, 20, 2048);
  }
  CHECK_FALSE(is_intact(copy, head));
  CHECK(refusal_of(copy, head) == Errc::older);
}

TEST_CASE("another log of the same key is refused, however long it is", "[I7][I13]") {
  const TempFolder folder;
  const TempFolder other;
  make_log(folder, 3);
  const TestClock clock;
  {
    const auto writer = test::open_writer(settings_for(other, clock));
    for (int i = 0; i < 10; ++i) {
      REQUIRE(writer->add(test::body_of(test::response_of("other"))));
    }
    REQUIRE(writer->checkpoint());
  }
  CHECK_FALSE(is_intact(other, head_of(folder)));
  CHECK(refusal_of(other, head_of(folder)) == Errc::older);
}

TEST_CASE("there is no head of a folder without a signed record") {
  const TempFolder folder;
  CHECK(read_head(folder.path(), TestKey().public_key()).error().code == Errc::not_found);
  CHECK_FALSE(log_id(folder.path())->has_value());
  write_file(folder.file(segment_name(1)), "{}\n");
  CHECK(log_id(folder.path()).error().code == Errc::corrupt);
}

TEST_CASE("a log tells its head when that is durable, and at its end the last", "[I7]") {
  const TempFolder folder;
  const TestClock clock;
  Answers answers;
  std::optional<Head> last;
  {
    const auto log = open_log(settings_for(folder, clock));
    CHECK_FALSE(log->head());
    REQUIRE(log->append(urgent_batch("a"), &answers, 1));
    REQUIRE(answers.wait(1));
    REQUIRE(log->append(urgent_batch("b"), &answers, 2));
    REQUIRE(answers.wait(2));
    log->close();
    CHECK_FALSE(log->append(urgent_batch("c"), &answers, 3));
    last = log->head();
  }
  CHECK(last == head_of(folder));
  REQUIRE(last);
  CHECK(last->seq == 2);
  CHECK(open_log(settings_for(folder, clock))->head() == last);
}

// docs/audit-format.md, "When a write fails": whatever step is the last, the head that the log told
// is one from which what is on disk goes on.
TEST_CASE("a failure of any step leaves a log that goes on from every head it told", "[I7][I13]") {
  bool is_ended = false;
  for (int nth = 1; !is_ended; ++nth) {
    CAPTURE(nth);
    REQUIRE(nth < 200);
    const TempFolder folder;
    const TestClock clock;
    TestFiles files;
    std::atomic<int> steps = 0;
    files.fault = [&](const test::Event&) {
      return ++steps >= nth ? ENOSPC : 0;  // and from then on, as a full disk does
    };
    std::optional<Head> told;
    if (const auto log = Log::open(settings_for(folder, clock, &files, 2048)); log) {
      Answers answers;
      for (std::uint64_t ticket = 0; ticket < 12; ++ticket) {
        if (!(*log)->append(urgent_batch("r"), &answers, ticket) || !answers.wait(ticket)) {
          break;
        }
        told = (*log)->head() ? (*log)->head() : told;
      }
      (*log)->close();
      told = (*log)->head() ? (*log)->head() : told;
    }
    is_ended = steps < nth;
    if (told) {
      CHECK_FALSE(refusal_of(folder, *told));
      CHECK(is_intact(folder, *told));
    }
    REQUIRE((!is_ended || told));
  }
}

}  // namespace keyswap::audit
