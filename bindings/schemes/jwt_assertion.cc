// SPDX-License-Identifier: Apache-2.0
#include "bindings/schemes/jwt_assertion.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/private_key.h"
#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "jwt";
constexpr std::string_view kGrantField = "grant_type";
constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view kAssertion = "assertion";
constexpr std::int64_t kMicrosPerSecond = 1'000'000;

// The value of a form's field; nothing: it is not there, is there twice or in another spelling, or
// cannot be read.
std::optional<std::string> only_value(std::string_view form, std::string_view name) {
  const auto count = count_parameter(form, name);
  if (count.same != 1 || count.alike != 0) {
    return std::nullopt;
  }
  while (!form.empty()) {
    const auto pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(pair.size() + 1, form.size()));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && url_decoded(pair.substr(0, equals)) == name) {
      return strictly_url_decoded(pair.substr(equals + 1));
    }
  }
  return std::nullopt;
}

class AssertionSigner final : public SigningInjection {
 public:
  AssertionSigner(vault::SecretName key, TokenSettings settings, PublicKey client_key)
      : SigningInjection(kSchemeName, {std::move(key)}),
        settings_(std::move(settings)),
        client_key_(std::move(client_key)) {}

  [[nodiscard]] bool needs_private_key(std::size_t /*index*/) const override { return true; }

  [[nodiscard]] bool knows_its_clients() const override { return true; }

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    return texts_of(request, request.now_us) ? Judgement{} : malformed();
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 1);
    const auto key = PrivateKey::from_der(input.secrets[0].reveal());
    if (!key) {
      return key.error();
    }
    const auto texts = texts_of(request, input.now_us);
    if (!texts) {
      return base::Error{base::Errc::invalid_input, "the client's token was not judged, or ended"};
    }
    const auto token = jwt::sign(settings_.algorithm, texts->header, texts->claims, *key);
    if (!token) {
      return token.error();
    }
    // It has a signature in it, not the key (bindings/edits.h); and base64 and dots alone, which a
    // form has as they are.
    edits.set_body(with_value(request.body, kAssertion, token->reveal()));
    return {};
  }

 private:
  // What the client's assertion says, to be signed anew.
  [[nodiscard]] std::optional<TokenTexts> texts_of(const WholeRequest& request,
                                                   std::int64_t now_us) const {
    const bool is_grant = is_form(request) && only_value(request.body, kGrantField) == kGrant;
    const auto token = is_grant ? only_value(request.body, kAssertion) : std::nullopt;
    return token ? verified_token_texts(settings_, client_key_, *token, now_us / kMicrosPerSecond)
                 : std::nullopt;
  }

  TokenSettings settings_;
  PublicKey client_key_;
};

}  // namespace

std::unique_ptr<const Injection> make_assertion_signer(vault::SecretName key,
                                                       TokenSettings settings,
                                                       PublicKey client_key) {
  return std::make_unique<AssertionSigner>(
      std::move(key), std::move(settings), std::move(client_key));
}

}  // namespace keyswap::bindings
