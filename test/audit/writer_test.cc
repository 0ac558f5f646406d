// SPDX-License-Identifier: Apache-2.0
#include "audit/writer.h"

#include <cerrno>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "test/audit/support.h"
#include "test/support/descriptors.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using test::add_unsigned;
using test::body_of;
using test::decision_of;
using test::Event;
using test::make_log;
using test::open_writer;
using test::read_file;
using test::settings_for;
using test::split_lines;
using test::Step;
using test::TempFolder;
using test::TestClock;
using test::TestFiles;
using test::verdict_of;

const std::string kFirst = segment_name(1);

}  // namespace

TEST_CASE("a new log has its files, all 0600, and an empty chain") {
  const TempFolder folder;
  const TestClock clock;
  { const auto writer = open_writer(settings_for(folder, clock)); }
  CHECK(read_file(folder.file("audit.pub")) ==
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n");
  for (const char* name : {"audit.pub", "checkpoints.jsonl", "audit-000001.jsonl", "lock"}) {
    struct stat info {};

    REQUIRE(::stat(folder.file(name).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
  }
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  CHECK(verdict.records == 0);
}

TEST_CASE("a log goes on where it ended, in one chain", "[I7]") {
  const TempFolder folder;
  make_log(folder, 3);
  make_log(folder, 2);
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  CHECK(verdict.records == 5);
  CHECK(verdict.last_seq == 5);
  CHECK(verdict.checkpoints == 3);  // of the first record, and at each end
  CHECK(verdict.last_checkpoint_seq == 5);
}

TEST_CASE("segments are as long as they should be and one chain goes through them", "[I7]") {
  const TempFolder folder;
  make_log(folder, 100, 4096);
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  CHECK(verdict.records == 100);
  const std::uint32_t segments = list_segments(folder.path())->newest;
  CHECK(segments > 5);
  CHECK(verdict.checkpoints == segments + 1);  // the log's first record has its own
  for (std::uint32_t number = 1; number < segments; ++number) {
    const std::size_t size = read_file(folder.file(segment_name(number))).size();
    CHECK(size >= 4096);
    CHECK(size < 4096 + 1024);
  }
  // And it is taken up again, also at the edge of a segment.
  for (int i = 0; i < 12; ++i) {
    make_log(folder, 1, 4096);
  }
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 112);
}

TEST_CASE("a checkpoint is made of what is on disk, and only once", "[I6][I7]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  const auto writer = open_writer(settings_for(folder, clock, &files));
  REQUIRE(writer->checkpoint());
  CHECK(files.count(Step::write, "checkpoints.jsonl") == 0);
  const std::size_t before = files.events().size();
  REQUIRE(writer->add(body_of(decision_of("a"))));
  CHECK(writer->wants_sync());
  REQUIRE(writer->checkpoint());
  REQUIRE(writer->checkpoint());
  CHECK_FALSE(writer->wants_sync());
  CHECK_FALSE(writer->wants_checkpoint());
  CHECK(writer->wants_checkpoint_sync());
  std::vector<std::pair<Step, std::string>> steps;
  const std::vector<Event> events = files.events();
  for (std::size_t i = before; i < events.size(); ++i) {
    if (events[i].step == Step::write || events[i].step == Step::sync) {
      steps.emplace_back(events[i].step, events[i].file);
    }
  }
  CHECK(steps == std::vector<std::pair<Step, std::string>>{{Step::write, kFirst},
                                                           {Step::sync, kFirst},
                                                           {Step::write, "checkpoints.jsonl"}});
  REQUIRE(writer->sync_checkpoints());
  CHECK_FALSE(writer->wants_checkpoint_sync());
}

TEST_CASE("the second record is written only after the first is signed, durably", "[I7]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  const auto writer = open_writer(settings_for(folder, clock, &files));
  const std::size_t before = files.events().size();
  for (const char* id : {"a", "b", "c"}) {
    REQUIRE(writer->add(body_of(decision_of(id))));
  }
  REQUIRE(writer->sync());
  std::vector<std::pair<Step, std::string>> steps;
  const std::vector<Event> events = files.events();
  for (std::size_t i = before; i < events.size(); ++i) {
    if (events[i].step == Step::write || events[i].step == Step::sync) {
      steps.emplace_back(events[i].step, events[i].file);
    }
  }
  CHECK(steps == std::vector<std::pair<Step, std::string>>{{Step::write, kFirst},
                                                           {Step::sync, kFirst},
                                                           {Step::write, "checkpoints.jsonl"},
                                                           {Step::sync, "checkpoints.jsonl"},
                                                           {Step::write, kFirst},
                                                           {Step::sync, kFirst}});
}

TEST_CASE("AU-05 a new segment that cannot be created lets the old one go on, for a time") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  bool is_full = true;
  files.fault = [&](const Event& event) {
    return event.step == Step::create && event.file == segment_name(2) && is_full ? ENOSPC : 0;
  };
  {
    const auto writer = open_writer(settings_for(folder, clock, &files, 4096));
    for (int i = 0; i < 15; ++i) {
      REQUIRE(writer->add(body_of(decision_of("a"))));
    }
    CHECK(list_segments(folder.path())->newest == 1);
    is_full = false;
    for (int i = 0; i < 15; ++i) {
      REQUIRE(writer->add(body_of(decision_of("a"))));
    }
    CHECK(list_segments(folder.path())->newest > 1);
    REQUIRE(writer->checkpoint());
  }
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 30);
}

TEST_CASE("AU-05 a segment that can never be followed ends the log", "[I10]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  files.fault = [&](const Event& event) {
    return event.step == Step::create && event.file == segment_name(2) ? EACCES : 0;
  };
  const auto writer = open_writer(settings_for(folder, clock, &files, 4096));
  int added = 0;
  while (writer->add(body_of(decision_of("a")))) {
    REQUIRE(++added < 100);
  }
  CHECK(added > 20);
  CHECK(std::filesystem::file_size(folder.file(kFirst)) < 5 * 4096);
}

TEST_CASE("for want of descriptors or memory the segment goes on, however long that lasts",
          "[I10][I13]") {
  const int number = GENERATE(EMFILE, ENFILE, ENOMEM);
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  bool is_used_up = true;
  files.fault = [&](const Event& event) {
    return event.step == Step::create && event.file == segment_name(2) && is_used_up ? number : 0;
  };
  {
    const auto writer = open_writer(settings_for(folder, clock, &files, 4096));
    for (int i = 0; i < 100; ++i) {
      REQUIRE(writer->add(body_of(decision_of("a"))));
    }
    REQUIRE(writer->sync());
    CHECK(std::filesystem::file_size(folder.file(kFirst)) > 10 * 4096);
    is_used_up = false;
    for (int i = 0; i < 10; ++i) {
      REQUIRE(writer->add(body_of(decision_of("a"))));
    }
    REQUIRE(writer->checkpoint());
  }
  CHECK(list_segments(folder.path())->newest > 1);
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 110);
}

TEST_CASE("segments follow each other while all descriptors are used up", "[I7][I10]") {
  const TempFolder folder;
  const TestClock clock;
  {
    const auto writer = open_writer(settings_for(folder, clock, &system_files(), 1024));
    const keyswap::test::DescriptorsUsedUp flood;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(writer->add(body_of(decision_of("a"))));
      REQUIRE(writer->sync());
    }
    REQUIRE(writer->checkpoint());
  }
  CHECK(list_segments(folder.path())->newest > 5);
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 20);
}

TEST_CASE("AU-05 a folder that cannot be synced, or a file in the way, ends the log") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  const auto writer = open_writer(settings_for(folder, clock, &files, 512));
  REQUIRE(writer->add(body_of(decision_of("a"))));
  SECTION("sync fails") {
    files.fault = [](const Event& event) {
      return event.step == Step::sync_folder ? EIO : 0;
    };
    CHECK(writer->add(body_of(decision_of("b"))).error().code == Errc::io);
  }
  SECTION("there is a file of that name") {
    test::write_file(folder.file(segment_name(2)), "");
    CHECK(writer->add(body_of(decision_of("b"))).error().code == Errc::already_exists);
  }
}

TEST_CASE("AU-05 whichever step of a start or a rotation fails, the next start finds a good log",
          "[I7][I13]") {
  // A first log with rotation, then a second start with a torn end: each step of both fails once.
  const bool begins_torn = GENERATE(false, true);
  std::size_t steps = 0;
  for (std::size_t failing = 0; failing <= steps; ++failing) {
    const TempFolder folder;
    std::uint64_t durable = 0;
    if (begins_torn) {
      make_log(folder, 3, 1024);
      add_unsigned(folder, 1);
      durable = 4;
      std::ofstream(folder.file(segment_name(2)), std::ios::app) << R"({"v":1,"seq":5,"ts)";
      std::ofstream(folder.file("checkpoints.jsonl"), std::ios::app) << R"({"v":1,"seq":)";
    }
    const TestClock clock;
    TestFiles files;
    std::size_t step = 0;
    files.fault = [&](const Event&) {
      return step++ == failing ? EIO : 0;
    };
    {
      auto writer = Writer::open(settings_for(folder, clock, &files, 1024));
      for (int i = 0; writer && i < 8; ++i) {
        if (!(*writer)->add(body_of(decision_of("a"))) || !(*writer)->sync()) {
          break;
        }
        ++durable;
      }
      if (writer && step <= failing) {
        static_cast<void>((*writer)->checkpoint());  // may be what fails
      }
    }
    steps = std::max(steps, step);
    CAPTURE(begins_torn, failing);
    make_log(folder, 1, 1024);
    const Verdict verdict = verdict_of(folder);
    CAPTURE(verdict.file, verdict.line, verdict.problem.text());
    REQUIRE(verdict.is_intact);
    REQUIRE(verdict.records >= durable + 1);
  }
  CHECK(steps > 30);
}

TEST_CASE("AU-18 a second opener is refused while the first lives") {
  const TempFolder folder;
  const TestClock clock;
  {
    const auto writer = open_writer(settings_for(folder, clock));
    CHECK(Writer::open(settings_for(folder, clock)).error().code == Errc::locked);
  }
  CHECK(Writer::open(settings_for(folder, clock)));
}

TEST_CASE("AU-21 a clock that goes back or far ahead changes times only, not the order") {
  const TempFolder folder;
  TestClock clock;
  {
    const auto writer = open_writer(settings_for(folder, clock));
    DecisionRecord record = decision_of("a");
    for (const std::int64_t us :
         {-3'600'000'000LL, 315'360'000'000'000LL, -99'999'999'999'999'999LL}) {
      record.ts_us += us;
      clock.wall += us;
      REQUIRE(writer->add(body_of(record)));
      REQUIRE(writer->checkpoint());
    }
  }
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  CHECK(verdict.last_seq == 3);
  CHECK(verdict.checkpoints == 3);
}

TEST_CASE("a signature that cannot be made ends the writer", "[I13]") {
  const TempFolder folder;
  const TestClock clock;
  Log::Settings settings = settings_for(folder, clock);
  settings.sign = [](std::string_view) -> Result<std::array<std::uint8_t, 64>> {
    return Error{Errc::unavailable, "the vault is locked"};
  };
  const auto writer = open_writer(std::move(settings));
  REQUIRE(writer->add(body_of(decision_of("a"))));
  CHECK(writer->checkpoint().error().code == Errc::unavailable);
}

}  // namespace keyswap::audit
