// SPDX-License-Identifier: Apache-2.0
//
// The scheme `okx`: OKX's REST API v5 (www.okx.com/docs-v5/en, "REST Authentication").
//   OK-ACCESS-SIGN = base64(HMAC-SHA256(secret, timestamp + METHOD + requestPath + body))
// "GET request parameters are counted as requestpath, not body"; both are signed as they are sent.
// The time is ISO 8601 in UTC with milliseconds, and at most 30 seconds old.
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "okx";
constexpr std::string_view kKeyHeader = "ok-access-key";
constexpr std::string_view kSignHeader = "ok-access-sign";
constexpr std::string_view kTimeHeader = "ok-access-timestamp";
constexpr std::string_view kPassphraseHeader = "ok-access-passphrase";

class OkxSigner final : public VenueInjection {
 public:
  explicit OkxSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    return repeats_a_field(request, {kKeyHeader, kSignHeader, kTimeHeader, kPassphraseHeader})
               ? malformed()
               : Judgement{};
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 3);
    const auto time = time_text(TimeUnit::iso, input.now_us);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add(time));
    KS_TRY(hmac.add(request.method));
    KS_TRY(hmac.add(request.target));
    KS_TRY(hmac.add(request.body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kTimeHeader, time));
    KS_TRY(set_field(edits, kPassphraseHeader, input.secrets[2]));
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::base64));
  }
};

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret"},
    SchemeParameter{"passphrase", true, "the vault entry of the key's passphrase"},
};

}  // namespace

extern const Scheme kOkxScheme;
constinit const Scheme kOkxScheme = {kSchemeName,
                                     "signed requests to OKX's API v5",
                                     kParameters,
                                     make_of_key_secret_and_passphrase<OkxSigner>,
                                     kKeyHeader};

}  // namespace keyswap::bindings
