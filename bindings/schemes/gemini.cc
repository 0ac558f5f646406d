// SPDX-License-Identifier: Apache-2.0
//
// The scheme `gemini`: Gemini's REST API v1 (docs.gemini.com, "Private API Invocation").
//   X-GEMINI-PAYLOAD = base64(JSON: request, nonce, and what the endpoint takes)
//   X-GEMINI-SIGNATURE = hex(HMAC-SHA384(secret, X-GEMINI-PAYLOAD))
// The payload goes on with the client's bytes, but for the nonce's value: that has to rise over all
// requests of a key, so it is the proxy's; or, for a key with "Uses a time based nonce", it is the
// time in seconds. "Authenticated APIs do not submit their payload as POSTed data": a body, which
// some clients send besides, says nothing and is not signed. It does not go on.
#include <array>
#include <memory>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/json.h"
#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "gemini";
constexpr std::string_view kKeyHeader = "x-gemini-apikey";
constexpr std::string_view kPayloadHeader = "x-gemini-payload";
constexpr std::string_view kSignHeader = "x-gemini-signature";

// An object (1) of scalars, lists and objects (2), and lists in those (3).
constexpr JsonBounds kPayloadBounds = {3, bounds::kSignedParametersMax};

// docs.gemini.com: "Fund Management APIs" (withdrawals, banks, approved addresses, transfers
// between accounts); "Gemini Clearing", where both sides choose the price of a trade.
constexpr std::array kClosed = {
    ClosedEndpoint{"*withdraw*", ClosedTo::all},
    ClosedEndpoint{"/v1/account/transfer*", ClosedTo::all},
    ClosedEndpoint{"/v1/payments/addbank*", ClosedTo::all},
    ClosedEndpoint{"/v1/approvedAddresses/*/request", ClosedTo::all},
    ClosedEndpoint{"/v1/clearing/new", ClosedTo::all},
    ClosedEndpoint{"/v1/clearing/broker/new", ClosedTo::all},
    ClosedEndpoint{"/v1/clearing/confirm", ClosedTo::all},
};

struct Payload {
  std::string text;
  JsonValue json;
};

// Nothing: it is none, says another endpoint than the target, or has no nonce that can be replaced.
std::optional<Payload> read_payload(const WholeRequest& request) {
  const auto* const field = request.fields.find(kPayloadHeader);
  if (field == nullptr) {
    return std::nullopt;
  }
  auto text = base::from_base64(field->value);
  auto json = text ? read_json(*text, kPayloadBounds) : std::nullopt;
  if (!json) {
    return std::nullopt;
  }
  const auto* const named = json->find("request");
  const auto* const nonce = json->find("nonce");
  const bool is_whole =
      named != nullptr && named->kind == JsonValue::Kind::string && named->text == request.target &&
      nonce != nullptr &&
      (nonce->kind == JsonValue::Kind::number || nonce->kind == JsonValue::Kind::string);
  return is_whole ? std::optional(Payload{std::move(*text), std::move(*json)}) : std::nullopt;
}

class GeminiSigner final : public VenueInjection {
 public:
  GeminiSigner(std::vector<vault::SecretName> needs, bool has_time_nonce)
      : VenueInjection(kSchemeName, std::move(needs)), has_time_nonce_(has_time_nonce) {}

  // What the venue reads is the payload, what is judged by path and method is the target: they say
  // the same.
  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    if (request.method != "POST" || split_target(request.target).has_query ||
        repeats_a_field(request, {kKeyHeader, kPayloadHeader, kSignHeader}) ||
        !read_payload(request)) {
      return malformed();
    }
    Judgement judgement;
    judgement.wants_nonce = !has_time_nonce_;
    return judgement;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    auto payload = read_payload(request);
    if (!payload) {
      return base::Error{base::Errc::invalid_input, "the request was not judged"};
    }
    const auto& nonce = *payload->json.find("nonce");
    const auto value =
        has_time_nonce_ ? time_text(TimeUnit::s, input.now_us) : std::to_string(input.nonce);
    payload->text.replace(nonce.begin,
                          nonce.end - nonce.begin,
                          nonce.kind == JsonValue::Kind::string ? json_string(value) : value);
    const auto encoded_payload = base::to_base64(payload->text);
    Hmac hmac;
    KS_TRY(begin_hmac(hmac, HashKind::sha384, KeyEncoding::raw, input.secrets[1]));
    KS_TRY(hmac.add(encoded_payload));
    Digest digest;
    KS_TRY(hmac.finish(digest));
    if (!request.body.empty()) {
      edits.set_body("");
    }
    KS_TRY(set_field(edits, kKeyHeader, input.secrets[0]));
    KS_TRY(set_field(edits, kPayloadHeader, encoded_payload));
    return set_field(edits, kSignHeader, encoded(digest, TextEncoding::hex));
  }

 private:
  [[nodiscard]] std::span<const ClosedEndpoint> closed() const override { return kClosed; }

  bool has_time_nonce_;
};

MadeInjection make_gemini(const SchemeSetup& setup) {
  MadeInjection made;
  auto names = read_entry_names(setup, {"api_key", "api_secret"}, made);
  const bool has_time_nonce = read_one_of(setup, "nonce", {"rising", "time"}, made) == 1;
  if (made.issues.empty()) {
    made.injection = std::make_unique<GeminiSigner>(std::move(names), has_time_nonce);
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry of the API key"},
    SchemeParameter{"api_secret", true, "the vault entry of the secret"},
    SchemeParameter{"nonce", false, "rising (default), or time for a key with a time based nonce"},
};

}  // namespace

extern const Scheme kGeminiScheme;
constinit const Scheme kGeminiScheme = {
    kSchemeName, "signed requests to Gemini's API", kParameters, make_gemini, kKeyHeader};

}  // namespace keyswap::bindings
