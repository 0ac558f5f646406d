// SPDX-License-Identifier: Apache-2.0
#include "audit/recover.h"

#include <algorithm>
#include <cerrno>

#include <catch2/catch.hpp>

#include "audit/line.h"
#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using test::add_unsigned;
using test::body_of;
using test::decision_of;
using test::Event;
using test::make_log;
using test::open_writer;
using test::read_file;
using test::settings_for;
using test::split_lines;
using test::TempFolder;
using test::TestClock;
using test::TestFiles;
using test::TestKey;
using test::verdict_of;
using test::write_file;

const std::string kFirst = segment_name(1);

// What opening the log gives, and the error's number.
Errc refusal_of(const TempFolder& folder) {
  const TestClock clock;
  const auto writer = Writer::open(settings_for(folder, clock));
  REQUIRE_FALSE(writer.has_value());
  return writer.error().code;
}

void append_to(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::app | std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(out.good());
}

// What somebody without the key can put behind the last record: the chain goes on.
void forge(const TempFolder& folder, std::uint64_t last_seq, std::uint64_t count) {
  const std::vector<std::string> lines = split_lines(read_file(folder.file(kFirst)));
  REQUIRE(lines.size() == last_seq);
  const std::string_view last = lines.back();
  const auto parsed = parse_line(last.substr(0, last.size() - 1));
  REQUIRE(parsed);
  Hash prev = parsed->hash;
  std::string forged;
  for (std::uint64_t i = 1; i <= count; ++i) {
    prev = append_line(last_seq + i, prev, body_of(decision_of("forged")), forged);
  }
  append_to(folder.file(kFirst), forged);
}

}  // namespace

TEST_CASE("AU-12 a crash at any byte of the last records is recovered and nothing is dropped",
          "[I7][every]") {
  const TempFolder whole;
  make_log(whole, 2);
  add_unsigned(whole, 3);
  const std::string content = read_file(whole.file(kFirst));
  const std::vector<std::string> lines = split_lines(content);
  REQUIRE(lines.size() == 5);
  const std::size_t signed_bytes = lines[0].size() + lines[1].size();
  const TestClock clock;
  const TempFolder folder;
  for (std::size_t size = signed_bytes; size <= content.size(); ++size) {
    folder.copy_from(whole);
    std::filesystem::resize_file(folder.file(kFirst), size);
    std::size_t kept = 0;
    std::size_t kept_bytes = 0;
    while (kept < lines.size() && kept_bytes + lines[kept].size() <= size) {
      kept_bytes += lines[kept++].size();
    }
    const std::size_t torn_bytes = size - kept_bytes;
    CAPTURE(size, kept, torn_bytes);

    const Verdict before = verdict_of(folder);
    REQUIRE(before.is_intact);
    REQUIRE(before.records == kept);
    REQUIRE(before.torn_bytes == torn_bytes);

    { const auto writer = open_writer(settings_for(folder, clock)); }
    const Verdict after = verdict_of(folder);
    REQUIRE(after.is_intact);
    REQUIRE(after.torn_bytes == 0);
    REQUIRE(after.records == kept + (torn_bytes > 0 ? 1 : 0) + (kept > 2 ? 1 : 0));
    REQUIRE(after.unsigned_records == kept - 2);
    if (torn_bytes == 0) {
      continue;
    }
    const std::string name = "audit-000001.torn-" + std::to_string(kept + 1);
    REQUIRE(read_file(folder.file(name)) == content.substr(kept_bytes, torn_bytes));
    const std::string last = split_lines(read_file(folder.file(kFirst))).back();
    REQUIRE(last.find(R"("type":"recovered","bytes":)" + std::to_string(torn_bytes) +
                      R"(,"moved_to":")" + name + "\"") != std::string::npos);
  }
}

TEST_CASE("AU-12 an end cut off before the newest checkpoint stops the start", "[I7][every]") {
  const TempFolder whole;
  make_log(whole, 5);
  const std::string content = read_file(whole.file(kFirst));
  const std::vector<std::string> lines = split_lines(content);
  const TempFolder folder;
  const std::size_t from = lines[0].size() + lines[1].size();
  for (std::size_t size = from; size < content.size(); ++size) {
    folder.copy_from(whole);
    std::filesystem::resize_file(folder.file(kFirst), size);
    CAPTURE(size);
    REQUIRE(refusal_of(folder) == Errc::corrupt);
    REQUIRE_FALSE(verdict_of(folder).is_intact);
    REQUIRE(read_file(folder.file(kFirst)).size() == size);  // untouched
  }
}

TEST_CASE("a damaged record before the end stops the start and names its line", "[I7][I13]") {
  const TempFolder folder;
  make_log(folder, 2);
  add_unsigned(folder, 3);
  std::string content = read_file(folder.file(kFirst));
  const std::vector<std::string> lines = split_lines(content);
  const std::size_t damaged = GENERATE(0U, 1U, 2U, 3U);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < damaged; ++i) {
    begin += lines[i].size();
  }
  content[begin + 60] ^= 1;
  write_file(folder.file(kFirst), content);
  const TestClock clock;
  const auto writer = Writer::open(settings_for(folder, clock));
  REQUIRE_FALSE(writer);
  CHECK(writer.error().code == Errc::corrupt);
  CHECK(writer.error().number == static_cast<std::int64_t>(damaged + 1));
}

TEST_CASE("blocks that were never written read as zeros and are a torn end", "[I7]") {
  const TempFolder folder;
  make_log(folder, 2);
  add_unsigned(folder, 3);
  std::string content = read_file(folder.file(kFirst));
  const std::vector<std::string> lines = split_lines(content);
  const std::size_t begin = lines[0].size() + lines[1].size();
  SECTION("with whole lines behind them") {
    content.replace(begin + 100, 300, std::string(300, '\0'));
  }
  SECTION("longer than any record") {
    content.resize(begin);
    content.append(100'000, '\0');
  }
  write_file(folder.file(kFirst), content);
  const TestClock clock;
  { const auto writer = open_writer(settings_for(folder, clock)); }
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 3);
  CHECK(read_file(folder.file("audit-000001.torn-3")) == content.substr(begin));
}

TEST_CASE("zeros where a checkpoint reaches stop the start", "[I7]") {
  const TempFolder folder;
  make_log(folder, 5);
  std::string content = read_file(folder.file(kFirst));
  content.replace(content.size() - 700, 300, std::string(300, '\0'));
  write_file(folder.file(kFirst), content);
  CHECK(refusal_of(folder) == Errc::corrupt);
}

TEST_CASE("a torn end at a place where one was torn before keeps both", "[I7]") {
  const TempFolder folder;
  make_log(folder, 2);
  const TestClock clock;
  append_to(folder.file(kFirst), "first");
  { const auto writer = open_writer(settings_for(folder, clock)); }
  // The record that told of it is torn too.
  const std::string content = read_file(folder.file(kFirst));
  write_file(folder.file(kFirst), std::string_view(content).substr(0, content.size() - 9));
  { const auto writer = open_writer(settings_for(folder, clock)); }
  CHECK(read_file(folder.file("audit-000001.torn-3")) == "first");
  CHECK(read_file(folder.file("audit-000001.torn-3.2")).starts_with(R"({"v":1,"seq":3,)"));
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 3);
}

TEST_CASE("a torn checkpoint is cut off and the log goes on", "[I7][every]") {
  const TempFolder whole;
  make_log(whole, 2);
  make_log(whole, 2);
  const std::string content = read_file(whole.file("checkpoints.jsonl"));
  const std::size_t first = split_lines(content)[0].size();
  const TempFolder folder;
  for (std::size_t size = first; size < content.size(); ++size) {
    folder.copy_from(whole);
    std::filesystem::resize_file(folder.file("checkpoints.jsonl"), size);
    make_log(folder, 1);
    const Verdict verdict = verdict_of(folder);
    const std::string kept = content.substr(0, size);
    CAPTURE(size);
    REQUIRE(verdict.is_intact);
    REQUIRE(verdict.records == 6);  // and that some were unsigned
    REQUIRE(verdict.checkpoints == static_cast<std::size_t>(std::ranges::count(kept, '\n')) + 1);
  }
}

TEST_CASE("a crash before the first record was signed leaves a log that goes on", "[I7][every]") {
  const TempFolder whole;
  make_log(whole, 1);
  const std::string content = read_file(whole.file("checkpoints.jsonl"));
  const TempFolder folder;
  for (std::size_t size = 0; size < content.size(); ++size) {
    folder.copy_from(whole);
    std::filesystem::resize_file(folder.file("checkpoints.jsonl"), size);
    CAPTURE(size);
    REQUIRE(verdict_of(folder).is_intact);
    make_log(folder, 2);
    REQUIRE(verdict_of(folder).is_intact);
    REQUIRE(verdict_of(folder).records == 4);  // and that the first was unsigned
  }
}

TEST_CASE("records that somebody added to a log at rest are told before any of them is signed",
          "[I7]") {
  const std::uint64_t added = GENERATE(1U, 1000U);
  const std::uint64_t segment_bytes = GENERATE(1U << 20U, 1024U);  // one is full, and rotates
  const TempFolder whole;
  make_log(whole, 3);
  forge(whole, 3, added);
  CHECK(verdict_of(whole).unsigned_records == 0);
  const TestClock clock;
  bool is_ended = false;
  for (std::size_t failing = 0; !is_ended; ++failing) {
    CAPTURE(added, segment_bytes, failing);
    const TempFolder folder;
    folder.copy_from(whole);
    TestFiles files;
    std::size_t steps = 0;
    files.fault = [&](const Event&) {
      return steps++ >= failing ? EIO : 0;
    };
    if (auto writer = Writer::open(settings_for(folder, clock, &files, segment_bytes)); writer) {
      static_cast<void>((*writer)->add(body_of(StopRecord{})) && (*writer)->checkpoint());
    }
    is_ended = steps <= failing;
    const auto newest = newest_checkpoint(folder.path(), TestKey().public_key());
    REQUIRE(newest);
    REQUIRE(((*newest)->seq == 3 || (*newest)->seq > 3 + added));
    REQUIRE((!is_ended || (*newest)->seq > 3 + added));
    make_log(folder, 1, segment_bytes);
    const Verdict verdict = verdict_of(folder);
    REQUIRE(verdict.is_intact);
    REQUIRE(verdict.unsigned_records >= added);
    REQUIRE(verdict.unsigned_found.front().first_seq == 4);
    REQUIRE((!is_ended || verdict.unsigned_records == added));
  }
}

TEST_CASE("a log cut short together with all of its checkpoints stops the start", "[I7]") {
  const TempFolder folder;
  make_log(folder, 6);
  const std::vector<std::string> lines = split_lines(read_file(folder.file(segment_name(1))));
  std::string kept;
  const std::size_t records = GENERATE(2U, 4U, 6U);
  for (std::size_t i = 0; i < records; ++i) {
    kept += lines[i];
  }
  write_file(folder.file(segment_name(1)), kept);
  const bool tears = GENERATE(false, true);
  write_file(folder.file("checkpoints.jsonl"), tears ? R"({"v":1,"seq":)" : "");
  CHECK(refusal_of(folder) == Errc::corrupt);
  const Verdict verdict = verdict_of(folder);
  CHECK_FALSE(verdict.is_intact);
  CHECK(verdict.file == "checkpoints.jsonl");
}

TEST_CASE("checkpoints that are missing, forged or another log's stop the start", "[I7]") {
  const TempFolder folder;
  make_log(folder, 20, 2048);
  const std::string path = folder.file("checkpoints.jsonl");
  const std::vector<std::string> lines = split_lines(read_file(path));
  REQUIRE(lines.size() > 3);
  SECTION("the file is gone") {
    std::filesystem::remove(path);
  }
  SECTION("the file is empty") {
    write_file(path, "");
  }
  SECTION("the newest ones are gone") {
    write_file(path, lines[0] + lines[1]);
  }
  SECTION("the newest is signed by another key") {
    const auto newest = parse_checkpoint_line(lines.back().substr(0, lines.back().size() - 1));
    write_file(path, lines[0] + TestKey(7).checkpoint(newest->seq, newest->hash));
  }
  SECTION("the newest names another hash") {
    write_file(path, lines[0] + TestKey().checkpoint(20, kGenesis));
  }
  SECTION("the newest names a record that is not there") {
    write_file(path, lines[0] + TestKey().checkpoint(21, kGenesis));
  }
  SECTION("the newest names the end of the segment before, with another hash") {
    const auto ended = parse_checkpoint_line(
        lines[lines.size() - 2].substr(0, lines[lines.size() - 2].size() - 1));
    write_file(path, lines[0] + TestKey().checkpoint(ended->seq, kGenesis));
  }
  SECTION("the newest covers nothing") {
    write_file(path, TestKey().checkpoint(0, kGenesis));
  }
  SECTION("the newest is no checkpoint") {
    write_file(path, lines[0] + "{}\n");
  }
  SECTION("the file is one endless line") {
    write_file(path, std::string(200'000, 'x'));
  }
  CHECK(refusal_of(folder) == Errc::corrupt);
  CHECK_FALSE(verdict_of(folder).is_intact);
}

TEST_CASE("segments that are missing or damaged at their end stop the start", "[I7]") {
  const TempFolder folder;
  make_log(folder, 20, 2048);
  const std::uint32_t newest = list_segments(folder.path())->newest;
  REQUIRE(newest > 3);
  const std::string last = folder.file(segment_name(newest));
  const std::string before = folder.file(segment_name(newest - 1));
  SECTION("the newest") {
    std::filesystem::remove(last);
  }
  SECTION("one in the middle") {
    std::filesystem::remove(folder.file(segment_name(2)));
  }
  SECTION("the first") {
    std::filesystem::remove(folder.file(segment_name(1)));
  }
  SECTION("all") {
    for (std::uint32_t number = 1; number <= newest; ++number) {
      std::filesystem::remove(folder.file(segment_name(number)));
    }
  }
  SECTION("the one before the newest is empty") {
    write_file(before, "");
  }
  SECTION("the one before the newest is torn") {
    append_to(before, "{");
  }
  SECTION("the one before the newest ends in another record") {
    const std::vector<std::string> lines = split_lines(read_file(before));
    write_file(before, lines.front());
  }
  SECTION("the newest is empty, as if it had just been begun") {
    write_file(last, "");
  }
  CHECK(refusal_of(folder) == Errc::corrupt);
  CHECK_FALSE(verdict_of(folder).is_intact);
}

TEST_CASE("a crash right after a segment was begun leaves a log that goes on", "[I7]") {
  const TempFolder folder;
  make_log(folder, 3, 512);  // one record a segment
  write_file(folder.file(segment_name(4)), "");
  CHECK(verdict_of(folder).is_intact);
  make_log(folder, 1, 512);
  CHECK(verdict_of(folder).is_intact);
  CHECK(verdict_of(folder).records == 4);
  CHECK(list_segments(folder.path())->newest == 4);
}

TEST_CASE("audit.pub is written once, finished after a crash, and must be this vault's", "[I7]") {
  const TempFolder folder;
  const std::string path = folder.file("audit.pub");
  make_log(folder, 1);
  const std::string content = read_file(path);
  SECTION("another key") {
    std::string other = content;
    other[0] = other[0] == '0' ? '1' : '0';
    write_file(path, other);
    CHECK(refusal_of(folder) == Errc::corrupt);
  }
  SECTION("longer") {
    append_to(path, "00");
    CHECK(refusal_of(folder) == Errc::corrupt);
  }
  SECTION("begun") {
    for (std::size_t size = 0; size < content.size(); ++size) {
      write_file(path, content.substr(0, size));
      make_log(folder, 1);
      REQUIRE(read_file(path) == content);
    }
  }
  SECTION("gone") {
    std::filesystem::remove(path);
    make_log(folder, 1);
    CHECK(read_file(path) == content);
  }
}

TEST_CASE("an audit folder that cannot be used refuses the start", "[I13]") {
  const TestClock clock;
  const TempFolder folder;
  Log::Settings settings = settings_for(folder, clock);
  settings.folder = folder.file("none");
  CHECK(Log::open(std::move(settings)).error().code == Errc::not_found);
  write_file(folder.file("file"), "");
  settings = settings_for(folder, clock);
  settings.folder = folder.file("file");
  CHECK(Log::open(std::move(settings)).error().code == Errc::io);
  std::filesystem::create_directory(folder.file(kFirst));
  CHECK_FALSE(Log::open(settings_for(folder, clock)).has_value());
}

}  // namespace keyswap::audit
