// SPDX-License-Identifier: Apache-2.0
//
// The scheme `gateio`: Gate.io's API v4 (www.gate.io/docs/developers/apiv4, "Authentication").
//   SIGN = hex(HMAC-SHA512(secret, METHOD \n path \n query \n hex(SHA512(body)) \n timestamp))
// with the query "without URL encoding", in the order in which it is sent.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "gateio";
constexpr std::string_view kKeyHeader = "key";
constexpr std::string_view kSignHeader = "sign";
constexpr std::string_view kTimeHeader = "timestamp";

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == 0x7f;
}

class GateioSigner final : public VenueInjection {
 public:
  explicit GateioSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto query = url_decoded(split_target(request.target).query);
    // A line break in the query would move the lines that are signed.
    const bool is_ambiguous = std::any_of(query.begin(), query.end(), is_control);
    return is_ambiguous || repeats_a_field(request, {kKeyHeader, kSignHeader, kTimeHeader})
               ? malformed()
               : Judgement{};
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto target = split_target(request.target);
    const auto time = time_text(TimeUnit::s, input.now_us);
    Digest body;
    KS_TRY(body.hash(HashKind::sha512, request.body));
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha512, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add(request.method));
    KS_TRY(hmac.add("\n"));
    KS_TRY(hmac.add(target.path));
    KS_TRY(hmac.add("\n" + url_decoded(target.query) + "\n"));
    KS_TRY(hmac.add(base::to_hex(body.view()) + "\n" + time));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kTimeHeader, time));
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::hex));
  }
};

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret"},
};

}  // namespace

extern const Scheme kGateioScheme;
constinit const Scheme kGateioScheme = {kSchemeName,
                                        "signed requests to Gate.io's API v4",
                                        kParameters,
                                        make_of_key_and_secret<GateioSigner>,
                                        kKeyHeader};

}  // namespace keyswap::bindings
