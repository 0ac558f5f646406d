// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/buffer.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace keyswap::base {

TEST_CASE("A buffer gives back what was appended, in order, as it is consumed") {
  Buffer buffer(100);
  REQUIRE(buffer.empty());
  REQUIRE(buffer.append("hello "));
  REQUIRE(buffer.append(""));
  REQUIRE(buffer.append("world"));
  REQUIRE(buffer.view() == "hello world");
  buffer.consume(6);
  REQUIRE(buffer.view() == "world");
  REQUIRE(buffer.size() == 5);
  buffer.consume(5);
  REQUIRE(buffer.empty());
  REQUIRE(buffer.view().empty());
}

TEST_CASE("A buffer takes all or nothing at its bound, and room made by consuming counts",
          "[I10]") {
  Buffer buffer(8);
  REQUIRE(buffer.append("123456"));
  REQUIRE_FALSE(buffer.append("789"));
  REQUIRE(buffer.view() == "123456");
  REQUIRE(buffer.append("78"));
  REQUIRE_FALSE(buffer.append("9"));
  buffer.consume(3);
  REQUIRE(buffer.append("9ab"));
  REQUIRE(buffer.view() == "456789ab");
  REQUIRE(buffer.prepare(1) == nullptr);
  REQUIRE(buffer.prepare(static_cast<std::size_t>(-1)) == nullptr);
}

TEST_CASE("What is written to prepared room counts once it is committed") {
  Buffer buffer(1000);
  REQUIRE(buffer.append("ab"));
  char* room = buffer.prepare(600);
  REQUIRE(room != nullptr);
  std::memcpy(room, "cdef", 4);
  REQUIRE(buffer.view() == "ab");
  buffer.commit(3);
  REQUIRE(buffer.view() == "abcde");
}

TEST_CASE("Bytes consumed stay wiped or unread, never come back") {
  Buffer buffer(1 << 20);
  REQUIRE(buffer.append(std::string(400, 'a')));
  buffer.consume(399);
  REQUIRE(buffer.append(std::string(500, 'b')));
  REQUIRE(buffer.view() == "a" + std::string(500, 'b'));
}

TEST_CASE("A buffer that is cleared or released is empty and can be used again") {
  Buffer buffer(16);
  REQUIRE(buffer.append("0123456789"));
  SECTION("cleared") {
    buffer.clear();
  }
  SECTION("released") {
    buffer.release();
  }
  REQUIRE(buffer.empty());
  REQUIRE(buffer.view().empty());
  REQUIRE(buffer.append("abcdef"));
  REQUIRE(buffer.view() == "abcdef");
}

TEST_CASE("A buffer that was moved from is empty, and the other has its bytes") {
  Buffer one(16);
  REQUIRE(one.append("abc"));
  Buffer other = std::move(one);
  REQUIRE(other.view() == "abc");
  REQUIRE(one.empty());  // NOLINT(bugprone-use-after-move): what is tested
  Buffer third(4);
  REQUIRE(third.append("x"));
  third = std::move(other);
  REQUIRE(third.view() == "abc");
  REQUIRE(third.append(std::string(13, 'y')));  // the bound moves with the bytes
  REQUIRE_FALSE(third.append("z"));
}

TEST_CASE("I15 any order of appending and consuming gives the bytes in order", "[I15]") {
  std::minstd_rand random(3);
  std::string model;
  Buffer buffer(4096);
  int next = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t count = random() % 300;
    if (random() % 2 == 0) {
      std::string piece;
      for (std::size_t k = 0; k < count; ++k) {
        piece += static_cast<char>('a' + next++ % 26);
      }
      const bool fits = model.size() + piece.size() <= 4096;
      REQUIRE(buffer.append(piece) == fits);
      model += fits ? piece : "";
    } else {
      const std::size_t taken = std::min(count, model.size());
      buffer.consume(taken);
      model.erase(0, taken);
    }
    REQUIRE(buffer.view() == model);
  }
}

}  // namespace keyswap::base
