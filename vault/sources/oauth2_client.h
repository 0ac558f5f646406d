// SPDX-License-Identifier: Apache-2.0
//
// A client of a token endpoint: who it says it is (RFC 6749 section 2.3.1, or by an assertion that
// its private key signs, RFC 7523 section 2.2), and what it asks for. Which grant it has, and what
// becomes of the answer, are the runs' own business.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "bindings/signatures/jwt.h"
#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/source_table.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// What the specification says of it; the names of entries, not their values.
struct TokenClient {
  explicit TokenClient(const SourceSpec& spec);

  std::string token_url;
  std::string id;
  std::string secret;  // or its private key, which signs; "" a public client, which has none
  std::string scope;
  std::string audience;
  // Says who it is in the head, not in the form; a public client has nothing to prove there.
  bool is_basic = false;

  // --- of an assertion ---
  bool is_signing = false;  // `secret` is a private key
  bindings::jwt::Algorithm algorithm = bindings::jwt::Algorithm::rs256;
  std::string key_id;
  std::string assertion_audience;
};

// The `auth` by which a client signs who it is.
inline constexpr std::string_view kPrivateKeyJwt = "private_key_jwt";

// What it is if this client is refused (kInvalidClient) with this answer: nothing where that is no
// fault of our clock, by which an assertion is refused as if it were somebody else's.
std::optional<Failed> fail_of_assertion_clock(const TokenClient& client,
                                              const Answer& answer,
                                              std::int64_t now_us);

// Reads who the client is, entry by entry.
class ClientReading {
 public:
  explicit ClientReading(const TokenClient& client) : client_(&client) {}

  [[nodiscard]] Step begin();  // also anew
  // The next step; nothing: both are there.
  [[nodiscard]] std::optional<Step> on(Answer answer);

  [[nodiscard]] std::string_view id() const;
  [[nodiscard]] const Secret& key() const;  // its secret, or what signs; empty of a public client

  // Of the entries that were read: another text once one of them was changed.
  [[nodiscard]] const std::string& versions() const { return versions_; }

 private:
  const TokenClient* client_;
  std::optional<Secret> id_;
  Secret secret_;
  std::string versions_;
};

// The request for a token, of a grant's own form ("grant_type=…", encoded; empty: what the client
// says of itself alone). Failed: there is no locked memory for it, or the key does not sign.
Step token_call(const TokenClient& client,
                const ClientReading& who,
                const Secret& grant,
                std::int64_t now_us);
// The same for a grant that is good once: a refresh token, a code (Call::is_spending).
Step spending_call(const TokenClient& client,
                   const ClientReading& who,
                   const Secret& grant,
                   std::int64_t now_us);

// A token for each key that was asked for. `minted_us` is its version: when it came.
Done done_with(std::span<const std::string> keys,
               const Secret& token,
               std::int64_t minted_us,
               std::optional<std::int64_t> expires_at);

// What ReadEntry and ReadFile brought, whatever else it may be.
std::variant<Secret, Failed> own_value(Answer answer);

}  // namespace keyswap::vault
