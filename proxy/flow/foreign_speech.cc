// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/foreign_speech.h"

#include "proxy/base/assert.h"

namespace keyswap::flow {

namespace {

constexpr char kTlsHandshake = 0x16;  // RFC 8446 section 5.1
constexpr char kSocks4 = 0x04;
constexpr char kSocks5 = 0x05;  // RFC 1928 section 3
// "Request rejected", with a port and an address that mean nothing.
constexpr std::string_view kSocks4Rejected{"\0\x5b\0\0\0\0\0\0", 8};
// No acceptable methods (RFC 1928 section 3): the client ends the connection.
constexpr std::string_view kSocks5NoMethod{"\x05\xff", 2};

}  // namespace

ForeignSpeech find_foreign_speech(std::string_view bytes) {
  while (bytes.starts_with("\r\n")) {
    bytes.remove_prefix(2);
  }
  if (bytes.empty()) {
    return ForeignSpeech::none;
  }
  switch (bytes.front()) {
    case kTlsHandshake:
      return ForeignSpeech::tls;
    case kSocks4:
      return ForeignSpeech::socks4;
    case kSocks5:
      return ForeignSpeech::socks5;
    default:
      return ForeignSpeech::none;
  }
}

base::Cause cause_of(ForeignSpeech speech) {
  switch (speech) {
    case ForeignSpeech::none:
      return base::Cause::none;
    case ForeignSpeech::tls:
      return base::Cause::client_speaks_tls;
    case ForeignSpeech::socks4:
    case ForeignSpeech::socks5:
      return base::Cause::client_speaks_socks;
  }
  KS_UNREACHABLE();
}

std::string_view parting_words(ForeignSpeech speech) {
  switch (speech) {
    case ForeignSpeech::none:
    case ForeignSpeech::tls:
      return "";
    case ForeignSpeech::socks4:
      return kSocks4Rejected;
    case ForeignSpeech::socks5:
      return kSocks5NoMethod;
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::flow
