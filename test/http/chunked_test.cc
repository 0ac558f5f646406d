// SPDX-License-Identifier: Apache-2.0
//
// Bounds and views; the syntax is in test/vectors/http/chunked.txt.
#include "proxy/http/chunked.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::http {

namespace {

using Kind = ChunkedReader::Piece::Kind;
constexpr std::size_t kExtraMax = base::bounds::kChunkExtraBytesMax;

// "end", "refused" or "more", given `bytes` in pieces of `size`.
std::string run(std::string_view bytes, std::size_t size) {
  ChunkedReader reader;
  while (!bytes.empty()) {
    const auto piece = reader.next(bytes.substr(0, size));
    bytes.remove_prefix(piece.consumed);
    if (piece.kind == Kind::end) {
      return "end";
    }
    if (piece.kind == Kind::refused) {
      return "refused";
    }
  }
  return "more";
}

void check(const std::string& bytes, const std::string& outcome) {
  CHECK(run(bytes, bytes.size()) == outcome);
  CHECK(run(bytes, 1) == outcome);
  CHECK(run(bytes, 7) == outcome);
  CHECK(run(bytes, 4096) == outcome);
}

}  // namespace

TEST_CASE("data comes as views into the input") {
  ChunkedReader reader;
  const std::string input = "5\r\nhello\r\n0\r\n\r\n";
  const auto piece = reader.next(input);
  CHECK(piece.kind == Kind::data);
  CHECK(piece.data == "hello");
  CHECK(piece.data.data() == input.data() + 3);
  CHECK(piece.consumed == 8);
  const auto end = reader.next(std::string_view(input).substr(8));
  CHECK(end.kind == Kind::end);
  CHECK(end.consumed == 7);
}

TEST_CASE("bytes after the end are left alone") {
  ChunkedReader reader;
  const auto piece = reader.next("0\r\n\r\nGET");
  CHECK(piece.kind == Kind::end);
  CHECK(piece.consumed == 5);
}

TEST_CASE("HF-13 one long extension is accepted up to the bound and refused past it", "[I10]") {
  check("1;" + std::string(kExtraMax - 1, 'a') + "\r\nx\r\n0\r\n\r\n", "end");
  check("1;" + std::string(kExtraMax, 'a') + "\r\nx\r\n0\r\n\r\n", "refused");
  check("1;a=\"" + std::string(kExtraMax - 5, ' ') + "\"\r\nx\r\n0\r\n\r\n", "end");
  check("1;a=\"" + std::string(kExtraMax - 4, ' ') + "\"\r\nx\r\n0\r\n\r\n", "refused");
}

TEST_CASE("HF-13 extensions of many chunks count together", "[I10]") {
  std::string body;
  for (std::size_t i = 0; i < kExtraMax / 16; ++i) {
    body += "1;aaaaaaa=bbbbbbb\r\nx\r\n";
  }
  check(body + "0\r\n\r\n", "end");
  check(body + "0;a\r\n\r\n", "refused");
}

TEST_CASE("HF-13 extensions of many empty names cannot pass uncounted", "[I10]") {
  check("1" + std::string(kExtraMax + 10, ';') + "\r\n", "refused");
}

TEST_CASE("trailers are accepted up to the bound, extensions included, and refused past it",
          "[I10]") {
  const std::string line = "A: " + std::string(kExtraMax - 5 - 2, 'x') + "\r\n";
  REQUIRE(line.size() == kExtraMax - 2);
  check("0\r\n" + line + "\r\n", "end");
  check("0;a\r\n" + line + "\r\n", "end");
  check("0;ab\r\n" + line + "\r\n", "refused");
  check("0\r\n" + line + "B:\r\n\r\n", "refused");
  check("0\r\nA: " + std::string(2 * kExtraMax, 'x'), "refused");
}

TEST_CASE("HF-03 too many digits of a size are refused while they come", "[I10]") {
  check(std::string(17, '0'), "refused");
  check(std::string(16, '0'), "more");
}

TEST_CASE("the digits of one size do not count for the next") {
  std::string body;
  for (int i = 0; i < 100; ++i) {
    body += "000000000000000a\r\n0123456789\r\n";
  }
  check(body + "0\r\n\r\n", "end");
}

}  // namespace keyswap::http
