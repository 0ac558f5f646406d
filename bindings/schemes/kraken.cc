// SPDX-License-Identifier: Apache-2.0
//
// The scheme `kraken`: Kraken's spot REST API
// (docs.kraken.com/api/docs/guides/spot-rest-auth).
//   API-Sign = base64(HMAC-SHA512(base64-decoded secret, path + SHA256(nonce + form)))
// The nonce is a parameter of the form, and has to rise over all requests of a key. It is therefore
// the proxy's: the client's own is replaced, so that several clients can share a key.
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "kraken";
constexpr std::string_view kKeyHeader = "api-key";
constexpr std::string_view kSignHeader = "api-sign";
constexpr std::string_view kNonce = "nonce";

class KrakenSigner final : public VenueInjection {
 public:
  explicit KrakenSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  // A form and nothing in the query, which the signature does not cover.
  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto count = count_parameter(request.body, kNonce);
    if (request.method != "POST" || split_target(request.target).has_query ||
        (!request.body.empty() && !is_form(request)) || count.same > 1 || count.alike > 0 ||
        repeats_a_field(request, {kKeyHeader, kSignHeader})) {
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
    std::string body = with_value(request.body, kNonce, nonce);
    if (count_parameter(body, kNonce).same == 0) {
      append_parameter(body, kNonce, nonce);
    }
    Digest inner;
    KS_TRY(inner.hash(HashKind::sha256, nonce + body));
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha512, KeyEncoding::base64, input.secrets[1]));
    KS_TRY(hmac.add(request.target));
    KS_TRY(hmac.add(inner.view()));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kSignHeader, encoded(digest, TextEncoding::base64)));
    if (!is_form(request)) {
      KS_TRY(set_field(edits, "content-type", "application/x-www-form-urlencoded"));
    }
    edits.set_body(std::move(body));
    return {};
  }
};

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the private key, in base64"},
};

}  // namespace

extern const Scheme kKrakenScheme;
constinit const Scheme kKrakenScheme = {kSchemeName,
                                        "signed requests to Kraken's spot API",
                                        kParameters,
                                        make_of_key_and_secret<KrakenSigner>,
                                        kKeyHeader};

}  // namespace keyswap::bindings
