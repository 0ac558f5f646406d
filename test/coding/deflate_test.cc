// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include "test/coding/coded.h"

namespace keyswap::coding {

namespace {

std::string deflated(const std::string& text, int window_bits, int flush = Z_FINISH) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr int kGzip = 15 + 16;

}  // namespace

TEST_CASE("gzip is undone, also of several members, and what follows them is dropped", "[I8]") {
  const std::string text = test::some_text(100'000);
  const std::string bytes = deflated(text, kGzip);
  test::check_coding(Coding::gzip, bytes, text);
  test::check_coding(Coding::gzip, deflated("", kGzip), "");
  test::check_coding(Coding::gzip, bytes + deflated("more", kGzip), text + "more");
  test::check_coding(Coding::gzip, bytes + std::string(20, '\0'), text);
  test::check_faults(Coding::gzip, bytes);
}

TEST_CASE("deflate is undone in zlib's format and bare", "[I8]") {
  const std::string text = test::some_text(50'000);
  for (const int bits : {15, 9, -15}) {
    CAPTURE(bits);
    test::check_coding(Coding::deflate, deflated(text, bits), text);
    CHECK_FALSE(test::decoded(Coding::deflate, deflated(text, bits).substr(0, 100), 7).is_whole);
  }
  test::check_faults(Coding::deflate, deflated(text, 15));
}

TEST_CASE("what came is said at once, before more of it comes") {
  const std::string bytes = deflated("event: 1\n\n", kGzip, Z_SYNC_FLUSH);
  CHECK(test::decoded(Coding::gzip, bytes, bytes.size()).text == "event: 1\n\n");
}

}  // namespace keyswap::coding
