// SPDX-License-Identifier: Apache-2.0
//
// The scheme `polymarket`: Polymarket's CLOB API with the credentials of its level 2
// (docs.polymarket.com, "Authentication").
//   POLY_SIGNATURE = base64url(HMAC-SHA256(key, timestamp + METHOD + path + body))
// with the secret in base64url as the key.
// The query is not signed. What needs the wallet's own signature besides is not sent: the wallet's
// key would have to be the client's.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/signing_parts.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "polymarket";
constexpr std::string_view kKeyHeader = "poly_api_key";
constexpr std::string_view kSignHeader = "poly_signature";
constexpr std::string_view kTimeHeader = "poly_timestamp";
constexpr std::string_view kPassphraseHeader = "poly_passphrase";
constexpr std::string_view kAddressHeader = "poly_address";
constexpr std::size_t kAddressBytes = 42;  // "0x" and 20 bytes in hex

// docs.polymarket.com, "Authentication": what makes or gives keys, and the answer has them in
// clear. github.com/Polymarket/clob-client-v2, "endpoints": those of builders and read-only ones.
constexpr std::array kClosed = {
    ClosedEndpoint{"/auth/*"},
    ClosedEndpoint{"/auth/derive-api-key*", ClosedTo::all},
    ClosedEndpoint{"/auth/readonly-api-key*", ClosedTo::all},  // its list is the keys themselves
};

// The same pages: what takes an order that the wallet signed, and the owner's API key in its body.
// (DELETE at the first two cancels.)
constexpr std::array kOrders = {
    ClosedEndpoint{"/order"},
    ClosedEndpoint{"/orders"},
    ClosedEndpoint{"/rfq/request/accept"},
    ClosedEndpoint{"/rfq/quote/approve"},
};

bool is_order(const WholeRequest& request) {
  return request.method != "DELETE" && is_closed(kOrders, {request.method, request.target});
}

class PolymarketSigner final : public VenueInjection {
 public:
  // `address` is "" where the client says it.
  PolymarketSigner(std::vector<vault::SecretName> needs, std::string address)
      : VenueInjection(kSchemeName, std::move(needs)), address_(std::move(address)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    if (is_order(request)) {
      return endpoint_closed();
    }
    const bool has_address = !address_.empty() || request.fields.find(kAddressHeader) != nullptr;
    return !has_address ||
                   repeats_a_field(
                       request,
                       {kKeyHeader, kSignHeader, kTimeHeader, kPassphraseHeader, kAddressHeader})
               ? malformed()
               : Judgement{};
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 3);
    const auto time = time_text(TimeUnit::s, input.now_us);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::base64url, input.secrets[1]));
    KS_TRY(hmac.add(time));
    KS_TRY(hmac.add(request.method));
    KS_TRY(hmac.add(split_target(request.target).path));
    KS_TRY(hmac.add(request.body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    if (!address_.empty()) {
      KS_TRY(set_field(edits, kAddressHeader, address_));
    }
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kTimeHeader, time));
    KS_TRY(set_field(edits, kPassphraseHeader, input.secrets[2]));
    // Of 32 bytes, which take one byte of padding.
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::base64url) + "=");
  }

 private:
  [[nodiscard]] std::span<const ClosedEndpoint> closed() const override { return kClosed; }

  std::string address_;
};

bool is_address(std::string_view text) {
  return text.size() == kAddressBytes && text.starts_with("0x") &&
         std::all_of(text.begin() + 2, text.end(), [](char c) {
           return http::grammar::is(c, http::grammar::kHex);
         });
}

MadeInjection make_polymarket(const SchemeSetup& setup) {
  MadeInjection made;
  auto names = read_entry_names(setup, {"api_key", "api_secret", "passphrase"}, made);
  const auto* const address = setup.find("address");
  if (address != nullptr && !is_address(*address)) {
    made.issues.push_back({"address",
                           0,
                           "`address` must be the address of a wallet",
                           "0x and 40 hexadecimal digits"});
  }
  if (made.issues.empty()) {
    made.injection = std::make_unique<PolymarketSigner>(
        std::move(names), address == nullptr ? std::string() : *address);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret, in base64url"},
    SchemeParameter{"passphrase", true, "the vault entry of the key's passphrase"},
    SchemeParameter{"address", false, "POLY_ADDRESS, for clients that do not send it"},
};

}  // namespace

extern const Scheme kPolymarketScheme;
constinit const Scheme kPolymarketScheme = {kSchemeName,
                                            "signed requests to Polymarket's CLOB API",
                                            kParameters,
                                            make_polymarket,
                                            kKeyHeader};

}  // namespace keyswap::bindings
