// SPDX-License-Identifier: Apache-2.0
#include "audit/log.h"

#include <cerrno>
#include <thread>

#include <catch2/catch.hpp>

#include "audit/line.h"
#include "proxy/base/bounds.h"
#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using test::Answers;
using test::body_of;
using test::decision_of;
using test::Event;
using test::Gate;
using test::make_log;
using test::open_log;
using test::read_file;
using test::settings_for;
using test::split_lines;
using test::Step;
using test::TempFolder;
using test::TestClock;
using test::TestFiles;
using test::urgent_batch;
using test::verdict_of;

const std::string kFirst = segment_name(1);
constexpr std::string_view kCheckpoints = "checkpoints.jsonl";

// Appends one urgent batch after the other, each after the answer to the one before, until one
// fails; gives how many were durable.
std::size_t append_until_dead(Log& log, std::size_t count) {
  Answers answers;
  for (std::size_t i = 0; i < count; ++i) {
    if (!log.append(urgent_batch("r" + std::to_string(i)), &answers, i) || !answers.wait(i)) {
      return i;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("a batch is answered after it was written and synced, never before", "[I6]") {
  const TempFolder folder;
  make_log(folder, 1);  // so that none of the batches waits for the first record's signature
  const TestClock clock;
  TestFiles files;
  Answers answers(&files);
  const auto log = open_log(settings_for(folder, clock, &files));
  for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
    const std::size_t before = files.events().size();
    REQUIRE(log->append(urgent_batch("r"), &answers, ticket));
    REQUIRE(answers.wait(ticket));
    std::vector<Step> steps;
    const std::vector<Event> events = files.events();
    for (std::size_t i = before; i < events.size(); ++i) {
      if (events[i].file == kFirst || events[i].step == Step::told) {
        steps.push_back(events[i].step);
      }
    }
    REQUIRE(steps.size() >= 4);
    CHECK(steps[0] == Step::state);  // AU-19: is the file still ours?
    CHECK(steps[1] == Step::write);
    CHECK(steps[2] == Step::sync);
    CHECK(steps[3] == Step::told);
    CHECK(answers.count(ticket) == 1);
  }
}

TEST_CASE("H20 batches that come during a sync share the next one", "[I6]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  Gate gate;
  std::atomic<bool> is_first = true;
  files.fault = [&](const Event& event) {
    if (event.step == Step::write && event.file == kFirst && is_first.exchange(false)) {
      gate.pass();
    }
    return 0;
  };
  Answers answers;
  const auto log = open_log(settings_for(folder, clock, &files));
  const std::size_t syncs = files.count(Step::sync, kFirst);
  REQUIRE(log->append(urgent_batch("first"), &answers, 0));
  gate.wait_for_arrival();
  for (std::uint64_t ticket = 1; ticket <= 100; ++ticket) {
    REQUIRE(log->append(urgent_batch("r" + std::to_string(ticket)), &answers, ticket));
  }
  CHECK(answers.count(0) == 0);
  gate.open();
  for (std::uint64_t ticket = 0; ticket <= 100; ++ticket) {
    REQUIRE(answers.wait(ticket));
  }
  CHECK(files.count(Step::sync, kFirst) == syncs + 2);
  CHECK(files.count(Step::write, kFirst) == 2);
}

TEST_CASE("H08 batches of 32 threads are whole lines, in each thread's order", "[I6][I7]") {
  const TempFolder folder;
  const TestClock clock;
  {
    const auto log = open_log(settings_for(folder, clock, nullptr, 64 * 1024));
    Answers answers;
    std::atomic<std::size_t> refused = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t thread = 0; thread < 32; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::uint64_t i = 0; i < 100; ++i) {
          Batch batch = urgent_batch("t" + std::to_string(thread) + "-" + std::to_string(i));
          batch.is_urgent = i % 7 == 0;
          refused += log->append(std::move(batch), &answers, thread * 100 + i) ? 0 : 1;
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    REQUIRE(refused == 0);
    for (std::uint64_t ticket = 0; ticket < 3200; ++ticket) {
      REQUIRE(answers.wait(ticket));
      REQUIRE(answers.count(ticket) == 1);
    }
  }
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  CHECK(verdict.records == 3200);
  CHECK(verdict.torn_bytes == 0);
  std::map<std::string, int> next;
  for (std::uint32_t number = 1; number <= list_segments(folder.path())->newest; ++number) {
    for (const std::string& line : split_lines(read_file(folder.file(segment_name(number))))) {
      const auto parsed = parse_line(std::string_view(line).substr(0, line.size() - 1));
      REQUIRE(parsed);
      const std::string id(parsed->request_id);
      const std::size_t dash = id.find('-');
      REQUIRE(id.substr(dash + 1) == std::to_string(next[id.substr(0, dash)]++));
    }
  }
}

TEST_CASE("a batch that nobody waits for is durable with the next sync or checkpoint", "[I6]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  Answers answers;
  const auto log = open_log(settings_for(folder, clock, &files));
  const std::size_t syncs = files.count(Step::sync, kFirst);
  Batch batch;
  batch.add(decision_of("a"));
  REQUIRE(log->append(std::move(batch), &answers, 1));
  REQUIRE(answers.wait(1));  // by the checkpoint, at most kAuditCheckpointMs later
  CHECK(files.count(Step::sync, kFirst) == syncs + 1);
}

TEST_CASE("an empty batch is answered too") {
  const TempFolder folder;
  const TestClock clock;
  Answers answers;
  const auto log = open_log(settings_for(folder, clock));
  REQUIRE(log->append(Batch(), &answers, 1));
  CHECK(answers.wait(1));
  Batch urgent;
  urgent.is_urgent = true;
  REQUIRE(log->append(std::move(urgent), &answers, 2));
  CHECK(answers.wait(2));
}

TEST_CASE("a checkpoint follows a record by itself, after the answer", "[I7]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  Gate gate;
  files.fault = [&](const Event& event) {
    if (event.step == Step::sync && event.file == kCheckpoints) {
      gate.pass();
    }
    return 0;
  };
  Answers answers;
  const auto log = open_log(settings_for(folder, clock, &files));
  REQUIRE(log->append(urgent_batch("a"), &answers, 1));
  REQUIRE(answers.wait(1));
  gate.wait_for_arrival();
  const Verdict verdict = verdict_of(folder);  // of a log that is open
  CHECK(verdict.is_intact);
  CHECK(verdict.last_checkpoint_seq == 1);
  gate.open();
}

TEST_CASE("under load a checkpoint is made when it is due and not before", "[I7]") {
  const TempFolder folder;
  TestClock clock;
  TestFiles files;
  Answers answers;
  const auto log = open_log(settings_for(folder, clock, &files));
  REQUIRE(log->append(urgent_batch("a"), &answers, 1));
  REQUIRE(answers.wait(1));
  clock.steady += base::bounds::kAuditCheckpointMs * 1000;
  REQUIRE(log->append(urgent_batch("b"), &answers, 2));
  REQUIRE(answers.wait(2));
  REQUIRE(log->append(urgent_batch("c"), &answers, 3));
  REQUIRE(answers.wait(3));
  // The one for a and b was due before c was looked at.
  CHECK(files.count(Step::write, kCheckpoints) >= 1);
}

TEST_CASE("closing a log writes what waits and signs it", "[I6][I7]") {
  const TempFolder folder;
  const TestClock clock;
  Answers answers;
  {
    const auto log = open_log(settings_for(folder, clock));
    for (std::uint64_t ticket = 0; ticket < 50; ++ticket) {
      Batch batch;
      batch.add(decision_of("a"));
      REQUIRE(log->append(std::move(batch), &answers, ticket));
    }
    REQUIRE(log->append(urgent_batch("last"), nullptr, 0));
  }
  for (std::uint64_t ticket = 0; ticket < 50; ++ticket) {
    CHECK(answers.wait(ticket));
  }
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  CHECK(verdict.records == 51);
  CHECK(verdict.last_checkpoint_seq == 51);
}

TEST_CASE("AU-02 after a failed sync nothing is written, synced or answered well again",
          "[I6][I13]") {
  for (std::size_t failing = 0; failing < 20; ++failing) {
    const TempFolder folder;
    const TestClock clock;
    TestFiles files;
    std::atomic<std::size_t> syncs = 0;
    std::atomic<bool> is_armed = false;
    files.fault = [&](const Event& event) {
      return is_armed && event.step == Step::sync && event.file == kFirst && syncs++ == failing
                 ? EIO
                 : 0;
    };
    {
      const auto log = open_log(settings_for(folder, clock, &files));
      is_armed = true;
      const std::size_t durable = append_until_dead(*log, 100);
      REQUIRE(durable <= failing);  // a checkpoint may have synced too
      REQUIRE(log->is_dead());
      const std::size_t events = files.events().size();
      Answers answers;
      REQUIRE_FALSE(log->append(urgent_batch("late"), &answers, 1));
      REQUIRE(files.events().size() == events);
    }
    REQUIRE(files.events().back().step == Step::sync);
    make_log(folder, 1);
    REQUIRE(verdict_of(folder).is_intact);
  }
}

TEST_CASE("AU-02 all that wait when the sync fails are told so, each once", "[I6][I13]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  Gate gate;
  std::atomic<bool> is_armed = false;
  files.fault = [&](const Event& event) {
    if (!is_armed || event.step != Step::sync) {
      return 0;
    }
    gate.pass();
    return EIO;
  };
  Answers answers;
  const auto log = open_log(settings_for(folder, clock, &files));
  is_armed = true;
  REQUIRE(log->append(urgent_batch("first"), &answers, 0));
  gate.wait_for_arrival();
  for (std::uint64_t ticket = 1; ticket <= 10; ++ticket) {
    REQUIRE(log->append(urgent_batch("r"), &answers, ticket));
  }
  gate.open();
  for (std::uint64_t ticket = 0; ticket <= 10; ++ticket) {
    CHECK_FALSE(answers.wait(ticket));
    CHECK(answers.count(ticket) == 1);
  }
  CHECK(log->is_dead());
}

TEST_CASE("once the answers were waited for, everybody has his and may go", "[I6]") {
  const int number = GENERATE(0, EIO);
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  Gate gate;
  files.fault = [&](const Event& event) {
    if (event.step != Step::write || event.file != kFirst) {
      return 0;
    }
    gate.pass();
    return number;
  };
  const auto log = open_log(settings_for(folder, clock, &files));
  log->await_answers();  // nobody is to be told
  auto answers = std::make_unique<Answers>();
  REQUIRE(log->append(urgent_batch("first"), answers.get(), 0));
  gate.wait_for_arrival();
  REQUIRE(log->append(urgent_batch("second"), answers.get(), 1));
  REQUIRE(log->append(urgent_batch("third"), nullptr, 2));
  std::thread disk([&] { gate.open(); });
  log->await_answers();
  CHECK(answers->count(0) == 1);
  CHECK(answers->count(1) == 1);
  answers.reset();
  disk.join();
  log->await_answers();
}

TEST_CASE("AU-03 after a failed write the log is dead and still parses", "[I6][I13]") {
  const int number = GENERATE(ENOSPC, EIO, EDQUOT, EFBIG);
  for (std::size_t failing = 0; failing < 10; ++failing) {
    const TempFolder folder;
    const TestClock clock;
    TestFiles files;
    std::atomic<std::size_t> writes = 0;
    files.fault = [&](const Event& event) {
      return event.step == Step::write && event.file == kFirst && writes++ == failing ? number : 0;
    };
    {
      const auto log = open_log(settings_for(folder, clock, &files));
      REQUIRE(append_until_dead(*log, 100) == failing);
      REQUIRE(log->is_dead());
      REQUIRE_FALSE(log->append(urgent_batch("late"), nullptr, 0));
    }
    REQUIRE(verdict_of(folder).is_intact);
    REQUIRE(verdict_of(folder).records == failing);
    make_log(folder, 1);
    REQUIRE(verdict_of(folder).is_intact);
  }
}

TEST_CASE("AU-04 a short write that cannot be carried on fails closed and is recovered",
          "[I6][I7]") {
  const TempFolder folder;
  make_log(folder, 1);
  std::string line;
  append_line(2, kGenesis, body_of(decision_of("r0")), line);
  const std::size_t length = line.size();
  for (std::size_t taken = 1; taken < length; taken += 13) {
    const TempFolder copy;
    copy.copy_from(folder);
    const TestClock clock;
    TestFiles files;
    std::atomic<std::size_t> writes = 0;
    files.fault = [&](const Event& event) {
      return event.step == Step::write && event.file == kFirst && writes++ == 1 ? ENOSPC : 0;
    };
    files.taken = [&](const Event& event, std::size_t size) {
      return event.file == kFirst ? std::min(taken, size) : size;
    };
    {
      const auto log = open_log(settings_for(copy, clock, &files));
      REQUIRE(append_until_dead(*log, 3) == 0);
      REQUIRE(log->is_dead());
    }
    REQUIRE(writes == 2);  // nothing is glued to the half record
    REQUIRE(verdict_of(copy).torn_bytes == taken);
    make_log(copy, 1);
    const Verdict verdict = verdict_of(copy);
    REQUIRE(verdict.is_intact);
    REQUIRE(verdict.records == 3);  // the first, that one end was torn, the last
  }
}

TEST_CASE("AU-04 short writes that can be carried on give a whole log", "[I6]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  files.taken = [](const Event&, std::size_t size) {
    return std::min<std::size_t>(size, 7);
  };
  {
    const auto log = open_log(settings_for(folder, clock, &files));
    CHECK(append_until_dead(*log, 5) == 5);
  }
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 5);
}

TEST_CASE("AU-19 a log that somebody cuts, extends, deletes or moves is dead", "[I7][I13]") {
  const TempFolder folder;
  TestClock clock;
  const auto log = open_log(settings_for(folder, clock));
  REQUIRE(append_until_dead(*log, 2) == 2);
  const std::string path = folder.file(kFirst);
  SECTION("cut, as by copytruncate") {
    std::filesystem::resize_file(path, 0);
    CHECK(append_until_dead(*log, 1) == 0);
  }
  SECTION("extended") {
    std::ofstream(path, std::ios::app) << "x";
    CHECK(append_until_dead(*log, 1) == 0);
  }
  SECTION("deleted") {
    std::filesystem::remove(path);
    CHECK(append_until_dead(*log, 1) == 0);
  }
  SECTION("moved, as by logrotate: at the next checkpoint") {
    std::filesystem::rename(path, path + ".1");
    clock.steady += base::bounds::kAuditCheckpointMs * 1000;
    CHECK(append_until_dead(*log, 2) <= 1);
  }
  SECTION("its checkpoints cut: at the next checkpoint") {
    std::ofstream(folder.file(kCheckpoints), std::ios::app) << "x";
    clock.steady += base::bounds::kAuditCheckpointMs * 1000;
    CHECK(append_until_dead(*log, 2) <= 1);
  }
  CHECK(log->is_dead());
}

TEST_CASE("a checkpoint that cannot be written or synced ends the log", "[I13]") {
  const Step failing = GENERATE(Step::write, Step::sync);
  const TempFolder folder;
  TestClock clock;
  TestFiles files;
  files.fault = [&](const Event& event) {
    return event.step == failing && event.file == kCheckpoints ? EIO : 0;
  };
  Answers answers;
  const auto log = open_log(settings_for(folder, clock, &files));
  REQUIRE(log->append(urgent_batch("a"), &answers, 1));
  CHECK(answers.wait(1));  // it was durable all the same
  std::uint64_t ticket = 1;
  do {
    // The first makes a checkpoint due, the second's has to sync the first's at the latest.
    clock.steady += base::bounds::kAuditCheckpointMs * 1000;
    REQUIRE(++ticket < 10);
  } while (log->append(urgent_batch("b"), &answers, ticket) && answers.wait(ticket));
  CHECK(log->is_dead());
}

TEST_CASE("how long records took to be durable is counted, each sync once") {
  const TempFolder folder;
  TestClock clock;
  TestFiles files;
  files.fault = [&](const Event& event) {
    clock.steady += event.step == Step::sync && event.file == kFirst ? 3'000 : 0;
    return 0;
  };
  const auto log = open_log(settings_for(folder, clock, &files));
  REQUIRE(append_until_dead(*log, 3) == 3);
  const base::DurationFigures syncs = log->syncs();
  REQUIRE(syncs.buckets.size() == syncs.ends_us.size() + 1);
  for (std::size_t i = 0; i < syncs.buckets.size(); ++i) {
    const bool is_its = i < syncs.ends_us.size() && syncs.ends_us[i] == 5'000;
    CHECK(syncs.buckets[i] == (is_its ? 3 : 0));
  }
  CHECK(syncs.took_us == 9'000);
}

TEST_CASE("one log is written and synced for real", "[I6]") {
  const TempFolder folder;
  const TestClock clock;
  Log::Settings settings = settings_for(folder, clock, nullptr, 4096);
  settings.files = nullptr;
  {
    const auto log = open_log(std::move(settings));
    CHECK(append_until_dead(*log, 20) == 20);
  }
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 20);
}

TEST_CASE("records beyond the queue's bound are refused, and told to nobody", "[I10]") {
  const TempFolder folder;
  const TestClock clock;
  TestFiles files;
  Gate gate;
  files.fault = [&](const Event& event) {
    if (event.step == Step::write && event.file == kFirst) {
      gate.pass();
    }
    return 0;
  };
  Answers answers;
  {
    const auto log = open_log(settings_for(folder, clock, &files));
    REQUIRE(log->append(urgent_batch("first"), nullptr, 0));
    gate.wait_for_arrival();
    Batch most;
    for (std::size_t i = 0; i < base::bounds::kAuditQueueMax; ++i) {
      most.add(StopRecord{0});
    }
    CHECK(log->append(std::move(most), &answers, 1));
    CHECK_FALSE(log->append(urgent_batch("too many"), &answers, 2));
    CHECK_FALSE(log->is_dead());
    gate.open();
    CHECK(answers.wait(1));
  }
  CHECK(answers.count(2) == 0);
  CHECK(verdict_of(folder).records == base::bounds::kAuditQueueMax + 1);
}

TEST_CASE("a batch knows how many records it holds") {
  Batch batch;
  CHECK(batch.empty());
  batch.add(decision_of("a"));
  batch.add(StopRecord{0});
  CHECK(batch.size() == 2);
  CHECK_FALSE(batch.is_urgent);
}

TEST_CASE("a segment is closed when that is asked for, signed to its end, and never an empty one",
          "[I7]") {
  const TempFolder folder;
  const TestClock clock;
  {
    Answers answers;
    const auto log = open_log(settings_for(folder, clock));
    REQUIRE(log->append(urgent_batch("first"), &answers, 0));
    REQUIRE(answers.wait(0));
    log->end_segment();
    REQUIRE(log->append(urgent_batch("second"), &answers, 1));
    REQUIRE(answers.wait(1));
    CHECK(split_lines(read_file(folder.file(segment_name(1)))).size() == 1);
    CHECK(split_lines(read_file(folder.file(segment_name(2)))).size() == 1);
    log->end_segment();  // also while the log closes
    log->close();
    CHECK(read_file(folder.file(segment_name(3))).empty());
  }
  {
    Answers answers;
    const auto log = open_log(settings_for(folder, clock));
    log->end_segment();  // it holds nothing yet
    REQUIRE(log->append(urgent_batch("third"), &answers, 0));
    REQUIRE(answers.wait(0));
  }
  CHECK(split_lines(read_file(folder.file(segment_name(3)))).size() == 1);
  const Verdict verdict = verdict_of(folder);
  CAPTURE(verdict.problem.text());
  CHECK(verdict.is_intact);
  CHECK(verdict.last_seq == 3);
  CHECK(list_segments(folder.path())->newest == 3);
}

}  // namespace keyswap::audit
