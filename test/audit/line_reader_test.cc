// SPDX-License-Identifier: Apache-2.0
#include "audit/line_reader.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/audit/support.h"

namespace keyswap::audit {

namespace {

using Kind = LineReader::Kind;

LineReader reader_of(const test::TempFolder& folder,
                     std::string_view content,
                     std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max()) {
  test::write_file(folder.file("f"), content);
  base::Result<LineReader> reader = LineReader::open(folder.file("f"), bytes_max);
  REQUIRE(reader);
  return std::move(*reader);
}

struct Read {
  Kind kind;
  std::string text;
};

Read next_of(LineReader& reader) {
  const base::Result<LineReader::Item> item = reader.next();
  REQUIRE(item);
  return {item->kind, std::string(item->text)};
}

}  // namespace

TEST_CASE("lines come whole, with their places, whatever the buffer's edges cut") {
  const test::TempFolder folder;
  std::vector<std::string> lines;
  std::string content;
  for (std::size_t i = 0; content.size() < 1'000'000; ++i) {
    lines.push_back(std::string(i * 37 % 8000, static_cast<char>('a' + i % 26)));
    content += lines.back() + "\n";
  }
  LineReader reader = reader_of(folder, content);
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Read read = next_of(reader);
    REQUIRE(read.kind == Kind::line);
    REQUIRE(read.text == lines[i]);
    offset += lines[i].size() + 1;
    REQUIRE(reader.offset() == offset);
    REQUIRE(reader.lines() == i + 1);
  }
  CHECK(next_of(reader).kind == Kind::end);
}

TEST_CASE("what has no newline at the end is torn") {
  const test::TempFolder folder;
  LineReader reader = reader_of(folder, "one\ntw");
  CHECK(next_of(reader).text == "one");
  const Read torn = next_of(reader);
  CHECK(torn.kind == Kind::torn);
  CHECK(torn.text == "tw");
  CHECK(reader.lines() == 1);
  CHECK(reader.offset() == 4);
}

TEST_CASE("a line of the greatest length is read and a longer one is not", "[I10]") {
  const test::TempFolder folder;
  const std::string longest(base::bounds::kAuditRecordBytesMax - 1, 'x');
  LineReader fits = reader_of(folder, longest + "\n");
  CHECK(next_of(fits).kind == Kind::line);
  LineReader too_long = reader_of(folder, longest + "x\n");
  CHECK(next_of(too_long).kind == Kind::too_long);
  LineReader endless = reader_of(folder, std::string(3'000'000, 'x'));
  CHECK(next_of(endless).kind == Kind::too_long);
}

TEST_CASE("nothing is read beyond the bytes asked for") {
  const test::TempFolder folder;
  LineReader reader = reader_of(folder, "one\ntwo\nthree\n", 8);
  CHECK(next_of(reader).text == "one");
  CHECK(next_of(reader).text == "two");
  CHECK(next_of(reader).kind == Kind::end);
}

TEST_CASE("a file that is missing or no file is an error") {
  const test::TempFolder folder;
  CHECK(LineReader::open(folder.file("none")).error().code == base::Errc::not_found);
  CHECK(LineReader::open(folder.path()).error().code == base::Errc::io);
}

}  // namespace keyswap::audit
