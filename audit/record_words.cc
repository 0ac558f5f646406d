// SPDX-License-Identifier: Apache-2.0
//
// The closed words of records (audit/record.h), to write and to read them.
#include <algorithm>
#include <array>
#include <span>

#include "audit/record.h"
#include "proxy/base/assert.h"

namespace keyswap::audit {

namespace {

constexpr std::array<std::string_view, 4> kDecisionNames{"allowed", "pass", "denied", "refused"};

constexpr std::array<std::string_view, 60> kReasonNames{
    "binding_matched",
    "no_placeholder",
    "destination_not_in_binding",
    "binding_scope_violation",
    "untargeted_location",
    "insecure_scheme",
    "max_forwards_reached",
    "bindings_shown",
    "malformed_request",
    "ambiguous_placeholder_match",
    "duplicate_credential_header",
    "unmatched_destination",
    "address_blocked",
    "self_destination",
    "endpoint_blocked",
    "order_limit_exceeded",
    "caller_not_allowed",
    "caller_required",
    "user_not_allowed",
    "origin_not_allowed",
    "client_timeout",
    "body_too_large",
    "target_too_long",
    "expectation_failed",
    "identity_mismatch",
    "rate_limited",
    "quota_exceeded",
    "header_too_large",
    "method_not_supported",
    "upgrade_not_supported",
    "signature_form_not_supported",
    "upstream_dns_failed",
    "upstream_connect_failed",
    "upstream_tls_failed",
    "upstream_protocol_error",
    "secret_unavailable",
    "audit_unavailable",
    "limits_unavailable",
    "too_busy",
    "shutting_down",
    "upstream_timeout",
    "leaf_unavailable",
    "real_secret_sent",
    "vault_locked",
    "no_binding_in_notes",
    "invalid_binding_metadata",
    "host_not_in_allowlist",
    "body_not_allowed",
    "model_not_allowed",
    "tool_not_allowed",
    "prompt_too_large",
    "budget_exceeded",
    "approval_pending",
    "approval_required",
    "approval_denied",
    "approval_unknown",
    "approval_mismatch",
    "approval_used",
    "approval_expired",
    "too_many_held",
};
static_assert(kReasonNames.size() == static_cast<std::size_t>(Reason::too_many_held) + 1);

constexpr std::array<std::string_view, 10> kOutcomeNames{"complete",
                                                         "client_gone",
                                                         "client_timeout",
                                                         "truncated",
                                                         "upstream_protocol_error",
                                                         "upstream_timeout",
                                                         "upstream_tls_failed",
                                                         "unknown",
                                                         "sent_again",
                                                         "not_sent"};
static_assert(kOutcomeNames.size() == static_cast<std::size_t>(Outcome::not_sent) + 1);

constexpr std::array<std::string_view, 3> kApprovalEventNames{"first", "renewed", "refused"};
static_assert(kApprovalEventNames.size() == static_cast<std::size_t>(ApprovalEvent::refused) + 1);

constexpr std::array<std::string_view, 10> kFetchEventNames{"fetched",
                                                            "minted",
                                                            "refreshed",
                                                            "rotation_pending",
                                                            "rotated",
                                                            "rotation_conflict",
                                                            "rotation_failed",
                                                            "captured",
                                                            "login",
                                                            "note"};
static_assert(kFetchEventNames.size() == static_cast<std::size_t>(FetchEvent::note) + 1);

constexpr std::array<std::string_view, 3> kAlertByNames{"client", "keyswap", "nobody"};
static_assert(kAlertByNames.size() == static_cast<std::size_t>(AlertBy::nobody) + 1);

constexpr std::array<std::string_view, 3> kClockEventNames{"differs", "too_far", "agrees"};
static_assert(kClockEventNames.size() == static_cast<std::size_t>(ClockEvent::agrees) + 1);

constexpr std::array<std::string_view, 7> kVaultFaultNames{
    "replaced", "older", "damaged", "unreadable", "unread", "head_not_kept", "not_approved"};
static_assert(kVaultFaultNames.size() == static_cast<std::size_t>(VaultFault::not_approved) + 1);

template <typename Enum>
std::string_view name_of(Enum value, std::span<const std::string_view> names) {
  const auto index = static_cast<std::size_t>(value);
  KS_ASSERT(index < names.size());
  return names[index];
}

template <typename Enum>
std::optional<Enum> value_of(std::string_view name, std::span<const std::string_view> names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return std::nullopt;
  }
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(Decision decision) {
  return name_of(decision, kDecisionNames);
}

std::string_view to_string(Reason reason) {
  return name_of(reason, kReasonNames);
}

std::string_view to_string(Outcome outcome) {
  return name_of(outcome, kOutcomeNames);
}

std::optional<Decision> parse_decision(std::string_view name) {
  return value_of<Decision>(name, kDecisionNames);
}

std::optional<Reason> parse_reason(std::string_view name) {
  return value_of<Reason>(name, kReasonNames);
}

std::optional<Outcome> parse_outcome(std::string_view name) {
  return value_of<Outcome>(name, kOutcomeNames);
}

std::string_view to_string(AlertBy by) {
  return name_of(by, kAlertByNames);
}

std::optional<AlertBy> parse_alert_by(std::string_view name) {
  return value_of<AlertBy>(name, kAlertByNames);
}

std::string_view to_string(VaultFault fault) {
  return name_of(fault, kVaultFaultNames);
}

std::optional<VaultFault> parse_vault_fault(std::string_view name) {
  return value_of<VaultFault>(name, kVaultFaultNames);
}

std::string_view to_string(ClockEvent event) {
  return name_of(event, kClockEventNames);
}

std::optional<ClockEvent> parse_clock_event(std::string_view name) {
  return value_of<ClockEvent>(name, kClockEventNames);
}

std::string_view to_string(ApprovalEvent event) {
  return name_of(event, kApprovalEventNames);
}

std::optional<ApprovalEvent> parse_approval_event(std::string_view name) {
  return value_of<ApprovalEvent>(name, kApprovalEventNames);
}

std::string_view to_string(FetchEvent event) {
  return name_of(event, kFetchEventNames);
}

std::optional<FetchEvent> parse_fetch_event(std::string_view name) {
  return value_of<FetchEvent>(name, kFetchEventNames);
}

std::string_view type_of(FetchEvent event) {
  switch (event) {
    case FetchEvent::fetched:
    case FetchEvent::captured:
    case FetchEvent::login:
    case FetchEvent::note:
      return "secret_fetched";
    case FetchEvent::minted:
    case FetchEvent::refreshed:
      return "token_exchange";
    case FetchEvent::rotation_pending:
    case FetchEvent::rotated:
    case FetchEvent::rotation_conflict:
    case FetchEvent::rotation_failed:
      return "token_rotation";
  }
  KS_UNREACHABLE();
}

}  // namespace keyswap::audit
