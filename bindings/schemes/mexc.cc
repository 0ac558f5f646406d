// SPDX-License-Identifier: Apache-2.0
//
// The scheme `mexc`: MEXC's spot API v3 (mexcdevelop.github.io/apidocs/spot_v3_en, "SIGNED").
//   signature = hex(HMAC-SHA256(secret, query + form)), the last parameter of either
// The client's own signature is dropped and the new one goes where that was; a client that does not
// sign gets a timestamp too. Market data is not signed.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "mexc";
constexpr std::string_view kKeyHeader = "x-mexc-apikey";
constexpr std::string_view kSignature = "signature";
constexpr std::string_view kTimestamp = "timestamp";

// "Market Data Endpoints": they take no key, and need not take parameters they do not know.
constexpr std::array<std::string_view, 13> kPublicPaths = {"/api/v3/ping",
                                                           "/api/v3/time",
                                                           "/api/v3/defaultSymbols",
                                                           "/api/v3/exchangeInfo",
                                                           "/api/v3/depth",
                                                           "/api/v3/trades",
                                                           "/api/v3/historicalTrades",
                                                           "/api/v3/aggTrades",
                                                           "/api/v3/klines",
                                                           "/api/v3/avgPrice",
                                                           "/api/v3/ticker/24hr",
                                                           "/api/v3/ticker/price",
                                                           "/api/v3/ticker/bookTicker"};

bool is_public(const WholeRequest& request, const SplitTarget& target) {
  return request.method == "GET" && count_parameter(target.query, kSignature).same == 0 &&
         std::find(kPublicPaths.begin(), kPublicPaths.end(), target.path) != kPublicPaths.end();
}

class MexcSigner final : public VenueInjection {
 public:
  explicit MexcSigner(std::vector<vault::SecretName> needs)
      : VenueInjection(kSchemeName, std::move(needs)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto target = split_target(request.target);
    bool is_ambiguous =
        repeats_a_field(request, {kKeyHeader}) || (!request.body.empty() && !is_form(request));
    for (const auto name : {kSignature, kTimestamp}) {
      const auto in_query = count_parameter(target.query, name);
      const auto in_body = count_parameter(request.body, name);
      is_ambiguous =
          is_ambiguous || in_query.same + in_body.same > 1 || in_query.alike + in_body.alike > 0;
    }
    return is_ambiguous ? malformed() : Judgement{};
  }

  // "timestamp < serverTime + 1000 && serverTime - timestamp <= recvWindow"; the client's own
  // timestamp is kept.
  [[nodiscard]] bool follows_upstream_clock(const WholeRequest& request) const override {
    const auto target = split_target(request.target);
    return !is_public(request, target) && count_parameter(target.query, kTimestamp).same == 0 &&
           count_parameter(request.body, kTimestamp).same == 0;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    const auto target = split_target(request.target);
    if (is_public(request, target)) {
      return {};
    }
    const bool is_in_body = count_parameter(request.body, kSignature).same > 0 ||
                            (!request.body.empty() && target.query.empty());
    std::string query = without_parameter(target.query, kSignature);
    std::string body = without_parameter(request.body, kSignature);
    auto& signed_part = is_in_body ? body : query;
    if (count_parameter(query, kTimestamp).same + count_parameter(body, kTimestamp).same == 0) {
      append_parameter(signed_part, kTimestamp, time_text(TimeUnit::ms, input.now_us));
    }
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add(query));
    KS_TRY(hmac.add(body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    append_parameter(signed_part, kSignature, encoded(digest, TextEncoding::hex));
    if (is_in_body) {
      edits.set_body(std::move(body));
    }
    if (query != target.query) {
      edits.set_target(std::string(target.path) + (query.empty() ? "" : "?" + query));
    }
    return {};
  }
};

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret"},
};

}  // namespace

extern const Scheme kMexcScheme;
constinit const Scheme kMexcScheme = {kSchemeName,
                                      "signed requests to MEXC's spot API",
                                      kParameters,
                                      make_of_key_and_secret<MexcSigner>,
                                      kKeyHeader};

}  // namespace keyswap::bindings
