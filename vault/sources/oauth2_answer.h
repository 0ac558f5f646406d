// SPDX-License-Identifier: Apache-2.0
//
// The answer of a token endpoint (RFC 6749 sections 5.1 and 5.2), read strictly, in locked memory
// (I1). What it says of an error is told by its code alone, and by that only if it is a known one:
// its texts are somebody else's, and go nowhere. GitHub and Slack say an error with status 200; so
// whether there is one is looked at first.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "vault/json.h"
#include "vault/secret.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// Outcomes that say that a person has not logged in yet (RFC 8628 section 3.5).
inline constexpr std::string_view kPending = "token_endpoint_error:authorization_pending";
inline constexpr std::string_view kSlowDown = "token_endpoint_error:slow_down";

// That the grant is not taken: of an assertion also that its time is not the server's (RFC 7521
// section 4.1.1).
inline constexpr std::string_view kInvalidGrant = "token_endpoint_error:invalid_grant";

// That the client is not taken for who it says it is: of one that signs also for its clock.
inline constexpr std::string_view kInvalidClient = "token_endpoint_error:invalid_client";

struct TokenAnswer {
  Secret access;
  // The one for the next time, if the answer has one.
  std::optional<Secret> refresh;
  // It has one that nobody could send: `refresh` is nothing.
  bool is_refresh_malformed = false;
  std::optional<std::int64_t> expires_in_s;
  // It says what kind of token that is. (It has to, and some do not.)
  bool has_type = false;
  // Why there is no access token that could be used; only of read_grant_answer.
  std::optional<Failed> fault;
};

// Of the Call; any other answer is `unexpected`. A refusal of what the client was given is
// `needs_login` ("token_endpoint_error:invalid_grant"), one of the client itself `auth_lost`; a
// status without a known code is told as "token_endpoint_status:404".
std::variant<TokenAnswer, Failed> read_token_answer(Answer answer);

// The same for whoever keeps the refresh token: where there is one, it is told whatever is wrong
// with the access token beside it.
std::variant<TokenAnswer, Failed> read_grant_answer(Answer answer);

// The same of an answer that has something else than a token in it: its JSON, or why there is none.
std::variant<JsonText, Failed> read_endpoint_answer(Answer answer);

// Does that outcome say that a person has to log in again?
bool is_login_over(std::string_view outcome);

// Can it be one that a server will take again: 8 to 4096 printable characters?
bool is_refresh_token(std::string_view text);

// The answer to a Call that is no success, where nothing is known of its body.
Failed fail_of_token_status(const CallAnswer& answer);

}  // namespace keyswap::vault
