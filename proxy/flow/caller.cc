// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/caller.h"

#include <algorithm>

#include "proxy/base/bytes.h"
#include "vault/caller_token.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr std::string_view kBasic = "basic";

// The field's value if there is exactly one.
std::optional<std::string_view> only_value(const http::RequestHead& head, std::string_view name) {
  const http::Field* const field = head.fields.find(name);
  if (field == nullptr || head.fields.count(name) != 1) {
    return std::nullopt;
  }
  return field->value;
}

std::optional<CallerClaim> claim_of(std::string_view token) {
  const auto name = vault::caller_of_token(token);
  if (!name) {
    return std::nullopt;
  }
  return CallerClaim{std::string(*name), vault::caller_token_digest(token)};
}

bool is_listed(std::string_view caller, const std::vector<std::string>& callers) {
  return std::ranges::find(callers, caller) != callers.end();
}

}  // namespace

std::optional<CallerClaim> proxy_claim(const http::RequestHead& head) {
  auto value = only_value(head, "proxy-authorization");
  if (!value || value->size() <= kBasic.size() ||
      !base::equal_ignoring_case(value->substr(0, kBasic.size()), kBasic) ||
      (*value)[kBasic.size()] != ' ') {
    return std::nullopt;
  }
  value->remove_prefix(std::min(value->find_first_not_of(' ', kBasic.size()), value->size()));
  auto decoded = base::from_base64(*value);
  if (!decoded) {
    return std::nullopt;
  }
  const std::string_view pair = *decoded;
  const auto colon = std::min(pair.find(':'), pair.size());
  auto claim = claim_of(pair.substr(std::min(colon + 1, pair.size())));
  if (claim && claim->name != pair.substr(0, colon)) {
    claim.reset();  // another caller's token
  }
  base::wipe(decoded->data(), decoded->size());
  return claim;
}

std::optional<CallerClaim> route_claim(const http::RequestHead& head) {
  const auto value = only_value(head, "keyswap-caller");
  return value ? claim_of(*value) : std::nullopt;
}

std::optional<Reason> check_proxy_caller(std::string_view caller,
                                         const LocalUser& user,
                                         const bindings::Bindings& bindings) {
  if (!bindings.callers.empty()) {
    return check_route_caller(caller, bindings);
  }
  const bool may_come = !caller.empty() || user.is_own || bindings.allow_users.has(user.number);
  return may_come ? std::nullopt : std::optional(Reason::user_not_allowed);
}

std::optional<Reason> check_route_caller(std::string_view caller,
                                         const bindings::Bindings& bindings) {
  if (caller.empty()) {
    return Reason::caller_required;
  }
  const bool may_come = bindings.callers.empty() || is_listed(caller, bindings.callers);
  return may_come ? std::nullopt : std::optional(Reason::caller_not_allowed);
}

bool serves(const bindings::Scope& scope, std::string_view caller) {
  return scope.callers.empty() || is_listed(caller, scope.callers);
}

bool is_loopback(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  const auto v4 = address.substr(address.starts_with(kMapped) ? kMapped.size() : 0);
  // "127.example.com" is a name.
  const bool is_number = v4.find_first_not_of("0123456789.") == std::string_view::npos;
  return address == "::1" || (is_number && v4.starts_with("127."));
}

}  // namespace keyswap::flow
