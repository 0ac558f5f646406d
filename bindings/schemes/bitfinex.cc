// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bitfinex`: Bitfinex's REST API v2 (docs.bitfinex.com/docs/rest-auth).
//   bfx-signature = hex(HMAC-SHA384(secret, "/api" + path + nonce + body))
// The nonce has to rise over all requests of a key. It is therefore the proxy's: the client's own
// is replaced, so that several clients can share a key.
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "bitfinex";
constexpr std::string_view kKeyHeader = "bfx-apikey";
constexpr std::string_view kSignHeader = "bfx-signature";
constexpr std::string_view kNonceHeader = "bfx-nonce";
constexpr std::string_view kPrivate = "/v2/auth/";

// docs.bitfinex.com/reference, "Account Actions": rest-auth-withdraw, rest-auth-transfer (which
// takes an e-mail address or a user too), rest-auth-token-generate (a token that replaces the key).
constexpr std::array kClosed = {
    ClosedEndpoint{"*/w/*withdraw*", ClosedTo::all},
    ClosedEndpoint{"*/w/*transfer*", ClosedTo::all},
    ClosedEndpoint{"*/w/token*", ClosedTo::all},
};

class BitfinexSigner final : public VenueInjection {
 public:
  explicit BitfinexSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  // What is private is asked by POST, and with nothing in the query: the signature does not cover
  // it.
  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    if (request.method != "POST" || !request.target.starts_with(kPrivate) ||
        split_target(request.target).has_query ||
        repeats_a_field(request, {kKeyHeader, kSignHeader, kNonceHeader})) {
      return malformed();
    }
    Judgement judgement;
    judgement.wants_nonce = true;
    return judgement;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto nonce = std::to_string(input.nonce);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha384, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add("/api"));
    KS_TRY(hmac.add(request.target));
    KS_TRY(hmac.add(nonce));
    KS_TRY(hmac.add(request.body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kNonceHeader, nonce));
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::hex));
  }

 private:
  [[nodiscard]] std::span<const ClosedEndpoint> closed() const override { return kClosed; }
};

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret"},
};

}  // namespace

extern const Scheme kBitfinexScheme;
constinit const Scheme kBitfinexScheme = {kSchemeName,
                                          "signed requests to Bitfinex's API v2",
                                          kParameters,
                                          make_of_key_and_secret<BitfinexSigner>,
                                          kKeyHeader};

}  // namespace keyswap::bindings
