// SPDX-License-Identifier: Apache-2.0
//
// The scheme `kucoin`: KuCoin's REST API, spot and futures, with keys of version 2 or 3
// (www.kucoin.com/docs-new/authentication).
//   KC-API-SIGN = base64(HMAC-SHA256(secret, timestamp + METHOD + path?query + body))
//   KC-API-PASSPHRASE = base64(HMAC-SHA256(secret, passphrase))
// "The URL must use the content that has not been URL-encoded to participate in the signature."
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "kucoin";
constexpr std::string_view kKeyHeader = "kc-api-key";
constexpr std::string_view kSignHeader = "kc-api-sign";
constexpr std::string_view kTimeHeader = "kc-api-timestamp";
constexpr std::string_view kPassphraseHeader = "kc-api-passphrase";
constexpr std::string_view kVersionHeader = "kc-api-key-version";

base::Status add_target(Hmac& hmac, std::string_view text) {
  const auto target = split_target(text);
  KS_TRY(hmac.add(target.path));
  KS_TRY(hmac.add(target.has_query ? "?" : ""));
  return hmac.add(url_decoded(target.query));
}

class KucoinSigner final : public VenueInjection {
 public:
  // `version` is "" where the client may say it.
  KucoinSigner(std::vector<vault::SecretName> needs, std::string version)
      : VenueInjection(kSchemeName, std::move(needs)), version_(std::move(version)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    return repeats_a_field(
               request, {kKeyHeader, kSignHeader, kTimeHeader, kPassphraseHeader, kVersionHeader})
               ? malformed()
               : Judgement{};
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 3);
    const auto time = time_text(TimeUnit::ms, input.now_us);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add(time));
    KS_TRY(hmac.add(request.method));
    KS_TRY(add_target(hmac, request.target));
    KS_TRY(hmac.add(request.body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kTimeHeader, time));
    KS_TRY(set_field(edits, kVersionHeader, version_for(request)));
    KS_TRY(set_passphrase(input, edits));
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::base64));
  }

 private:
  // Keys of version 1, whose passphrase goes out as it is, are made no more.
  [[nodiscard]] std::string_view version_for(const WholeRequest& request) const {
    if (!version_.empty()) {
      return version_;
    }
    const auto* const own = request.fields.find(kVersionHeader);
    return own != nullptr && own->value == "3" ? "3" : "2";
  }

  static base::Status set_passphrase(const SignInput& input, Edits& edits) {
    if (input.secrets[2].size() == 0) {
      return base::Error{base::Errc::invalid_input, "the passphrase is empty"};
    }
    Digest digest;
    KS_TRY(digest.hmac(HashKind::sha256, input.secrets[1].reveal(), input.secrets[2].reveal()));
    return set_field(edits, kPassphraseHeader, encoded(digest, TextEncoding::base64));
  }

  std::string version_;
};

MadeInjection make_kucoin(const SchemeSetup& setup) {
  MadeInjection made;
  auto names = read_entry_names(setup, {"api_key", "api_secret", "passphrase"}, made);
  read_one_of(setup, "key_version", {"2", "3"}, made);
  const auto* const version = setup.find("key_version");
  if (made.issues.empty()) {
    made.injection = std::make_unique<KucoinSigner>(std::move(names),
                                                    version == nullptr ? std::string() : *version);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret"},
    SchemeParameter{"passphrase", true, "the vault entry of the key's passphrase, as it was typed"},
    SchemeParameter{"key_version", false, "2 or 3 (default: the client's, else 2)"},
};

}  // namespace

extern const Scheme kKucoinScheme;
constinit const Scheme kKucoinScheme = {
    kSchemeName, "signed requests to KuCoin's API", kParameters, make_kucoin, kKeyHeader};

}  // namespace keyswap::bindings
