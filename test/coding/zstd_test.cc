// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include "test/coding/coded.h"

namespace keyswap::coding {

namespace {

std::string compressed(const std::string& text, int window_log = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  REQUIRE(context != nullptr);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer written{out.data(), out.size(), 0};
  // In two steps: so the head says a window, and not the size of all.
  REQUIRE_FALSE(ZSTD_isError(ZSTD_compressStream2(context, &written, &in, ZSTD_e_continue)));
  REQUIRE(ZSTD_compressStream2(context, &written, &in, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  out.resize(written.pos);
  return out;
}

}  // namespace

TEST_CASE("zstd is undone, also of several frames", "[I8]") {
  const std::string text = test::some_text(200'000);
  const std::string bytes = compressed(text);
  test::check_coding(Coding::zstd, bytes, text);
  test::check_coding(Coding::zstd, bytes + compressed("more"), text + "more");
  test::check_faults(Coding::zstd, bytes);
}

TEST_CASE("a window that nobody has to take is not taken", "[I10]") {
  const auto result = test::decoded(Coding::zstd, compressed(test::some_text(100'000), 27), 100);
  CHECK_FALSE(result.is_right);
}

}  // namespace keyswap::coding
