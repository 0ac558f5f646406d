// SPDX-License-Identifier: Apache-2.0
#include "audit/backward.h"

#include <filesystem>
#include <string>
#include <vector>

#include "test/audit/support.h"

namespace keyswap::audit {

using test::TempFolder;

namespace {

// A record's line as long as `bytes`, of which nothing counts but its begin.
std::string line_of(std::uint64_t seq, std::size_t bytes) {
  std::string line = R"({"v":1,"seq":)" + std::to_string(seq) + R"(,"x":")";
  line.append(bytes > line.size() + 2 ? bytes - line.size() - 2 : 0, 'x');
  return line + "\"}\n";
}

// Segments of so many records each, from 1 on.
void write_segments(const TempFolder& folder, const std::vector<int>& counts, std::size_t bytes) {
  std::uint64_t seq = 0;
  std::uint32_t number = 0;
  for (const int count : counts) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      ++seq;
      text += line_of(seq, bytes + seq % 7);
    }
    test::write_file(folder.file(segment_name(++number)), text);
  }
}

std::vector<std::uint64_t> read_back(const TempFolder& folder, std::uint64_t before) {
  auto reader = BackwardReader::open(folder.path(), before);
  REQUIRE(reader);
  std::vector<std::uint64_t> found;
  for (;;) {
    const auto line = reader->next();
    REQUIRE(line);
    if (!*line) {
      return found;
    }
    REQUIRE((*line)->ends_with("}"));
    found.push_back(seq_of(**line).value_or(0));
  }
}

std::vector<std::uint64_t> down_from(std::uint64_t seq, std::uint64_t to = 1) {
  std::vector<std::uint64_t> wanted;
  for (; seq >= to; --seq) {
    wanted.push_back(seq);
  }
  return wanted;
}

}  // namespace

TEST_CASE("records are read from the last one back, over the ends of segments and of blocks") {
  const TempFolder folder;
  write_segments(folder, {3, 1, 4000, 2}, 300);  // the third is more than four blocks long
  CHECK(read_back(folder, 0) == down_from(4006));
  for (const std::uint64_t before : {1U, 2U, 4U, 5U, 6U, 7U, 900U, 2345U, 4004U, 4005U, 4006U}) {
    CHECK(read_back(folder, before) == down_from(before - 1));
  }
  CHECK(read_back(folder, 4007) == down_from(4006));
  CHECK(read_back(folder, 1'000'000) == down_from(4006));
}

TEST_CASE("a line that is being written is none yet, and an empty segment has none") {
  const TempFolder folder;
  write_segments(folder, {2, 2}, 100);
  test::write_file(folder.file(segment_name(2)),
                   line_of(3, 100) + line_of(4, 100) + R"({"v":1,"seq":5,"ts")");
  CHECK(read_back(folder, 0) == down_from(4));
  CHECK(read_back(folder, 5) == down_from(4));
  test::write_file(folder.file(segment_name(3)), "");
  test::write_file(folder.file(segment_name(2)), line_of(3, 100));
  CHECK(read_back(folder, 0) == down_from(3));
}

TEST_CASE("what was archived meanwhile is not there") {
  const TempFolder folder;
  write_segments(folder, {2, 2, 2}, 100);
  auto reader = BackwardReader::open(folder.path(), 0);
  REQUIRE(reader);
  REQUIRE(seq_of(**reader->next()) == 6);
  std::filesystem::remove(folder.file(segment_name(1)));
  std::filesystem::remove(folder.file(segment_name(2)));
  REQUIRE(seq_of(**reader->next()) == 5);
  CHECK_FALSE(reader->next()->has_value());
}

TEST_CASE("a line longer than any record ends the reading, and a folder without a log has none",
          "[I10]") {
  const TempFolder folder;
  CHECK_FALSE(BackwardReader::open(folder.path(), 0));
  test::write_file(folder.file(segment_name(1)), line_of(1, 100) + line_of(2, 600'000));
  auto reader = BackwardReader::open(folder.path(), 0);
  REQUIRE(reader);
  CHECK(reader->next().error().code == base::Errc::corrupt);
}

TEST_CASE("to find a place in a long log little of it is read") {
  const TempFolder folder;
  write_segments(folder, {20'000}, 500);
  auto reader = BackwardReader::open(folder.path(), 7'000);
  REQUIRE(reader);
  REQUIRE(seq_of(**reader->next()) == 6'999);
  CHECK(reader->bytes_read() < 1'500'000);
}

}  // namespace keyswap::audit
