// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/wire.h"

#include <array>
#include <string>

#include <catch2/catch.hpp>
#include <openssl/bio.h>

#include "proxy/base/bounds.h"

namespace keyswap {
namespace {

using base::bounds::kLegUnreadBytesMax;
using tls::Wire;

std::string take(Wire& wire, std::size_t capacity) {
  std::string out(capacity, '\0');
  out.resize(wire.take(out.data(), capacity));
  return out;
}

TEST_CASE("fed bytes are taken in order, from where they are") {
  Wire wire(1000);
  CHECK_FALSE(wire.has_unread());
  CHECK(take(wire, 10).empty());
  REQUIRE(wire.feed("abcdef"));
  CHECK(take(wire, 4) == "abcd");
  CHECK(wire.has_unread());
  CHECK(take(wire, 4) == "ef");
  CHECK_FALSE(wire.has_unread());
}

TEST_CASE("what is left of fed bytes comes before what is fed next") {
  Wire wire(1000);
  REQUIRE(wire.feed("abc"));
  REQUIRE(wire.feed("def"));
  CHECK(take(wire, 2) == "ab");
  CHECK(take(wire, 10) == "c");  // kept and fed bytes are not taken in one go
  CHECK(take(wire, 10) == "def");
}

TEST_CASE("kept bytes do not need the memory they came from") {
  Wire wire(1000);
  std::string memory = "abc";
  REQUIRE(wire.feed(memory));
  wire.keep_unread();
  wire.keep_unread();
  memory = "xyz";
  CHECK(take(wire, 10) == "abc");
}

TEST_CASE(
    "unread bytes are bounded, kept and fed together, and what is too much is not taken [I10]",
    "[I10]") {
  Wire wire(1000);
  const std::string most(kLegUnreadBytesMax, 'a');
  CHECK_FALSE(wire.feed(most + "b"));
  REQUIRE(wire.feed(most));
  CHECK_FALSE(wire.feed("b"));
  wire.keep_unread();
  CHECK_FALSE(wire.feed("b"));
  CHECK(take(wire, 1) == "a");
  CHECK(wire.feed("b"));
  CHECK(take(wire, kLegUnreadBytesMax) == most.substr(1));
  CHECK(take(wire, 10) == "b");
}

TEST_CASE("output past its bound is refused and remembered [I10]", "[I10]") {
  Wire wire(5);
  CHECK(wire.send("abc"));
  CHECK_FALSE(wire.has_overflowed());
  CHECK_FALSE(wire.send("def"));
  CHECK(wire.has_overflowed());
  CHECK(wire.output().view() == "abc");
}

TEST_CASE("the BIO waits when there is nothing, and never says that the stream has ended") {
  Wire wire(5);
  BIO* bio = tls::new_bio(&wire);
  REQUIRE(bio != nullptr);
  std::array<char, 10> room{};
  CHECK(BIO_read(bio, room.data(), 10) <= 0);
  CHECK(BIO_should_retry(bio) != 0);
  CHECK(BIO_should_read(bio) != 0);
  CHECK(BIO_eof(bio) == 0);
  REQUIRE(wire.feed("abc"));
  CHECK(BIO_read(bio, room.data(), 10) == 3);
  CHECK(BIO_write(bio, "abcde", 5) == 5);
  CHECK(BIO_write(bio, "f", 1) <= 0);
  CHECK(BIO_should_retry(bio) == 0);
  CHECK(BIO_flush(bio) == 1);
  BIO_free(bio);
}

}  // namespace
}  // namespace keyswap
