// SPDX-License-Identifier: Apache-2.0
//
// What the tests of proxy/coding share: texts, and decoding them whole and in pieces.
#pragma once

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"
#include "proxy/coding/decoder.h"

namespace keyswap::coding::test {

inline std::string some_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) {
    text += "line " + std::to_string(i * i % 1009) + ": some text that repeats itself\n";
  }
  text.resize(size);
  return text;
}

struct Decoded {
  std::string text;
  bool is_right = true;
  bool is_whole = false;
  base::Errc error = base::Errc::io;
};

inline Decoded decoded(Coding coding,
                       std::string_view bytes,
                       std::size_t piece,
                       std::size_t room = std::size_t{64} * 1024 * 1024) {
  const auto decoder = make_decoder(coding);
  REQUIRE(decoder != nullptr);
  base::Buffer out(room);
  Decoded result;
  while (!bytes.empty() && result.is_right) {
    const auto some = bytes.substr(0, piece);
    const auto fed = decoder->feed(some, out);
    result.is_right = fed.has_value();
    if (!fed) {
      result.error = fed.error().code;
    }
    bytes.remove_prefix(some.size());
  }
  result.is_whole = decoder->is_whole();
  result.text = out.view();
  return result;
}

// Of a coding and what it made of `text`: that holds however it is cut.
inline void check_coding(Coding coding, const std::string& bytes, const std::string& text) {
  for (const std::size_t piece : {bytes.size(), std::size_t{1}, std::size_t{7}, std::size_t{999}}) {
    CAPTURE(piece, bytes.size());
    const auto result = decoded(coding, bytes, piece);
    CHECK(result.is_right);
    CHECK(result.is_whole);
    CHECK(result.text == text);
  }
}

// What is not whole, or not right, is told.
inline void check_faults(Coding coding, const std::string& bytes) {
  CHECK_FALSE(decoded(coding, bytes.substr(0, bytes.size() - 1), 100).is_whole);
  CHECK_FALSE(decoded(coding, bytes.substr(0, 1), 1).is_whole);
  const auto text = decoded(coding, "this is no such thing at all, is it", 100);
  CHECK_FALSE((text.is_right && text.is_whole));
  const auto full = decoded(coding, bytes, bytes.size(), 1000);
  CHECK_FALSE(full.is_right);
  CHECK(full.error == base::Errc::limit_exceeded);
  CHECK(make_decoder(coding)->is_whole());
}

}  // namespace keyswap::coding::test
