// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/oauth2_client.h"

#include <utility>

#include "bindings/basic_text.h"
#include "bindings/percent_text.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

using base::Result;

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

// The form of the grant, and what else is asked for.
Result<Secret> body_of(const TokenClient& client, const ClientReading& who, const Secret& grant) {
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
    add("client_secret", who.secret());
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
      is_basic(setting_text(spec, "auth") == "basic" && !secret.empty()) {}

Step ClientReading::begin() {
  id_.reset();
  secret_.reset();
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
  auto& place = id_ ? secret_ : id_;
  place = std::get<Secret>(std::move(value));
  const bool is_whole = secret_.has_value() || client_->secret.empty();
  return is_whole ? std::nullopt : std::optional<Step>(read_own(client_->secret));
}

std::string_view ClientReading::id() const {
  KS_ASSERT(id_.has_value());
  return id_->reveal();
}

std::string_view ClientReading::secret() const {
  return secret_ ? secret_->reveal() : std::string_view();
}

Step token_call(const TokenClient& client, const ClientReading& who, const Secret& grant) {
  auto body = body_of(client, who, grant);
  if (!body) {
    return fail_of(body.error());
  }
  Call call;
  call.method = "POST";
  call.url = client.token_url;
  call.fields.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  call.fields.push_back({"Accept", "application/json"});
  if (client.is_basic) {
    auto credentials = basic_credentials(who.id(), who.secret());
    if (!credentials) {
      return fail_of(credentials.error());
    }
    call.fields.push_back({"Authorization", std::move(*credentials)});
  }
  call.body = std::move(*body);
  return call;
}

Step spending_call(const TokenClient& client, const ClientReading& who, const Secret& grant) {
  Step step = token_call(client, who, grant);
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
