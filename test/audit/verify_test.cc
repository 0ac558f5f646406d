// SPDX-License-Identifier: Apache-2.0
#include "audit/verify.h"

#include <chrono>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using test::add_unsigned;
using test::body_of;
using test::decision_of;
using test::join;
using test::make_log;
using test::open_writer;
using test::read_file;
using test::response_of;
using test::settings_for;
using test::split_lines;
using test::TempFolder;
using test::TestClock;
using test::TestKey;
using test::verdict_of;
using test::write_file;

const std::string kFirst = segment_name(1);

std::vector<std::string> lines_of(const TempFolder& folder) {
  return split_lines(read_file(folder.file(kFirst)));
}

void check_bad_at(const TempFolder& folder, std::uint64_t line) {
  const Verdict verdict = verdict_of(folder);
  CAPTURE(verdict.problem.text(), verdict.line);
  REQUIRE_FALSE(verdict.is_intact);
  REQUIRE(verdict.file == kFirst);
  REQUIRE(verdict.line == line);
  REQUIRE(verdict.seq == line);  // one segment: they count alike
}

}  // namespace

TEST_CASE("AU-10 F41 a flipped bit anywhere is found at its record", "[I7][every]") {
  const TempFolder folder;
  make_log(folder, 5);
  const std::string content = read_file(folder.file(kFirst));
  std::mt19937 random(10);  // NOLINT(cert-msc51-cpp): the same bits each time
  std::uint64_t line = 1;
  for (std::size_t at = 0; at < content.size(); ++at) {
    std::string changed = content;
    changed[at] = static_cast<char>(changed[at] ^ (1U << (random() % 8)));
    write_file(folder.file(kFirst), changed);
    CAPTURE(at);
    check_bad_at(folder, line);
    line += content[at] == '\n' ? 1 : 0;
  }
}

TEST_CASE("AU-10 a flipped bit in the checkpoints or the key is found", "[I7]") {
  const TempFolder folder;
  make_log(folder, 2);
  make_log(folder, 2);
  const std::string name = GENERATE("checkpoints.jsonl", "audit.pub");
  const std::string content = read_file(folder.file(name));
  // The last newline but for which a checkpoint is unfinished, and says nothing yet.
  for (std::size_t at = 0; at + 1 < content.size(); ++at) {
    std::string changed = content;
    changed[at] = static_cast<char>(changed[at] ^ (1U << (at % 8)));
    write_file(folder.file(name), changed);
    const auto verdict = verify(folder.path(), {});
    CAPTURE(name, at);
    REQUIRE(verdict);
    REQUIRE_FALSE(verdict->is_intact);
    // A key that is still one, but another, shows in what it signed.
    REQUIRE((verdict->file == name || (name == "audit.pub" && verdict->line == 1)));
  }
}

TEST_CASE("AU-11 F41 a removed, repeated, swapped or inserted record is found where it is",
          "[I7]") {
  const TempFolder folder;
  make_log(folder, 6);
  const std::vector<std::string> lines = lines_of(folder);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(i);
    std::vector<std::string> changed = lines;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    write_file(folder.file(kFirst), join(changed));
    check_bad_at(folder, i + 1);  // the last one: cut off before the checkpoint

    changed = lines;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    write_file(folder.file(kFirst), join(changed));
    check_bad_at(folder, i + 2);

    changed = lines;
    std::swap(changed[i], changed[(i + 1) % changed.size()]);
    write_file(folder.file(kFirst), join(changed));
    check_bad_at(folder, i + 1 < lines.size() ? i + 1 : 1);

    changed = lines;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), "{}\n");
    write_file(folder.file(kFirst), join(changed));
    check_bad_at(folder, i + 1);
  }
}

TEST_CASE("AU-12 an end that was cut at any byte is torn, or fatal before a checkpoint",
          "[I7][every]") {
  const TempFolder folder;
  make_log(folder, 3);
  add_unsigned(folder, 3);
  const std::string content = read_file(folder.file(kFirst));
  const std::vector<std::string> lines = split_lines(content);
  const std::size_t signed_bytes = lines[0].size() + lines[1].size() + lines[2].size();
  std::vector<std::size_t> ends{0};
  for (const std::string& line : lines) {
    ends.push_back(ends.back() + line.size());
  }
  for (std::size_t size = content.size(); size-- > 0;) {
    std::filesystem::resize_file(folder.file(kFirst), size);
    const auto whole =
        std::upper_bound(ends.begin(), ends.end(), size) - ends.begin() - 1;  // lines that are left
    const Verdict verdict = verdict_of(folder);
    CAPTURE(size, whole, verdict.problem.text());
    REQUIRE(verdict.records == static_cast<std::uint64_t>(whole));
    REQUIRE(verdict.torn_bytes == size - ends[static_cast<std::size_t>(whole)]);
    REQUIRE(verdict.is_intact == (size >= signed_bytes));
    if (!verdict.is_intact) {
      REQUIRE(verdict.seq == static_cast<std::uint64_t>(whole) + 1);
      REQUIRE(verdict.line == static_cast<std::uint64_t>(whole) + 1);
    }
  }
}

TEST_CASE("AU-13 a chain that was rewritten without the key fails at a signed record", "[I7]") {
  const TempFolder folder;
  for (int i = 0; i < 4; ++i) {
    make_log(folder, 2);
  }
  const std::size_t edited = GENERATE(0U, 1U, 2U, 5U, 7U);
  std::vector<std::string> lines = lines_of(folder);
  Hash prev = kGenesis;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t begin = lines[i].find("\"ts\"");
    std::string body = lines[i].substr(begin, lines[i].find(",\"prev\"") - begin);
    if (i == edited) {
      body.replace(body.find("allowed"), 7, "refused");
    }
    lines[i].clear();
    prev = append_line(i + 1, prev, body, lines[i]);
  }
  write_file(folder.file(kFirst), join(lines));
  // Every second record is signed, and the log's first.
  check_bad_at(folder, edited == 0 ? 1 : edited / 2 * 2 + 2);
  SECTION("with new checkpoints by another key, under the key that is trusted") {
    const std::string key = TestKey(7).checkpoint(8, prev);
    write_file(folder.file("checkpoints.jsonl"), key);
    const Verdict verdict = verdict_of(folder);
    CHECK_FALSE(verdict.is_intact);
    CHECK(verdict.file == "checkpoints.jsonl");
    CHECK(verdict.line == 1);
  }
}

TEST_CASE("AU-16 requests that were sent and have no end are counted and named", "[I6]") {
  const TempFolder folder;
  const TestClock clock;
  {
    const auto writer = open_writer(settings_for(folder, clock));
    const auto add = [&](const auto& record) {
      REQUIRE(writer->add(body_of(record)));
    };
    add(StartRecord{});
    add(decision_of("ended"));
    add(decision_of("lost"));
    add(response_of("ended"));
    DecisionRecord record = decision_of("refused");
    record.decision = Decision::refused;
    add(record);
    record = decision_of("inert");
    record.decision = Decision::denied;
    add(record);
    add(StartRecord{});        // there was a crash
    add(response_of("lost"));  // no longer of that request
    record = decision_of("tunnel");
    record.is_tunnel = true;
    record.decision = Decision::pass;
    add(record);
    REQUIRE(writer->checkpoint());
  }
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  REQUIRE(verdict.unfinished == 3);
  REQUIRE(verdict.unfinished_requests.size() == 3);
  CHECK(verdict.unfinished_requests[0].request_id == "lost");
  CHECK(verdict.unfinished_requests[0].seq == 3);
  CHECK(verdict.unfinished_requests[1].request_id == "inert");
  CHECK(verdict.unfinished_requests[2].request_id == "tunnel");
  CHECK(verdict.unfinished_requests[2].seq == 9);
}

TEST_CASE("a request that is sent once more is unfinished until that has ended", "[I7]") {
  const TempFolder folder;
  const TestClock clock;
  {
    const auto writer = open_writer(settings_for(folder, clock));
    ResponseRecord again = response_of("ended");
    again.outcome = Outcome::sent_again;
    REQUIRE(writer->add(body_of(decision_of("ended"))));
    REQUIRE(writer->add(body_of(again)));
    REQUIRE(writer->add(body_of(response_of("ended"))));
    again.request_id = "lost";
    REQUIRE(writer->add(body_of(decision_of("lost"))));
    REQUIRE(writer->add(body_of(again)));
    REQUIRE(writer->checkpoint());
  }
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.is_intact);
  REQUIRE(verdict.unfinished_requests.size() == 1);
  CHECK(verdict.unfinished_requests[0].request_id == "lost");
}

TEST_CASE("AU-16 more unfinished requests than can be followed are counted all the same", "[I10]") {
  const TempFolder folder;
  const TestClock clock;
  constexpr std::size_t kCount = kUnfinishedMax + 10;
  {
    const auto writer = open_writer(settings_for(folder, clock, nullptr, 1U << 30U));
    for (std::size_t i = 0; i < kCount; ++i) {
      REQUIRE(writer->add(body_of(decision_of(std::to_string(i)))));
    }
    REQUIRE(writer->checkpoint());
  }
  const Verdict verdict = verdict_of(folder);
  CHECK(verdict.unfinished == kCount);
  REQUIRE(verdict.unfinished_requests.size() == kUnfinishedNamedMax);
  CHECK(verdict.unfinished_requests.back().seq == kUnfinishedNamedMax);
}

TEST_CASE("the key that is trusted decides, not the one beside the log", "[I7]") {
  const TempFolder folder;
  make_log(folder, 2);
  CHECK(verify(folder.path(), {})->is_intact);
  CHECK(verify(folder.path(), {.public_key = TestKey().public_key()})->is_intact);
  CHECK(verify(folder.path(), {.public_key = TestKey(7).public_key()})->file == "audit.pub");
  std::filesystem::remove(folder.file("audit.pub"));
  CHECK(verify(folder.path(), {.public_key = TestKey().public_key()})->is_intact);
  const auto other = verify(folder.path(), {.public_key = TestKey(7).public_key()});
  CHECK(other->file == "checkpoints.jsonl");
  CHECK_FALSE(verify(folder.path(), {})->is_intact);
}

TEST_CASE("a folder without a log is an error, not an intact log") {
  const TempFolder folder;
  CHECK(verify(folder.path(), {}).error().code == Errc::not_found);
  CHECK(verify(folder.file("none"), {}).error().code == Errc::not_found);
  write_file(folder.file("file"), "");
  CHECK_FALSE(verify(folder.file("file"), {}).has_value());
}

TEST_CASE("a line that is longer than any record is found", "[I10]") {
  const TempFolder folder;
  make_log(folder, 1);
  std::ofstream(folder.file(kFirst), std::ios::app) << std::string(100'000, 'x') << "\n";
  check_bad_at(folder, 2);
}

TEST_CASE("the verdict gives where the chain ends, to be kept elsewhere") {
  const TempFolder folder;
  make_log(folder, 3);
  const std::string last = lines_of(folder).back();
  std::string hash;
  const Verdict verdict = verdict_of(folder);
  append_hex(verdict.last_hash.data(), verdict.last_hash.size(), hash);
  CHECK(last.find("\"hash\":\"" + hash) != std::string::npos);
}

TEST_CASE("a log that is being written is judged intact at any moment", "[I7]") {
  const TempFolder folder;
  TestClock clock;
  const auto writer = open_writer(settings_for(folder, clock, nullptr, 8192));
  std::atomic<bool> is_done = false;
  std::atomic<std::size_t> judged = 0;
  std::atomic<bool> was_bad = false;
  std::thread judge([&] {
    while (!is_done && !was_bad) {
      const auto verdict = verify(folder.path(), {.public_key = TestKey().public_key()});
      was_bad = !verdict || !verdict->is_intact;
      ++judged;
    }
  });
  bool is_good = true;
  // The judge keeps up, or it would have more to read each time.
  constexpr std::size_t kAddedOfEach = 40;
  for (std::size_t added = 1; is_good && !was_bad && judged < 8; ++added) {
    is_good = writer->add(body_of(decision_of("a"))).has_value() && writer->flush().has_value() &&
              (added % 5 != 0 || writer->checkpoint().has_value());
    while (!was_bad && judged < added / kAddedOfEach) {
      std::this_thread::yield();
    }
  }
  is_done = true;
  judge.join();
  CHECK(is_good);
  CHECK_FALSE(was_bad);
  REQUIRE(writer->checkpoint());
  CHECK(verdict_of(folder).is_intact);
}

TEST_CASE("AU-22 a million records are judged in ten seconds", "[.slow]") {
  const TempFolder folder;
  constexpr std::size_t kPairs = 500'000;
  TestClock clock;
  {
    const auto writer = open_writer(settings_for(folder, clock, nullptr, 64U << 20U));
    for (std::size_t i = 0; i < kPairs; ++i) {
      const std::string id = "request-" + std::to_string(i);
      REQUIRE(writer->add(body_of(decision_of(id))));
      REQUIRE(writer->add(body_of(response_of(id))));
      if (i % 500 == 499) {  // as 10,000 records a second would have it
        REQUIRE(writer->checkpoint());
      }
    }
    REQUIRE(writer->checkpoint());
  }
  const auto begin = std::chrono::steady_clock::now();
  const Verdict verdict = verdict_of(folder);
  const auto end = std::chrono::steady_clock::now();
  CHECK(verdict.is_intact);
  CHECK(verdict.records == 2 * kPairs);
  CHECK(verdict.unfinished == 0);
  const double seconds = std::chrono::duration<double>(end - begin).count();
  WARN("a million records took " << seconds << " s");
  CHECK(seconds < 10);
}

TEST_CASE("each record of the chain is handed over, and none from the first bad one on", "[I7]") {
  const TempFolder folder;
  make_log(folder, 5);
  std::vector<std::string> lines = lines_of(folder);
  const auto read = [&folder] {
    std::vector<std::string> seen;
    const auto verdict = verify(folder.path(), {}, [&seen](std::string_view line) {
      seen.push_back(std::string(line) + "\n");
    });
    REQUIRE(verdict);
    return seen;
  };
  CHECK(read() == lines);
  std::vector<std::string> changed = lines;
  changed[3].replace(changed[3].find("allowed"), 7, "refused");
  write_file(folder.file(kFirst), join(changed));
  lines.resize(3);
  CHECK(read() == lines);
}

}  // namespace keyswap::audit
