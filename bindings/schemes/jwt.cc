// SPDX-License-Identifier: Apache-2.0
//
// The scheme `jwt`: a bearer token that a private key signs (RFC 7519), made anew for each request,
// so that it need not be good for long. Either the rule says what is in it, and the client sends
// the placeholder in its place. Or the client signs itself, with a throw-away key: what it signed
// is verified with that one's public half, and signed anew with the real key, be it a bearer token
// or an assertion (bindings/schemes/jwt_assertion.h).
#include "bindings/signatures/jwt.h"

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/placement.h"
#include "bindings/schemes/jwt_assertion.h"
#include "bindings/schemes/jwt_claims.h"
#include "bindings/schemes/jwt_place.h"
#include "bindings/signatures/public_key.h"
#include "bindings/signatures/sigv4.h"
#include "bindings/signing_parts.h"
#include "proxy/http/grammar.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kSchemeName = "jwt";
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::string_view kSnowflakeField = "x-snowflake-authorization-token-type";

class JwtSigner final : public SigningInjection {
 public:
  JwtSigner(vault::SecretName key, TokenSettings settings, std::optional<PublicKey> client_key)
      : SigningInjection(kSchemeName, {std::move(key)}),
        settings_(std::move(settings)),
        client_key_(std::move(client_key)) {}

  [[nodiscard]] bool needs_private_key(std::size_t /*index*/) const override { return true; }

  // The head alone is read, and the token goes into what leaves.
  [[nodiscard]] bool signs_what_leaves() const override { return true; }

  [[nodiscard]] BodyUse body_use(const WholeRequest& /*head*/) const override {
    return BodyUse::untouched;
  }

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto token = bearer_token(request.fields);
    const bool is_right = client_key_ ? token && kept_texts(*token, seconds(request.now_us))
                                      // Nobody would look at whose signature that is.
                                      : !token || !jwt::read(*token);
    if (!is_right || repeats_a_field(request, {kBearerField})) {
      return malformed();
    }
    Judgement judgement;
    judgement.wants_nonce = settings_.use == TokenUse::coinbase;
    return judgement;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == 1);
    const auto key = PrivateKey::from_der(input.secrets[0].reveal());
    if (!key) {
      return key.error();
    }
    const auto texts = texts_for(request, input, *key);
    if (!texts) {
      return texts.error();
    }
    const auto token = jwt::sign(settings_.algorithm, texts->header, texts->claims, *key);
    if (!token) {
      return token.error();
    }
    const auto value =
        sigv4::locked_text(std::array<std::string_view, 2>{kBearerWord, token->reveal()});
    if (!value) {
      return value.error();
    }
    if (settings_.use == TokenUse::snowflake) {
      KS_TRY(set_field(edits, kSnowflakeField, "KEYPAIR_JWT"));
    }
    return set_field(edits, kBearerField, *value);
  }

 private:
  static std::int64_t seconds(std::int64_t micros) { return micros / kMicrosPerSecond; }

  // Of a token that the client's key signed; nothing: it did not, or it cannot be kept.
  [[nodiscard]] std::optional<TokenTexts> kept_texts(std::string_view token,
                                                     std::int64_t now_s) const {
    return verified_token_texts(settings_, *client_key_, token, now_s);
  }

  [[nodiscard]] base::Result<TokenTexts> texts_for(const WholeRequest& request,
                                                   const SignInput& input,
                                                   const PrivateKey& key) const {
    if (!client_key_) {
      return make_token_texts(settings_,
                              {request.method,
                               request.host,
                               split_target(request.target).path,
                               seconds(input.now_us),
                               input.nonce},
                              key);
    }
    const auto token = bearer_token(request.fields);
    auto texts = token ? kept_texts(*token, seconds(input.now_us)) : std::nullopt;
    if (!texts) {
      return base::Error{base::Errc::invalid_input, "the client's token was not judged, or ended"};
    }
    return std::move(*texts);
  }

  TokenSettings settings_;
  std::optional<PublicKey> client_key_;  // that of the client's throw-away key
};

// --- making one ---

void complain(MadeInjection& made, std::string_view parameter, std::string text, std::string hint) {
  made.issues.push_back({parameter, 0, std::move(text), std::move(hint)});
}

void read_text(const SchemeSetup& setup, std::string_view parameter, std::string& text) {
  if (const auto* const given = setup.find(parameter)) {
    text = *given;
  }
}

// These say nothing where the token is for something else, or is the client's.
void refuse_others(const SchemeSetup& setup,
                   std::initializer_list<std::string_view> parameters,
                   std::string_view why,
                   MadeInjection& made) {
  for (const auto parameter : parameters) {
    if (setup.find(parameter) != nullptr) {
      complain(
          made, parameter, "`" + std::string(parameter) + "` is not for " + std::string(why), "");
    }
  }
}

void require(const SchemeSetup& setup,
             std::string_view parameter,
             std::string hint,
             MadeInjection& made) {
  const auto* const text = setup.find(parameter);
  if (text == nullptr || text->empty()) {
    complain(made,
             parameter,
             "`" + std::string(parameter) + "` must be there for this token",
             std::move(hint));
  }
}

void read_algorithm(const SchemeSetup& setup, TokenSettings& settings, MadeInjection& made) {
  const auto algorithm = jwt::find_algorithm(*setup.find("algorithm"));
  if (!algorithm) {
    complain(made,
             "algorithm",
             "`algorithm` must be RS256, ES256 or EdDSA",
             "`none` proves nothing, and an HMAC's secret is no private key");
    return;
  }
  settings.algorithm = *algorithm;
}

void read_extra(const SchemeSetup& setup, TokenSettings& settings, MadeInjection& made) {
  const auto* const text = setup.find("extra_claims");
  if (text == nullptr) {
    return;
  }
  auto claims = read_extra_claims(*text);
  if (!claims) {
    complain(made,
             "extra_claims",
             "`extra_claims` must be a JSON object without iss, sub, aud, exp, nbf, iat, uri and "
             "uris",
             R"(as in '{"scope":"read"}'; the others have keys of their own, or are keyswap's)");
    return;
  }
  settings.extra = std::move(*claims);
}

void read_snowflake(const SchemeSetup& setup, TokenSettings& settings, MadeInjection& made) {
  require(setup, "account", "the account's identifier, without region and domain", made);
  require(setup, "user", "the user whose public key Snowflake knows", made);
  refuse_others(
      setup, {"key_id", "issuer", "subject", "audience", "uri_claim"}, "`use: snowflake`", made);
  // A dot would make other parts of the issuer.
  if (!http::grammar::all_are(settings.account, http::grammar::kName)) {
    complain(made, "account", "`account` has characters that no account identifier has", "");
  }
}

// What each use needs, and what would say nothing there.
void check_use(const SchemeSetup& setup, TokenSettings& settings, MadeInjection& made) {
  if (settings.use == TokenUse::snowflake) {
    read_snowflake(setup, settings, made);
    return;
  }
  refuse_others(setup, {"account", "user"}, "this `use`", made);
  if (settings.use != TokenUse::coinbase) {
    refuse_others(setup, {"uri_claim"}, "this `use`", made);
  } else {
    require(setup, "key_id", "the name of the key, as in organizations/ID/apiKeys/ID", made);
    refuse_others(setup, {"issuer", "subject", "audience"}, "`use: coinbase`", made);
  }
}

std::optional<PublicKey> read_client_key(const SchemeSetup& setup,
                                         const TokenSettings& settings,
                                         MadeInjection& made) {
  const auto* const text = setup.find("client_key");
  if (text == nullptr) {
    return std::nullopt;
  }
  if (settings.key_id.empty() && settings.issuer.empty()) {
    complain(made,
             "client_key",
             "`client_key` needs `key_id` or `issuer`",
             "the real one, which takes the place of the placeholder in the client's token");
  }
  refuse_others(setup,
                {"lifetime_seconds", "extra_claims"},
                "`client_key`: the client's token says that itself",
                made);
  if (settings.use != TokenUse::claims) {
    complain(made, "client_key", "`client_key` is for `use: claims`", "");
  }
  auto key = PublicKey::from_text(*text);
  if (!key || !jwt::fits(settings.algorithm, *key)) {
    complain(made,
             "client_key",
             "`client_key` must be a public key of the algorithm's kind, in PEM or base64",
             "that of the throw-away key: openssl pkey -in KEY.pem -pubout");
    return std::nullopt;
  }
  return std::move(*key);
}

MadeInjection make_jwt(const SchemeSetup& setup) {
  MadeInjection made;
  TokenSettings settings;
  auto key = read_entry_name(setup, "key", made).value_or(setup.name);
  read_algorithm(setup, settings, made);
  settings.use =
      static_cast<TokenUse>(read_one_of(setup, "use", {"claims", "coinbase", "snowflake"}, made));
  read_text(setup, "key_id", settings.key_id);
  read_text(setup, "issuer", settings.issuer);
  read_text(setup, "subject", settings.subject);
  read_text(setup, "audience", settings.audience);
  read_text(setup, "account", settings.account);
  read_text(setup, "user", settings.user);
  settings.lists_uris = read_one_of(setup, "uri_claim", {"uri", "uris"}, made) == 1;
  settings.life_s =
      read_number(setup, "lifetime_seconds", kTokenSecondsMax, made).value_or(kTokenSeconds);
  read_extra(setup, settings, made);
  check_use(setup, settings, made);
  auto client_key = read_client_key(setup, settings, made);
  const bool is_assertion = read_one_of(setup, "client_token", {"bearer", "assertion"}, made) == 1;
  if (is_assertion && setup.find("client_key") == nullptr) {
    complain(made, "client_token", "`client_token: assertion` needs `client_key`", "");
  }
  if (setup.compose) {
    complain(made, "key", "`compose` is for the scheme header", "");
  }
  if (made.issues.empty() && is_assertion) {
    made.injection =
        make_assertion_signer(std::move(key), std::move(settings), std::move(*client_key));
  } else if (made.issues.empty()) {
    made.injection =
        std::make_unique<JwtSigner>(std::move(key), std::move(settings), std::move(client_key));
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{"algorithm", true, "RS256, ES256 or EdDSA"},
    SchemeParameter{"key", false, "the vault entry of the private key, if it is not this one"},
    SchemeParameter{"use", false, "what the token is like: claims (default), coinbase, snowflake"},
    SchemeParameter{"key_id", false, "the key's id, in the token's header"},
    SchemeParameter{"issuer", false, "the claim iss"},
    SchemeParameter{"subject", false, "the claim sub"},
    SchemeParameter{"audience", false, "the claim aud"},
    SchemeParameter{"account", false, "the account, for Snowflake"},
    SchemeParameter{"user", false, "its user, for Snowflake"},
    SchemeParameter{
        "uri_claim", false, "what names the request, for Coinbase: uri (default), uris"},
    SchemeParameter{"lifetime_seconds", false, "from 1 to 3600; 120 if it is not said"},
    SchemeParameter{"extra_claims", false, "further claims, a JSON object"},
    SchemeParameter{"client_key", false, "the public key that the client's own tokens are of"},
    SchemeParameter{"client_token", false, "where they stand: bearer (default), assertion"},
};

}  // namespace

extern const Scheme kJwtScheme;
constinit const Scheme kJwtScheme = {.name = kSchemeName,
                                     .summary = "a bearer token that a private key signs",
                                     .parameters = kParameters,
                                     .make = make_jwt,
                                     .make_place = make_bearer_place};

}  // namespace keyswap::bindings
