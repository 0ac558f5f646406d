// SPDX-License-Identifier: Apache-2.0
//
// What the tokens of the scheme `jwt` say: those that are made for a request, and those of a client
// that are kept. How they are signed is bindings/signatures/jwt's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/json.h"
#include "bindings/private_key.h"
#include "bindings/signatures/jwt.h"
#include "bindings/signatures/public_key.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

// Of a header or of claims: arrays and objects in each other, and members of one.
inline constexpr JsonBounds kTokenBounds = {8, 64};

inline constexpr std::int64_t kTokenSecondsMax = 3600;
inline constexpr std::int64_t kTokenSeconds = 120;
// So far a client's clock may be ahead of ours.
inline constexpr std::int64_t kTokenSkewSeconds = 60;

enum class TokenUse : std::uint8_t { claims, coinbase, snowflake };

// What the rule says. "": nothing.
struct TokenSettings {
  jwt::Algorithm algorithm = jwt::Algorithm::rs256;
  TokenUse use = TokenUse::claims;
  std::string key_id;
  std::string issuer;
  std::string subject;
  std::string audience;
  std::string account;      // Snowflake's
  std::string user;         // likewise
  bool lists_uris = false;  // Coinbase's newer products read the request's name in a list
  std::int64_t life_s = kTokenSeconds;
  std::vector<std::pair<std::string, std::string>> extra;  // a claim's name, and its JSON
};

// What a token is made for.
struct TokenRequest {
  std::string_view method;
  std::string_view host;
  std::string_view path;
  std::int64_t now_s = 0;
  std::uint64_t nonce = 0;
};

struct TokenTexts {
  std::string header;
  std::string claims;
};

// unavailable when the library fails.
base::Result<TokenTexts> make_token_texts(const TokenSettings& settings,
                                          const TokenRequest& request,
                                          const PrivateKey& key);

// A client's token, signed anew: its claims are kept, but for those that the rule says itself.
// Nothing if it cannot be: its header says something else than `alg`, `typ` and `kid`, the
// algorithm is another, its claims are no JSON object, do not end within an hour, begin later than
// now, or have a name that is not ASCII, or is one of keyswap's but for its case.
std::optional<TokenTexts> keep_token_texts(const TokenSettings& settings,
                                           const jwt::Parts& theirs,
                                           std::int64_t now_s);

// The same of a token that the client sent; nothing also if it is none that `client_key` signed.
std::optional<TokenTexts> verified_token_texts(const TokenSettings& settings,
                                               const PublicKey& client_key,
                                               std::string_view token,
                                               std::int64_t now_s);

// The members of a JSON object of claims that a rule adds; nothing: it is none, or has one that is
// keyswap's to write.
std::optional<std::vector<std::pair<std::string, std::string>>> read_extra_claims(
    std::string_view text);

}  // namespace keyswap::bindings
