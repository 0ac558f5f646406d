// SPDX-License-Identifier: Apache-2.0
#include "proxy/coding/decoder.h"

#include <catch2/catch.hpp>

namespace keyswap::coding {

TEST_CASE("the codings of HTTP are known by their names, in any case of letters") {
  CHECK(parse_coding("gzip") == Coding::gzip);
  CHECK(parse_coding("x-gzip") == Coding::gzip);
  CHECK(parse_coding("GZip") == Coding::gzip);
  CHECK(parse_coding("deflate") == Coding::deflate);
  CHECK(parse_coding("br") == Coding::brotli);
  CHECK(parse_coding("zstd") == Coding::zstd);
  CHECK_FALSE(parse_coding("identity"));
  CHECK_FALSE(parse_coding("compress"));
  CHECK_FALSE(parse_coding(""));
  for (const Coding coding : {Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd}) {
    CHECK(make_decoder(coding) != nullptr);
  }
}

}  // namespace keyswap::coding
