// SPDX-License-Identifier: Apache-2.0
//
// A login in a browser of this machine: the authorization code grant (RFC 6749 section 4.1) with
// PKCE (RFC 7636, S256), whose answer comes back to an address on loopback (RFC 8252 section 7.3,
// login_redirect.h). Who sees the code on its way cannot use it without the verifier, which lies in
// locked memory and goes to the token endpoint alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/sources/login_grant.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// Outlives its run.
struct CodeLogin {
  LoginGrant grant;
  std::string authorize_url;
  std::string authorize_more;  // a provider's own parameters, "a=b&c=d"; "" none
  std::string redirect_uri;    // "http://127.0.0.1:PORT/PATH"
  std::string state;           // nobody can guess it: 32 random bytes in base64url
  Secret verifier;
  Secret code = {};  // as it came back, before the run begins
};

inline constexpr std::size_t kVerifierRandomBytes = 32;

// RFC 7636 section 4.1, of random bytes. unavailable: no locked memory.
base::Result<Secret> make_verifier(std::span<const char, kVerifierRandomBytes> random);
// Section 4.2, S256. unavailable when the library fails.
base::Result<std::string> challenge_of(const Secret& verifier);

// What is opened in the browser. The client's id stands in it, and nothing that is secret.
base::Result<std::string> login_page(const CodeLogin& login, const Secret& client_id);

// Exchanges the code, and keeps what comes.
std::unique_ptr<Run> code_run(CodeLogin& login);

}  // namespace keyswap::vault
