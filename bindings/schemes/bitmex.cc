// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bitmex`: BitMEX's REST API (www.bitmex.com/app/apiKeysUsage, "Authenticating with an
// API Key").
//   api-signature = hex(HMAC-SHA256(secret, METHOD + path?query + expires + body))
// `expires` is the second after which BitMEX takes the request no more. It is the client's own if
// it sends one: how late an order may come is its choice.
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "bitmex";
constexpr std::string_view kKeyHeader = "api-key";
constexpr std::string_view kSignHeader = "api-signature";
constexpr std::string_view kExpiresHeader = "api-expires";

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::uint32_t kExpiresSecondsDefault = 60;  // as the vendor's examples have it
constexpr std::uint32_t kExpiresSecondsMax = 3600;    // the vendor names no bound

// www.bitmex.com/api/explorer, "User", "Address" and "APIKey": a withdrawal and its confirmation, a
// transfer to another account, the addresses that are withdrawn to, and keys: their making, and
// their list, whose items have a member `secret`.
constexpr std::array kClosed = {
    ClosedEndpoint{"/api/v*/user/requestWithdrawal"},
    ClosedEndpoint{"/api/v*/user/confirmWithdrawal"},
    ClosedEndpoint{"/api/v*/user/walletTransfer"},
    ClosedEndpoint{"/api/v*/address*"},
    ClosedEndpoint{"/api/v*/apiKey*", ClosedTo::all},
};

// Seconds since 1970, and not so late that what is signed would hold for good.
bool is_soon(std::string_view expires, std::int64_t now_us) {
  constexpr std::size_t kDigitsMax = 10;
  if (!is_digits(expires) || expires.size() > kDigitsMax) {
    return false;
  }
  std::int64_t seconds = 0;
  for (const char c : expires) {
    seconds = seconds * 10 + (c - '0');
  }
  return seconds <= now_us / kMicrosPerSecond + kExpiresSecondsMax;
}

class BitmexSigner final : public VenueInjection {
 public:
  BitmexSigner(std::vector<vault::SecretName> needs, std::uint32_t expires_s)
      : VenueInjection(kSchemeName, std::move(needs)), expires_s_(expires_s) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto* const expires = request.fields.find(kExpiresHeader);
    const bool is_readable = expires == nullptr || is_soon(expires->value, request.now_us);
    return !is_readable || repeats_a_field(request, {kKeyHeader, kSignHeader, kExpiresHeader})
               ? malformed()
               : Judgement{};
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto expires = expires_of(request, input.now_us);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add(request.method));
    KS_TRY(hmac.add(request.target));
    KS_TRY(hmac.add(expires));
    KS_TRY(hmac.add(request.body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kExpiresHeader, expires));
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::hex));
  }

 private:
  [[nodiscard]] std::span<const ClosedEndpoint> closed() const override { return kClosed; }

  [[nodiscard]] std::string expires_of(const WholeRequest& request, std::int64_t now_us) const {
    const auto* const own = request.fields.find(kExpiresHeader);
    return own == nullptr ? std::to_string(now_us / kMicrosPerSecond + expires_s_)
                          : std::string(own->value);
  }

  std::uint32_t expires_s_;
};

MadeInjection make_bitmex(const SchemeSetup& setup) {
  MadeInjection made;
  auto names = read_entry_names(setup, {"api_key", "api_secret"}, made);
  const auto expires = read_number(setup, "expires", kExpiresSecondsMax, made);
  if (made.issues.empty()) {
    made.injection =
        std::make_unique<BitmexSigner>(std::move(names), expires.value_or(kExpiresSecondsDefault));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key's id"},
    SchemeParameter{"api_secret", true, "the vault entry of its secret"},
    SchemeParameter{"expires", false, "how long a request holds, in s, for clients that say none"},
};

}  // namespace

extern const Scheme kBitmexScheme;
constinit const Scheme kBitmexScheme = {
    kSchemeName, "signed requests to BitMEX's API", kParameters, make_bitmex, kKeyHeader};

}  // namespace keyswap::bindings
