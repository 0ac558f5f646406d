// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/foreign_speech.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::flow {

TEST_CASE("what is spoken to another kind of proxy is known by its first byte") {
  CHECK(find_foreign_speech("\x16\x03\x01\x02") == ForeignSpeech::tls);
  CHECK(find_foreign_speech("\x04\x01") == ForeignSpeech::socks4);
  CHECK(find_foreign_speech("\x05") == ForeignSpeech::socks5);
  CHECK(find_foreign_speech("\r\n\x16") == ForeignSpeech::tls);
  for (const std::string none : {"", "\r\n", "\r\x16", "GET / HTTP/1.1", "\x17\x03", " \x05"}) {
    CAPTURE(none);
    CHECK(find_foreign_speech(none) == ForeignSpeech::none);
  }
}

TEST_CASE("each is told what it spoke, and SOCKS is refused in SOCKS") {
  CHECK(cause_of(ForeignSpeech::none) == base::Cause::none);
  CHECK(cause_of(ForeignSpeech::tls) == base::Cause::client_speaks_tls);
  CHECK(cause_of(ForeignSpeech::socks4) == base::Cause::client_speaks_socks);
  CHECK(cause_of(ForeignSpeech::socks5) == base::Cause::client_speaks_socks);
  CHECK(parting_words(ForeignSpeech::tls).empty());
  CHECK(parting_words(ForeignSpeech::socks5) == std::string("\x05\xff"));
  CHECK(parting_words(ForeignSpeech::socks4) == std::string("\0\x5b\0\0\0\0\0\0", 8));
}

}  // namespace keyswap::flow
