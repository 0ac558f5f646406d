// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/oauth2_client.h"

#include <array>
#include <utility>

#include "bindings/basic_text.h"
#include "bindings/percent_text.h"
#include "proxy/base/bytes.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/clock_fault.h"
#include "vault/sources/jwt_key.h"

namespace keyswap::vault {

namespace {

using base::Result;
namespace jwt = bindings::jwt;

constexpr std::int64_t kSecondUs = 1'000'000;
// It is used once, at once.
constexpr std::int64_t kAssertionSeconds = 120;
constexpr std::string_view kAssertionType =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// RFC 6749 section 2.3.1: both halves are encoded as in a form.
Result<Secret> basic_credentials(std::string_view id, std::string_view secret) {
  constexpr std::size_t kEscapeBytes = 3;
  constexpr std::string_view kWord = "Basic ";
  const std::size_t pair_bytes = (id.size() + secret.size()) * kEscapeBytes + 1;
  auto pair = LockedBuffer::of_capacity(pair_bytes);
  auto out = LockedBuffer::of_capacity(kWord.size() + pair_bytes / 3 * 4 + 4);
  if (!pair || !out) {
    return pair ? out.error() : pair.error();
  }
  KS_TRY(bindings::append_percent(id, bindings::UrlPart::parameter, *pair));
  KS_ASSERT(pair->append(":"));
  KS_TRY(bindings::append_percent(secret, bindings::UrlPart::parameter, *pair));
  KS_ASSERT(out->append(kWord));
  KS_TRY(bindings::append_base64(pair->reveal(), *out));
  return Secret::copy_of(out->reveal());
}

// RFC 7523 section 3. The id is no secret (RFC 6749 section 2.2). Each has another `jti`, so that
// none can be taken for one sent again.
std::variant<Secret, Failed> assertion_of(const TokenClient& client,
                                          const ClientReading& who,
                                          std::int64_t now_s) {
  constexpr std::size_t kIdBytes = 16;
  jwt::Members header;
  header.add("alg", jwt::name_of(client.algorithm)).add("typ", "JWT");
  if (!client.key_id.empty()) {
    header.add("kid", client.key_id);
  }
  std::array<std::uint8_t, kIdBytes> random{};
  base::random_bytes(random);
  std::string id;
  for (const std::uint8_t byte : random) {
    id.push_back(static_cast<char>(byte));
  }
  jwt::Members claims;
  claims.add("iss", who.id()).add("sub", who.id()).add("aud", client.assertion_audience);
  claims.add("jti", base::to_hex(id)).add("iat", now_s).add("exp", now_s + kAssertionSeconds);
  return signed_token(client.algorithm, header.text(), claims.text(), who.key());
}

// The form of the grant, and what else is asked for. `assertion`: of a client that signs.
Result<Secret> body_of(const TokenClient& client,
                       const ClientReading& who,
                       const Secret& grant,
                       std::string_view assertion) {
  Result<Secret> form = grant.share();
  const auto add = [&](std::string_view name, std::string_view value) {
    if (form && !value.empty()) {
      auto field = form_of({{name, value}});
      form = field && form->size() != 0 ? joined({form->reveal(), "&", field->reveal()})
                                        : std::move(field);
    }
  };
  add("scope", client.scope);
  add("audience", client.audience);
  if (!client.is_basic) {
    add("client_id", who.id());
    add("client_secret", client.is_signing ? "" : who.key().reveal());
    add("client_assertion_type", client.is_signing ? kAssertionType : "");
    add("client_assertion", assertion);
  }
  return form;
}

}  // namespace

TokenClient::TokenClient(const SourceSpec& spec)
    : token_url(setting_text(spec, "token_url")),
      id(setting_text(spec, "client_id")),
      secret(setting_text(spec, "client_secret")),
      scope(setting_text(spec, "scope")),
      audience(setting_text(spec, "audience")),
      is_basic(setting_text(spec, "auth") == "basic" && !secret.empty()),
      is_signing(setting_text(spec, "auth") == kPrivateKeyJwt),
      algorithm(
          jwt::find_algorithm(setting_text(spec, "algorithm")).value_or(jwt::Algorithm::rs256)),
      key_id(setting_text(spec, "key_id")),
      assertion_audience(setting_text(spec, "assertion_audience")) {
  if (is_signing) {
    secret = setting_text(spec, "key");
  }
  if (assertion_audience.empty()) {
    assertion_audience = token_url;
  }
}

Step ClientReading::begin() {
  id_.reset();
  secret_ = Secret();
  versions_.clear();
  return read_own(client_->id);
}

std::optional<Step> ClientReading::on(Answer answer) {
  if (const auto* const entry = std::get_if<EntryAnswer>(&answer)) {
    versions_.append(entry->version).append(1, '\n');
  }
  auto value = own_value(std::move(answer));
  if (auto* const failed = std::get_if<Failed>(&value)) {
    return std::move(*failed);
  }
  if (id_) {
    secret_ = std::get<Secret>(std::move(value));
    return std::nullopt;
  }
  id_ = std::get<Secret>(std::move(value));
  return client_->secret.empty() ? std::nullopt : std::optional(read_own(client_->secret));
}

std::string_view ClientReading::id() const {
  KS_ASSERT(id_.has_value());
  return id_->reveal();
}

const Secret& ClientReading::key() const {
  return secret_;
}

std::optional<Failed> fail_of_assertion_clock(const TokenClient& client,
                                              const Answer& answer,
                                              std::int64_t now_us) {
  const auto* const call = std::get_if<CallAnswer>(&answer);
  return call != nullptr && client.is_signing ? fail_of_clock(*call, now_us, kTokenClockOffMaxS)
                                              : std::nullopt;
}

Step token_call(const TokenClient& client,
                const ClientReading& who,
                const Secret& grant,
                std::int64_t now_us) {
  std::variant<Secret, Failed> assertion;
  if (client.is_signing) {
    assertion = assertion_of(client, who, now_us / kSecondUs);
  }
  if (auto* const failed = std::get_if<Failed>(&assertion)) {
    return std::move(*failed);
  }
  auto body = body_of(client, who, grant, std::get<Secret>(assertion).reveal());
  if (!body) {
    return fail_of(body.error());
  }
  Call call;
  call.method = "POST";
  call.url = client.token_url;
  call.fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  call.fields.push_back({"Accept", "application/json"});
  if (client.is_basic) {
    auto credentials = basic_credentials(who.id(), who.key().reveal());
    if (!credentials) {
      return fail_of(credentials.error());
    }
    call.fields.push_back({"Authorization", std::move(*credentials)});
  }
  call.body = std::move(*body);
  return call;
}

Step spending_call(const TokenClient& client,
                   const ClientReading& who,
                   const Secret& grant,
                   std::int64_t now_us) {
  Step step = token_call(client, who, grant, now_us);
  if (auto* const call = std::get_if<Call>(&step)) {
    call->is_spending = true;
  }
  return step;
}

Done done_with(std::span<const std::string> keys,
               const Secret& token,
               std::int64_t minted_us,
               std::optional<std::int64_t> expires_at) {
  Done done;
  for (const std::string& key : keys) {
    done.values.push_back({key, token.share(), std::to_string(minted_us), expires_at});
  }
  return done;
}

std::variant<Secret, Failed> own_value(Answer answer) {
  const bool is_read =
      std::holds_alternative<EntryAnswer>(answer) || std::holds_alternative<base::Error>(answer);
  return is_read ? read_own_value(answer) : fail(FetchFault::unavailable, "unexpected");
}

}  // namespace keyswap::vault
