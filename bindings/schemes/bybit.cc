// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bybit`: Bybit's API v5 (bybit-exchange.github.io/docs/v5/guide, "Authentication").
//   X-BAPI-SIGN = hex(HMAC-SHA256(secret, timestamp + key + recv_window + (query of GET | body)))
// The window is the client's own if it sends one: how late an order may come is its choice.
#include <array>
#include <memory>
#include <utility>

#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "bybit";
constexpr std::string_view kKeyHeader = "x-bapi-api-key";
constexpr std::string_view kSignHeader = "x-bapi-sign";
constexpr std::string_view kTimeHeader = "x-bapi-timestamp";
constexpr std::string_view kWindowHeader = "x-bapi-recv-window";

constexpr std::uint32_t kWindowMsDefault = 5000;  // "default value is 5,000"
constexpr std::uint32_t kWindowMsMax = 60'000;    // the vendor names no bound

class BybitSigner final : public VenueInjection {
 public:
  BybitSigner(std::vector<vault::SecretName> needs, std::uint32_t window_ms)
      : VenueInjection(kSchemeName, std::move(needs)), window_ms_(window_ms) {}

  // Signed is the query of a GET and the body of a POST; what has both would be signed in part.
  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const bool is_covered =
        request.method == "GET"
            ? request.body.empty()
            : request.method == "POST" && split_target(request.target).query.empty();
    const auto* const window = request.fields.find(kWindowHeader);
    const bool has_window = window == nullptr || is_digits(window->value);
    return !is_covered || !has_window ||
                   repeats_a_field(request, {kKeyHeader, kSignHeader, kTimeHeader, kWindowHeader})
               ? malformed()
               : Judgement{};
  }

  // "server_time - recv_window <= timestamp < server_time + 1000"
  [[nodiscard]] bool follows_upstream_clock(const WholeRequest& /*request*/) const override {
    return true;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto time = time_text(TimeUnit::ms, input.now_us);
    const auto window = window_for(request);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha256, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add(time));
    KS_TRY(hmac.add(input.secrets[0].reveal()));
    KS_TRY(hmac.add(window));
    KS_TRY(hmac.add(split_target(request.target).query));
    KS_TRY(hmac.add(request.body));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kTimeHeader, time));
    KS_TRY(set_field(edits, kWindowHeader, window));
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::hex));
  }

 private:
  [[nodiscard]] std::string window_for(const WholeRequest& request) const {
    const auto* const own = request.fields.find(kWindowHeader);
    return own == nullptr ? std::to_string(window_ms_) : std::string(own->value);
  }

  std::uint32_t window_ms_;
};

MadeInjection make_bybit(const SchemeSetup& setup) {
  MadeInjection made;
  auto names = read_entry_names(setup, {"api_key", "api_secret"}, made);
  const auto window = read_number(setup, "recv_window", kWindowMsMax, made);
  if (made.issues.empty()) {
    made.injection =
        std::make_unique<BybitSigner>(std::move(names), window.value_or(kWindowMsDefault));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret"},
    SchemeParameter{"recv_window", false, "X-BAPI-RECV-WINDOW in ms, for clients that send none"},
};

}  // namespace

extern const Scheme kBybitScheme;
constinit const Scheme kBybitScheme = {
    kSchemeName, "signed requests to Bybit's API v5", kParameters, make_bybit, kKeyHeader};

}  // namespace keyswap::bindings
