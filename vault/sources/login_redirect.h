// SPDX-License-Identifier: Apache-2.0
//
// What a browser brings back to the address on loopback when a person has logged in (RFC 6749
// section 4.1.2, RFC 8252 section 7.3): one request, read strictly. Whoever else comes to that
// address, a page in the browser or another user of the machine, does not know the state, and is
// sent away; who logs in is not disturbed by it.
//
// Pure. The request has the code in it, so it lies in locked memory (I1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vault/secret.h"

namespace keyswap::vault {

struct RedirectWanted {
  std::string host;  // of the field Host, "127.0.0.1:PORT"
  std::string path;
  std::string state;
  std::string issuer;           // "" not known
  bool is_issuer_said = false;  // the server says that it always names itself (RFC 9207)
};

struct Redirected {
  enum class Kind : std::uint8_t {
    ignored,  // not ours: the next one is waited for
    refused,  // the server, or the person, said no
    code,
  };

  Kind kind = Kind::ignored;
  int status = 400;     // of our answer
  Secret code = {};     // of `code`
  std::string outcome;  // of `refused`, of closed words
};

// `head`: the request up to its empty line.
Redirected read_redirect(std::string_view head, const RedirectWanted& wanted);

}  // namespace keyswap::vault
