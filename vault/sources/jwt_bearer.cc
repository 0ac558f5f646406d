// SPDX-License-Identifier: Apache-2.0
//
// Access tokens for a JWT that a private key signs (RFC 7523 section 2.1), as for Google's service
// accounts: what opens an API for an hour is fetched with a token that lives no longer.
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/signatures/jwt.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/clock_fault.h"
#include "vault/sources/jwt_key.h"
#include "vault/sources/kinds.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/oauth2_client.h"

namespace keyswap::vault {

namespace {

namespace jwt = bindings::jwt;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kAssertionSeconds = 3600;
constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

struct Account {
  explicit Account(const SourceSpec& spec)
      : token_url(setting_text(spec, "token_url")),
        key(setting_text(spec, "key")),
        key_id(setting_text(spec, "key_id")),
        issuer(setting_text(spec, "issuer")),
        subject(setting_text(spec, "subject")),
        audience(setting_text(spec, "audience")),
        scope(setting_text(spec, "scope")),
        algorithm(
            jwt::find_algorithm(setting_text(spec, "algorithm")).value_or(jwt::Algorithm::rs256)) {}

  std::string token_url;
  std::string key;
  std::string key_id;
  std::string issuer;
  std::string subject;
  std::string audience;  // "" the token endpoint
  std::string scope;
  jwt::Algorithm algorithm;
};

void add_given(jwt::Members& members, std::string_view name, const std::string& text) {
  if (!text.empty()) {
    members.add(name, text);
  }
}

std::string header_of(const Account& account) {
  jwt::Members header;
  header.add("alg", jwt::name_of(account.algorithm)).add("typ", "JWT");
  add_given(header, "kid", account.key_id);
  return header.text();
}

// developers.google.com/identity/protocols/oauth2/service-account, "Forming the JWT claim set"
std::string claims_of(const Account& account, std::int64_t now_s) {
  jwt::Members claims;
  claims.add("iss", account.issuer);
  add_given(claims, "scope", account.scope);
  claims.add("aud", account.audience.empty() ? account.token_url : account.audience);
  claims.add("exp", now_s + kAssertionSeconds).add("iat", now_s);
  add_given(claims, "sub", account.subject);
  return claims.text();
}

class AssertionRun final : public Run {
 public:
  AssertionRun(const Account& account, std::span<const std::string> keys)
      : account_(account), keys_(keys.begin(), keys.end()) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return read_own(account_.key); }

  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) override {
    return is_asked_ ? on_token(std::move(answer), now_us) : on_key(std::move(answer), now_us);
  }

 private:
  Step on_key(Answer answer, std::int64_t now_us) {
    auto key = own_value(std::move(answer));
    if (auto* const failed = std::get_if<Failed>(&key)) {
      return std::move(*failed);
    }
    auto token = signed_token(account_.algorithm,
                              header_of(account_),
                              claims_of(account_, now_us / kSecondUs),
                              std::get<Secret>(key));
    if (auto* const failed = std::get_if<Failed>(&token)) {
      return std::move(*failed);
    }
    auto form = form_of({{"grant_type", kGrant}, {"assertion", std::get<Secret>(token).reveal()}});
    if (!form) {
      return fail_of(form.error());
    }
    is_asked_ = true;
    Call call;
    call.method = "POST";
    call.url = account_.token_url;
    call.fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    call.fields.push_back({"Accept", "application/json"});
    call.body = std::move(*form);
    return call;
  }

  Step on_token(Answer answer, std::int64_t now_us) {
    const auto* const call = std::get_if<CallAnswer>(&answer);
    auto of_clock =
        call == nullptr ? std::nullopt : fail_of_clock(*call, now_us, kTokenClockOffMaxS);
    auto read = read_token_answer(std::move(answer));
    if (auto* const failed = std::get_if<Failed>(&read)) {
      if (of_clock && failed->outcome == kInvalidGrant) {
        return *std::move(of_clock);
      }
      // The account was refused: there is nobody who could log in.
      failed->fault =
          failed->fault == FetchFault::needs_login ? FetchFault::auth_lost : failed->fault;
      return std::move(*failed);
    }
    const auto& token = std::get<TokenAnswer>(read);
    const auto expires_at =
        token.expires_in_s ? std::optional(now_us / kSecondUs + *token.expires_in_s) : std::nullopt;
    return done_with(keys_, token.access, now_us, expires_at);
  }

  const Account& account_;
  std::vector<std::string> keys_;
  bool is_asked_ = false;
};

class JwtBearer final : public Backend {
 public:
  explicit JwtBearer(const SourceSpec& spec) : account_(spec) {}

  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<AssertionRun>(account_, keys);
  }

 private:
  Account account_;
};

std::unique_ptr<Backend> make(const SourceSpec& spec) {
  return std::make_unique<JwtBearer>(spec);
}

using Rule = SettingRule;
constexpr std::array kSettings = {
    Rule{.name = "token_url", .is_required = true, .check = check_base_url},
    Rule{.name = "key", .is_required = true, .is_entry = true},
    Rule{.name = "algorithm", .check = check_jwt_algorithm},
    Rule{.name = "key_id"},
    Rule{.name = "issuer", .is_required = true},
    Rule{.name = "subject"},
    Rule{.name = "audience"},
    Rule{.name = "scope"},
};

}  // namespace

extern const BackendKind kJwtBearerKind;
constinit const BackendKind kJwtBearerKind = {
    .name = "jwt_bearer", .settings = kSettings, .make = make, .is_minting = true};

}  // namespace keyswap::vault
