// SPDX-License-Identifier: Apache-2.0
#include <brotli/encode.h>

#include "test/coding/coded.h"

namespace keyswap::coding {

namespace {

std::string compressed(const std::string& text, int window_bits) {
  std::size_t size = BrotliEncoderMaxCompressedSize(text.size()) + 64;
  std::string out(size, '\0');
  REQUIRE(BrotliEncoderCompress(5,
                                window_bits,
                                BROTLI_MODE_GENERIC,
                                text.size(),
                                reinterpret_cast<const std::uint8_t*>(text.data()),
                                &size,
                                reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE);
  out.resize(size);
  return out;
}

}  // namespace

TEST_CASE("brotli is undone, with the largest window, too", "[I8]") {
  const std::string text = test::some_text(200'000);
  test::check_coding(Coding::brotli, compressed(text, 18), text);
  test::check_coding(Coding::brotli, compressed(text, BROTLI_MAX_WINDOW_BITS), text);
  test::check_faults(Coding::brotli, compressed(text, 18));
}

}  // namespace keyswap::coding
