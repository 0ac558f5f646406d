// SPDX-License-Identifier: Apache-2.0
//
// The scheme `oauth1`: requests of OAuth 1.0a (RFC 5849), with its parameters in Authorization.
//   Authorization: OAuth oauth_consumer_key="...", oauth_token="...", oauth_signature="...", ...
// The program signs with a pair that it was given in place of the real one. What it says besides is
// kept: the method (HMAC-SHA1 or HMAC-SHA256), the time and the nonce. What it leaves out is added.
#include "bindings/signatures/oauth1.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/percent_text.h"
#include "bindings/placement.h"
#include "bindings/placements.h"
#include "bindings/schemes/oauth1_parameters.h"
#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

using oauth1::Parameter;
using oauth1::Parameters;

constexpr std::string_view kSchemeName = "oauth1";
constexpr std::string_view kKey = "oauth_consumer_key";
constexpr std::string_view kToken = "oauth_token";
constexpr std::string_view kMethod = "oauth_signature_method";
constexpr std::string_view kTime = "oauth_timestamp";
constexpr std::string_view kNonce = "oauth_nonce";
constexpr std::string_view kVersion = "oauth_version";
constexpr std::string_view kMethodDefault = "HMAC-SHA1";  // the one that every server takes
constexpr std::size_t kEscapeBytes = 3;                   // what a byte becomes at most

enum class Proof : std::uint8_t { off, warn, require };

struct Settings {
  bool has_token = false;
  Proof proof = Proof::off;
  std::string placeholder_secret;
  std::string placeholder_token_secret;
};

std::optional<HashKind> hash_of(const Parameters& parameters) {
  const auto* const own = parameters.find(kMethod);
  return oauth1::hash_of_method(own == nullptr ? kMethodDefault : *own);
}

std::vector<Parameter> views_of(const std::vector<oauth1::Encoded>& list) {
  std::vector<Parameter> views;
  views.reserve(list.size());
  for (const auto& one : list) {
    views.push_back({one.name, one.value});
  }
  return views;
}

// `own` are those of the field, as they are sent.
base::Result<std::string> signature_over(const WholeRequest& request,
                                         std::vector<Parameter> own,
                                         const Parameters& parameters,
                                         const oauth1::Secrets& secrets) {
  const auto hash = hash_of(parameters);
  if (!hash) {
    return base::Error{base::Errc::unsupported, "OAuth 1.0a with another method than HMAC"};
  }
  const auto others = views_of(parameters.others);
  own.insert(own.end(), others.begin(), others.end());
  return oauth1::signature_of(*hash, {request.method, oauth1::uri_of(request), own}, secrets);
}

bool is_proven(const WholeRequest& request,
               const Parameters& parameters,
               const Settings& settings) {
  const auto signature =
      signature_over(request,
                     views_of(parameters.own),
                     parameters,
                     {settings.placeholder_secret, settings.placeholder_token_secret});
  return signature && base::equal_constant_time(*signature, parameters.signature);
}

// The real key and token, percent-encoded in locked memory.
struct Identity {
  vault::LockedBuffer bytes;
  std::size_t key_size = 0;

  [[nodiscard]] std::string_view key() const { return bytes.reveal().substr(0, key_size); }

  [[nodiscard]] std::string_view token() const { return bytes.reveal().substr(key_size); }
};

base::Result<Identity> identity_of(std::string_view key, std::string_view token) {
  auto bytes = vault::LockedBuffer::of_capacity((key.size() + token.size()) * kEscapeBytes);
  if (!bytes) {
    return bytes.error();
  }
  KS_TRY(append_percent(key, UrlPart::parameter, *bytes));
  const auto key_size = bytes->size();
  KS_TRY(append_percent(token, UrlPart::parameter, *bytes));
  return Identity{std::move(*bytes), key_size};
}

bool append_parameter_to(vault::LockedBuffer& field, const Parameter& one, bool is_last) {
  return field.append(one.name) && field.append("=\"") && field.append(one.value) &&
         field.append(is_last ? "\"" : "\", ");
}

// The whole Authorization field.
base::Result<vault::Secret> field_of(const std::optional<std::string>& realm,
                                     std::vector<Parameter> own,
                                     std::string_view signature) {
  if (realm) {
    own.insert(own.begin(), {"realm", *realm});
  }
  own.push_back({"oauth_signature", signature});
  constexpr std::size_t kMarks = 5;  // ="", and a space
  std::size_t capacity = oauth1::kWord.size() + 1;
  for (const auto& one : own) {
    capacity += one.name.size() + one.value.size() + kMarks;
  }
  auto field = vault::LockedBuffer::of_capacity(capacity);
  if (!field) {
    return field.error();
  }
  bool fits = field->append(oauth1::kWord) && field->append(" ");
  for (const auto& one : own) {
    fits = fits && append_parameter_to(*field, one, &one == &own.back());
  }
  if (!fits) {
    return base::Error{base::Errc::limit_exceeded, "no room for the credential's field"};
  }
  return vault::Secret::copy_of(field->reveal());
}

class OAuth1Signer final : public SigningInjection {
 public:
  OAuth1Signer(std::vector<vault::SecretName> needs, Settings settings)
      : SigningInjection(kSchemeName, std::move(needs)), settings_(std::move(settings)) {}

  [[nodiscard]] Judgement judge(const WholeRequest& request,
                                const Scope& /*scope*/) const override {
    const auto parameters = oauth1::read_parameters(request);
    if (!parameters || !is_signable(*parameters)) {
      return malformed();
    }
    const bool is_unproven =
        settings_.proof != Proof::off && !is_proven(request, *parameters, settings_);
    if (is_unproven && settings_.proof == Proof::require) {
      return malformed();
    }
    Judgement judgement;
    judgement.is_unproven = is_unproven;
    judgement.wants_nonce = parameters->find(kNonce) == nullptr;
    return judgement;
  }

  [[nodiscard]] base::Status sign(const WholeRequest& request,
                                  const SignInput& input,
                                  Edits& edits) const override {
    KS_ASSERT(input.secrets.size() == needs().size());
    auto parameters = oauth1::read_parameters(request);
    if (!parameters) {
      return base::Error{base::Errc::invalid_input, "the request was not judged"};
    }
    if (std::ranges::any_of(input.secrets, [](const auto& one) { return one.size() == 0; })) {
      return base::Error{base::Errc::invalid_input, "a vault entry for OAuth 1.0a is empty"};
    }
    add_missing(input, *parameters);
    const auto secret = [&](std::size_t number) {
      return number < input.secrets.size() ? input.secrets[number].reveal() : std::string_view();
    };
    const auto identity = identity_of(secret(0), secret(2));
    if (!identity) {
      return identity.error();
    }
    const auto own = own_as_sent(*parameters, *identity);
    const auto signature = signature_over(request, own, *parameters, {secret(1), secret(3)});
    if (!signature) {
      return signature.error();
    }
    const auto field =
        field_of(parameters->realm, own, percent_encoded(*signature, UrlPart::parameter));
    return field ? set_field(edits, oauth1::kField, *field) : field.error();
  }

 private:
  // Is it of a form that this scheme signs?
  [[nodiscard]] bool is_signable(const Parameters& parameters) const {
    const auto* const version = parameters.find(kVersion);
    const auto* const time = parameters.find(kTime);
    const auto* const token = parameters.find(kToken);
    // With a token of the client's own we would need its secret, too.
    const bool has_other_token = !settings_.has_token && token != nullptr && !token->empty();
    return hash_of(parameters) && (version == nullptr || *version == "1.0") &&
           (time == nullptr || is_digits(*time)) && !has_other_token;
  }

  void add_missing(const SignInput& input, Parameters& parameters) const {
    parameters.add_missing(kKey, "");
    if (settings_.has_token) {
      parameters.add_missing(kToken, "");
    }
    parameters.add_missing(kMethod, std::string(kMethodDefault));
    parameters.add_missing(kTime, time_text(TimeUnit::s, input.now_us));
    parameters.add_missing(kNonce, std::to_string(input.nonce));
  }

  // With the real key and token.
  [[nodiscard]] std::vector<Parameter> own_as_sent(const Parameters& parameters,
                                                   const Identity& identity) const {
    auto own = views_of(parameters.own);
    for (auto& [name, value] : own) {
      if (name == kKey) {
        value = identity.key();
      } else if (name == kToken && settings_.has_token) {
        value = identity.token();
      }
    }
    return own;
  }

  Settings settings_;
};

// --- making one ---

void complain(MadeInjection& made, std::string_view parameter, std::string text, std::string hint) {
  made.issues.push_back({parameter, 0, std::move(text), std::move(hint)});
}

std::string text_of(const SchemeSetup& setup, std::string_view parameter) {
  const auto* const text = setup.find(parameter);
  return text == nullptr ? std::string() : *text;
}

void read_proof(const SchemeSetup& setup, Settings& settings, MadeInjection& made) {
  settings.proof =
      static_cast<Proof>(read_one_of(setup, "proof", {"off", "warn", "require"}, made));
  settings.placeholder_secret = text_of(setup, "placeholder_secret");
  settings.placeholder_token_secret = text_of(setup, "placeholder_token_secret");
  if (settings.proof == Proof::off) {
    return;
  }
  if (settings.placeholder_secret.empty()) {
    complain(made,
             "proof",
             "`proof` needs `placeholder_secret`",
             "the consumer's secret that the client is given in place of the real one");
  }
  if (settings.has_token && settings.placeholder_token_secret.empty()) {
    complain(made,
             "proof",
             "`proof` with a `token` needs `placeholder_token_secret`",
             "the token's secret that the client is given in place of the real one");
  }
}

MadeInjection make_oauth1(const SchemeSetup& setup) {
  MadeInjection made;
  Settings settings;
  settings.has_token = setup.find("token") != nullptr;
  auto names = read_entry_names(setup, {"consumer_key", "consumer_secret"}, made);
  if (settings.has_token != (setup.find("token_secret") != nullptr)) {
    complain(made,
             settings.has_token ? "token" : "token_secret",
             "`token` and `token_secret` belong together",
             "");
  } else if (settings.has_token) {
    for (auto& name : read_entry_names(setup, {"token", "token_secret"}, made)) {
      names.push_back(std::move(name));
    }
  }
  read_proof(setup, settings, made);
  if (made.issues.empty()) {
    made.injection = std::make_unique<OAuth1Signer>(std::move(names), std::move(settings));
  }
  return made;
}

std::unique_ptr<const Placement> make_place() {
  return make_auth_parameter(oauth1::kWord, kKey);
}

constexpr std::array kParameters = {
    SchemeParameter{"consumer_key", true, "the vault entry of the consumer's key"},
    SchemeParameter{"consumer_secret", true, "the vault entry of the consumer's secret"},
    SchemeParameter{"token", false, "the vault entry of the access token"},
    SchemeParameter{"token_secret", false, "the vault entry of the token's secret"},
    SchemeParameter{"proof", false, "off (default), warn or require: check the client's signature"},
    SchemeParameter{
        "placeholder_secret", false, "the consumer's secret that the client signs with"},
    SchemeParameter{
        "placeholder_token_secret", false, "the token's secret that the client signs with"},
};

}  // namespace

extern const Scheme kOAuth1Scheme;
constinit const Scheme kOAuth1Scheme = {.name = kSchemeName,
                                        .summary = "requests of OAuth 1.0a, signed anew",
                                        .parameters = kParameters,
                                        .make = make_oauth1,
                                        .make_place = make_place};

}  // namespace keyswap::bindings
