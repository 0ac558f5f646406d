// SPDX-License-Identifier: Apache-2.0
//
// The scheme `binance`: a request with the placeholder in X-MBX-APIKEY gets the real key and is
// signed anew with the real secret, if what it asks for may be done (docs/binance.md). What is pure
// and knows no secret is in the other files of this folder.
#include "bindings/scheme.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bindings/binding.h"
#include "bindings/request_readings.h"
#include "bindings/signer.h"
#include "bindings/signing_parts.h"
#include "bindings/venues/binance/endpoints.h"
#include "bindings/venues/binance/hosts.h"
#include "bindings/venues/binance/messages.h"
#include "bindings/venues/binance/policy.h"
#include "bindings/venues/binance/resign.h"
#include "bindings/venues/binance/scheme.h"
#include "bindings/venues/binance/settings.h"
#include "bindings/venues/binance/signature.h"
#include "proxy/http/message.h"
#include "proxy/http/target.h"

namespace keyswap::bindings::binance {

namespace {

constexpr std::string_view kSchemeName = "binance";
constexpr std::string_view kKeyHeader = "x-mbx-apikey";
constexpr std::uint32_t kRecvWindowMsMax = 60'000;  // "recvWindow cannot be greater than 60000"

// Would it be signed? A public or key-only endpoint is, when the client means it to be.
bool is_signed(const WholeRequest& request, const Parameters& parameters) {
  return parameters.signature || parameters.find("timestamp") != nullptr ||
         takes_signature(request.method, http::path_of(request.target));
}

class RequestSigner final : public Signer {
 public:
  explicit RequestSigner(Settings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request, const Scope& scope) const override {
    Judgement judgement;
    if (is_blocked(request, scope.trading.get())) {
      judgement.refusal = SignerRefusal::endpoint_blocked;
      return judgement;
    }
    const auto parameters = parameters_of(request);
    if (!parameters) {
      judgement.refusal = SignerRefusal::malformed_request;
      return judgement;
    }
    const bool is_unproven = settings_.proof != Proof::off && is_signed(request, *parameters) &&
                             !is_signed_with(settings_.placeholder_secret, *parameters);
    if (is_unproven && settings_.proof == Proof::require) {
      judgement.refusal = SignerRefusal::malformed_request;
      return judgement;
    }
    judgement = judge_order(
        request.method, http::path_of(request.target), *parameters, scope.trading.get());
    judgement.is_unproven = is_unproven;
    return judgement;
  }

  // No method but the request's own: what another one would do there is not in the table's row.
  [[nodiscard]] bool forbids(const RequestReadings& request) const override {
    return request.overrides().disagree_with(request.method()) || is_value_out(request) ||
           is_websocket_path(request);
  }

  [[nodiscard]] bool forbids_host(std::string_view host) const override {
    const auto* const row = find_host(host);
    return host == kPayHost || (row != nullptr && row->is_websocket_api);
  }

  // "timestamp < serverTime + 1000 && serverTime - timestamp <= recvWindow"; the client's own
  // timestamp is kept.
  [[nodiscard]] bool follows_upstream_clock(const WholeRequest& request) const override {
    const auto parameters = parameters_of(request);
    return parameters && is_signed(request, *parameters) &&
           parameters->find("timestamp") == nullptr;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto key = input.secrets[0].reveal();
    if (key.empty() || !http::is_field_value(key)) {
      return base::Error{base::Errc::invalid_input, "the API key is no header value"};
    }
    edits.set_field(kKeyHeader, input.secrets[0].share());
    const auto parameters = parameters_of(request);
    if (!parameters) {
      return base::Error{base::Errc::invalid_input, "the request was not judged"};
    }
    return is_signed(request, *parameters) ? sign_parameters(request, *parameters, input, edits)
                                           : base::Status{};
  }

 private:
  [[nodiscard]] base::Status sign_parameters(const WholeRequest& request,
                                             const Parameters& parameters,
                                             const SignInput& input,
                                             Edits& edits) const {
    constexpr std::int64_t kMicrosecondsPerMs = 1000;
    Fill fill;
    if (parameters.find("timestamp") == nullptr) {
      fill.timestamp_ms = input.now_us / kMicrosecondsPerMs;
      fill.recv_window_ms = parameters.find("recvWindow") == nullptr
                                ? settings_.recv_window_for(parameters.signature.has_value())
                                : std::nullopt;
    }
    auto resigned = prepare(parameters, fill, settings_.body_bytes);
    const auto signature =
        wire_signature(settings_.key_type, input.secrets[1].reveal(), resigned.payload());
    if (!signature) {
      return signature.error();
    }
    resigned.append_signature(*signature);
    std::string target(http::path_of(request.target));
    if (!resigned.query.empty()) {
      target += "?" + resigned.query;
    }
    if (target != request.target) {
      edits.set_target(std::move(target));
    }
    if (resigned.body != request.body) {
      edits.set_body(std::move(resigned.body));
    }
    return {};
  }

  Settings settings_;
};

class PairInjection final : public Injection {
 public:
  PairInjection(vault::SecretName key, vault::SecretName secret, Settings settings)
      : needs_({std::move(key), std::move(secret)}),
        has_private_key_(settings.key_type != KeyType::hmac),
        signer_(settings),
        messages_(make_message_signer(std::move(settings))) {}

  [[nodiscard]] std::string_view scheme() const override { return kSchemeName; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override { return needs_; }

  [[nodiscard]] base::Status render(const RenderInput& /*input*/,
                                    base::ByteSink& /*out*/) const override {
    return base::Error{base::Errc::unsupported, "this scheme signs whole requests"};
  }

  [[nodiscard]] bool needs_private_key(std::size_t index) const override {
    return has_private_key_ && index == 1;
  }

  [[nodiscard]] const Signer* signer() const override { return &signer_; }

  [[nodiscard]] const MessageSigner* messages() const override { return messages_.get(); }

 private:
  std::vector<vault::SecretName> needs_;
  bool has_private_key_;
  RequestSigner signer_;
  std::unique_ptr<const MessageSigner> messages_;
};

// --- making one ---

void report(std::string_view parameter,
            std::string text,
            std::string hint,
            std::vector<SchemeIssue>& issues) {
  issues.push_back({parameter, 0, std::move(text), std::move(hint)});
}

vault::SecretName read_name(const SchemeSetup& setup,
                            std::string_view parameter,
                            std::vector<SchemeIssue>& issues) {
  auto name = vault::SecretName::parse(*setup.find(parameter));
  if (!name) {
    report(parameter,
           "`" + std::string(parameter) + "` must be the name of a secret in the vault",
           "the key itself is never written here: keyswap secret add NAME",
           issues);
    return {};
  }
  return std::move(name).value();
}

// The index of the parameter's word; 0 if it is not given.
template <std::size_t kCount>
std::size_t read_word(const SchemeSetup& setup,
                      std::string_view parameter,
                      const std::array<std::string_view, kCount>& words,
                      std::vector<SchemeIssue>& issues) {
  const auto* const text = setup.find(parameter);
  if (text == nullptr) {
    return 0;
  }
  const auto* const found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) {
    return static_cast<std::size_t>(found - words.begin());
  }
  std::string listed;
  for (const auto word : words) {
    listed += (listed.empty() ? "" : ", ") + std::string(word);
  }
  report(parameter, "`" + std::string(parameter) + "` must be one of: " + listed, "", issues);
  return 0;
}

void read_proof(const SchemeSetup& setup, Settings& settings, std::vector<SchemeIssue>& issues) {
  constexpr auto kProofs = std::to_array<std::string_view>({"off", "warn", "require"});
  settings.proof = static_cast<Proof>(read_word(setup, "proof", kProofs, issues));
  const auto* const secret = setup.find("placeholder_secret");
  settings.placeholder_secret = secret == nullptr ? "" : *secret;
  if (settings.proof == Proof::off) {
    return;
  }
  if (secret == nullptr) {
    report("proof",
           "`proof` needs `placeholder_secret`",
           "the secret that the client is given in place of the real one",
           issues);
  }
  if (settings.key_type != KeyType::hmac) {
    report("proof", "`proof` is for `key_type: hmac` only", "", issues);
  }
}

MadeInjection make_pair_injection(const SchemeSetup& setup) {
  constexpr auto kKeyTypes = std::to_array<std::string_view>({"hmac", "rsa", "ed25519"});
  constexpr auto kBodyBytes = std::to_array<std::string_view>({"encode", "keep"});
  MadeInjection made;
  auto& issues = made.issues;
  Settings settings;
  auto key = read_name(setup, "api_key", issues);
  auto secret = read_name(setup, "api_secret", issues);
  settings.key_type = static_cast<KeyType>(read_word(setup, "key_type", kKeyTypes, issues));
  settings.body_bytes = static_cast<BodyBytes>(read_word(setup, "body_bytes", kBodyBytes, issues));
  read_proof(setup, settings, issues);
  settings.recv_window_ms = read_number(setup, "recv_window", kRecvWindowMsMax, made);
  if (setup.compose) {
    report("api_key", "`compose` is not for the scheme binance", "remove it", issues);
  }
  if (issues.empty() && key == secret) {
    report("api_secret", "`api_key` and `api_secret` name the same secret", "", issues);
  }
  if (issues.empty()) {
    made.injection =
        std::make_unique<PairInjection>(std::move(key), std::move(secret), std::move(settings));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"api_key", true, "the vault entry with the API key"},
    SchemeParameter{"api_secret", true, "the vault entry with its secret, or its private key"},
    SchemeParameter{"key_type", false, "hmac (default), rsa or ed25519"},
    SchemeParameter{"proof", false, "off (default), warn or require: check the client's signature"},
    SchemeParameter{"placeholder_secret", false, "the secret that the client signs with"},
    SchemeParameter{"recv_window", false, "recvWindow in ms, for clients that do not sign"},
    SchemeParameter{"body_bytes", false, "encode (default) or keep: raw JSON in a form body"},
};

}  // namespace

constinit const Scheme kScheme = {
    kSchemeName, "requests to Binance, signed anew", kParameters, make_pair_injection, kKeyHeader};

}  // namespace keyswap::bindings::binance
