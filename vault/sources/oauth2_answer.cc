// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/oauth2_answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

#include "proxy/base/bytes.h"
#include "vault/json.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kErrorBytesMax = 64;
constexpr std::size_t kAccessBytesMax = std::size_t{16} * 1024;  // Entra's have some thousands
constexpr std::size_t kRefreshBytesMin = 8;
constexpr std::size_t kRefreshBytesMax = 4096;
constexpr std::int64_t kLifeMaxS = 10LL * 366 * 24 * 3600;

struct KnownError {
  std::string_view code;
  std::string_view outcome;
  FetchFault fault;
};

// RFC 6749 section 5.2, RFC 8628 section 3.5, and what GitHub (docs.github.com, "Troubleshooting
// OAuth App access token request errors", "Authorizing OAuth apps") and Slack (docs.slack.dev,
// "oauth.v2.access") say in their place.
constexpr auto kErrors = std::to_array<KnownError>({
    {"invalid_grant", kInvalidGrant, FetchFault::needs_login},
    {"bad_refresh_token", "token_endpoint_error:bad_refresh_token", FetchFault::needs_login},
    {"invalid_refresh_token",
     "token_endpoint_error:invalid_refresh_token",
     FetchFault::needs_login},
    {"token_expired", "token_endpoint_error:token_expired", FetchFault::needs_login},
    {"token_revoked", "token_endpoint_error:token_revoked", FetchFault::needs_login},
    {"expired_token", "token_endpoint_error:expired_token", FetchFault::needs_login},
    {"authorization_pending", kPending, FetchFault::unavailable},
    {"device_flow_disabled", "token_endpoint_error:device_flow_disabled", FetchFault::auth_lost},
    {"invalid_client", kInvalidClient, FetchFault::auth_lost},
    {"invalid_client_id", "token_endpoint_error:invalid_client_id", FetchFault::auth_lost},
    {"bad_client_secret", "token_endpoint_error:bad_client_secret", FetchFault::auth_lost},
    {"incorrect_client_credentials",
     "token_endpoint_error:incorrect_client_credentials",
     FetchFault::auth_lost},
    {"unauthorized_client", "token_endpoint_error:unauthorized_client", FetchFault::auth_lost},
    {"access_denied", "token_endpoint_error:access_denied", FetchFault::auth_lost},
    {"invalid_request", "token_endpoint_error:invalid_request", FetchFault::bad_answer},
    {"invalid_scope", "token_endpoint_error:invalid_scope", FetchFault::bad_answer},
    {"invalid_target", "token_endpoint_error:invalid_target", FetchFault::bad_answer},
    {"unsupported_grant_type",
     "token_endpoint_error:unsupported_grant_type",
     FetchFault::bad_answer},
    {"server_error", "token_endpoint_error:server_error", FetchFault::unavailable},
    {"temporarily_unavailable",
     "token_endpoint_error:temporarily_unavailable",
     FetchFault::unavailable},
    {"slow_down", kSlowDown, FetchFault::unavailable},
    {"ratelimited", "token_endpoint_error:ratelimited", FetchFault::unavailable},
});

bool is_asked_again(int status) {
  return status == 408 || status == 429 || status >= 500;
}

// What a body says of an error; nothing: it says of none.
std::optional<Failed> error_in(JsonView root, const CallAnswer& answer) {
  const JsonView error = root.member("error");
  const JsonView ok = root.member("ok");
  const bool is_refused = ok.is(JsonKind::boolean) && !ok.is_true();
  if (!is_refused && (error.is(JsonKind::none) || error.is(JsonKind::null))) {
    return std::nullopt;
  }
  const auto code = error.plain_text(kErrorBytesMax);
  const auto* const known =
      code ? std::ranges::find(kErrors, *code, &KnownError::code) : kErrors.end();
  Failed failed = known == kErrors.end()
                      ? fail(FetchFault::bad_answer, "token_endpoint_error:other")
                      : fail(known->fault, known->outcome);
  failed.retry_after_ms = answer.retry_after_ms;
  return failed;
}

bool is_visible(std::string_view text, char first) {
  return std::ranges::all_of(text, [first](char c) { return c >= first && c <= '~'; });
}

bool is_access_token(std::string_view text) {
  return !text.empty() && text.size() <= kAccessBytesMax && is_visible(text, '!');
}

// Some write the number as a text. False: it is none.
bool read_life(JsonView value, std::optional<std::int64_t>& life_s) {
  if (value.is(JsonKind::none) || value.is(JsonKind::null)) {
    return true;
  }
  life_s = value.integer();
  if (const auto text = value.plain_text(kErrorBytesMax)) {
    std::int64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, number);
    life_s = read.ec == std::errc{} && read.ptr == end ? std::optional(number) : std::nullopt;
  }
  return life_s && *life_s > 0 && *life_s <= kLifeMaxS;
}

// False: there was no locked memory for it.
bool read_refresh(JsonView value, TokenAnswer& token) {
  if (value.is(JsonKind::none) || value.is(JsonKind::null)) {
    return true;
  }
  auto text = value.text();
  if (!text && text.error().code == base::Errc::unavailable) {
    return false;
  }
  if (text && text->size() == 0) {
    return true;  // as good as none
  }
  token.is_refresh_malformed = !text || !is_refresh_token(text->reveal());
  if (!token.is_refresh_malformed) {
    token.refresh = std::move(*text);
  }
  return true;
}

// Slack says whose the token is, and means a bearer's (docs.slack.dev, "oauth.v2.access").
bool is_bearer(JsonView type, bool is_slack) {
  const auto text = type.plain_text(kErrorBytesMax);
  return text && (base::equal_ignoring_case(*text, "bearer") ||
                  (is_slack && (*text == "bot" || *text == "user")));
}

// What is wrong with the access token, if something is.
std::optional<Failed> read_access(JsonView root, TokenAnswer& token) {
  const JsonView type = root.member("token_type");
  token.has_type = !type.is(JsonKind::none);
  if (token.has_type && !is_bearer(type, root.member("ok").is_true())) {
    return fail(FetchFault::bad_answer, "unsupported_token_type");
  }
  auto access = root.member("access_token").text();
  if (!access) {
    return access.error().code == base::Errc::unavailable
               ? fail_of(access.error())
               : fail(FetchFault::bad_answer, "malformed");
  }
  if (!is_access_token(access->reveal()) ||
      !read_life(root.member("expires_in"), token.expires_in_s)) {
    return fail(FetchFault::bad_answer, "malformed");
  }
  token.access = std::move(*access);
  return std::nullopt;
}

// The refresh token first: it may be the only one that is good from now on.
std::variant<TokenAnswer, Failed> read_grant(JsonView root) {
  TokenAnswer token;
  if (!read_refresh(root.member("refresh_token"), token)) {
    return fail(FetchFault::no_room, "no_room");
  }
  token.fault = read_access(root, token);
  if (token.fault && !token.refresh) {
    return *std::move(token.fault);
  }
  return token;
}

}  // namespace

bool is_login_over(std::string_view outcome) {
  const auto* const known = std::ranges::find(kErrors, outcome, &KnownError::outcome);
  return known != kErrors.end() && known->fault == FetchFault::needs_login;
}

bool is_refresh_token(std::string_view text) {
  return text.size() >= kRefreshBytesMin && text.size() <= kRefreshBytesMax &&
         is_visible(text, ' ');
}

Failed fail_of_token_status(const CallAnswer& answer) {
  Failed failed = fail(is_asked_again(answer.status) ? FetchFault::unavailable
                       : answer.status == 401        ? FetchFault::auth_lost
                                                     : FetchFault::bad_answer,
                       "token_endpoint_status:" + std::to_string(answer.status));
  failed.retry_after_ms = answer.retry_after_ms;
  return failed;
}

std::variant<JsonText, Failed> read_endpoint_answer(Answer answer) {
  if (const auto* const error = std::get_if<base::Error>(&answer)) {
    return fail_of(*error);
  }
  auto* const call = std::get_if<CallAnswer>(&answer);
  if (call == nullptr) {
    return fail(FetchFault::unavailable, "unexpected");
  }
  // A redirect is not followed: where it leads nobody named.
  if (is_asked_again(call->status) || (call->status >= 300 && call->status < 400)) {
    return fail_of_token_status(*call);
  }
  auto json = JsonText::read(call->body.share());
  if (json) {
    if (auto failed = error_in(json->root(), *call)) {
      return std::move(*failed);
    }
  }
  // RFC 6749 says 200; but what another success gives out is given out (I13).
  if (call->status < 200 || call->status >= 300) {
    return fail_of_token_status(*call);
  }
  if (!json) {
    return json.error().code == base::Errc::unavailable ? fail_of(json.error())
                                                        : fail(FetchFault::bad_answer, "malformed");
  }
  return std::move(*json);
}

std::variant<TokenAnswer, Failed> read_grant_answer(Answer answer) {
  const auto read = read_endpoint_answer(std::move(answer));
  const auto* const failed = std::get_if<Failed>(&read);
  return failed == nullptr ? read_grant(std::get<JsonText>(read).root()) : *failed;
}

std::variant<TokenAnswer, Failed> read_token_answer(Answer answer) {
  auto read = read_grant_answer(std::move(answer));
  auto* const token = std::get_if<TokenAnswer>(&read);
  if (token != nullptr && token->fault) {
    return *std::move(token->fault);
  }
  return read;
}

}  // namespace keyswap::vault
