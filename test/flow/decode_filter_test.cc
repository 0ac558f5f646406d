// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decode_filter.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "test/flow/coded.h"

namespace keyswap::flow {

namespace {

DecodeFilter gunzip() {
  return DecodeFilter(coding::make_decoder(coding::Coding::gzip));
}

}  // namespace

TEST_CASE("what is coded goes on decoded, however it is cut", "[I8]") {
  const std::string bytes = test::gzipped("some text, and some more of it");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    DecodeFilter filter = gunzip();
    base::Buffer out(1024);
    std::string_view rest = bytes;
    while (rest.size() > piece) {
      CHECK(filter.feed(rest.substr(0, piece), false, out));
      rest.remove_prefix(piece);
    }
    CHECK(filter.feed(rest, true, out));
    CHECK(out.view() == "some text, and some more of it");
  }
}

TEST_CASE("an end that comes too early is told, and nothing at all is none") {
  const std::string bytes = test::gzipped("some text");
  DecodeFilter filter = gunzip();
  base::Buffer out(1024);
  CHECK(filter.feed(std::string_view(bytes).substr(0, bytes.size() - 1), false, out));
  CHECK_FALSE(filter.feed("", true, out));
  DecodeFilter empty = gunzip();
  CHECK(empty.feed("", true, out));
}

TEST_CASE("HP-10 what is packed more densely than its bound is not unpacked", "[I10]") {
  const std::size_t large = 16 * base::bounds::kDecodedFreeBytes;
  const std::string bytes = test::gzipped(std::string(large, 'x'));
  CHECK(bytes.size() < large / 500);
  DecodeFilter filter = gunzip();
  base::Buffer out(2 * large);
  CHECK_FALSE(filter.feed(bytes, true, out));
  CHECK(out.size() <=
        base::bounds::kDecodedFreeBytes + base::bounds::kDecodedTimesMax * bytes.size());
}

TEST_CASE("HP-10 what is packed too densely is not unpacked in small pieces either", "[I10]") {
  const std::size_t large = 16 * base::bounds::kDecodedFreeBytes;
  const std::string bytes = test::gzipped(std::string(large, 'x'));
  DecodeFilter filter = gunzip();
  base::Buffer out(2 * large);
  bool is_taken = true;
  std::string_view rest = bytes;
  for (; !rest.empty() && is_taken; rest.remove_prefix(std::min<std::size_t>(100, rest.size()))) {
    is_taken = filter.feed(rest.substr(0, 100), false, out).has_value();
  }
  CHECK_FALSE(is_taken);
  CHECK(out.size() <=
        base::bounds::kDecodedFreeBytes + base::bounds::kDecodedTimesMax * bytes.size());
}

}  // namespace keyswap::flow
