// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bitvavo`: Bitvavo's REST API v2 (docs.bitvavo.com, "Create signature").
//   Bitvavo-Access-Signature = hex(HMAC-SHA256(secret, timestamp + METHOD + path?query + body))
// The window, within which Bitvavo takes the request, is not signed, and stays the client's.
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "bitvavo";
constexpr std::string_view kKeyHeader = "bitvavo-access-key";
constexpr std::string_view kSignHeader = "bitvavo-access-signature";
constexpr std::string_view kTimeHeader = "bitvavo-access-timestamp";
constexpr std::string_view kWindowHeader = "bitvavo-access-window";

// docs.bitvavo.com, "Withdraw assets", "Withdraw crypto assets" (/v2/crypto/withdrawal), and
// "Subaccounts" (transfers to them, and their making). Reading is open.
constexpr std::array kClosed = {ClosedEndpoint{"*withdraw*"}, ClosedEndpoint{"*/subaccounts*"}};

class BitvavoSigner final : public VenueInjection {
 public:
  explicit BitvavoSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto* const window = request.fields.find(kWindowHeader);
    const bool is_readable = window == nullptr || is_digits(window->value);
    return !is_readable ||
                   repeats_a_field(request, {kKeyHeader, kSignHeader, kTimeHeader, kWindowHeader})
               ? malformed()
               : Judgement{};
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto time = time_text(TimeUnit::ms, input.now_us);
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

extern const Scheme kBitvavoScheme;
constinit const Scheme kBitvavoScheme = {kSchemeName,
                                         "signed requests to Bitvavo's API v2",
                                         kParameters,
                                         make_of_key_and_secret<BitvavoSigner>,
                                         kKeyHeader};

}  // namespace keyswap::bindings
