// SPDX-License-Identifier: Apache-2.0
#include "audit/line_types.h"

#include <array>

namespace keyswap::audit {

namespace {

constexpr std::array kDecisionFields{
    LineField{R"(,"request_id":)", LineValue::request_id},
    LineField{R"(,"decision":)", LineValue::decision},
    LineField{R"(,"reason":)", LineValue::reason},
    LineField{R"(,"cause":)", LineValue::cause, Presence::optional},
    LineField{R"(,"facts":)", LineValue::facts, Presence::with_previous},
    LineField{R"(,"secret":)", LineValue::name_or_null},
    LineField{R"(,"scheme":)", LineValue::word_or_null},
    LineField{R"(,"client":{"addr":)", LineValue::word},
    LineField{R"(,"uid":)", LineValue::user, Presence::optional},
    LineField{R"(,"caller":)", LineValue::given_name, Presence::optional},
    LineField{R"(,"unproven":)", LineValue::truth, Presence::optional},
    LineField{R"(},"destination":{"host":)", LineValue::name},
    LineField{R"(,"port":)", LineValue::port},
    LineField{R"(,"method":)", LineValue::word},
    LineField{R"(,"path":)", LineValue::path},
    LineField{R"(},"order":{"symbol":)", LineValue::word, Presence::optional},
    LineField{R"(,"side":)", LineValue::word, Presence::with_previous},
    LineField{R"(,"type":)", LineValue::word, Presence::with_previous},
    LineField{R"(,"value_usd":)", LineValue::word_or_null, Presence::with_previous},
    LineField{R"(},"bindings_sha256":)", LineValue::word},
    LineField{R"(,"count":)", LineValue::several, Presence::optional},
    LineField{R"(,"clock_shift_ms":)", LineValue::shift, Presence::optional},
};
constexpr std::array kResponseFields{
    LineField{R"(,"request_id":)", LineValue::request_id},
    LineField{R"(,"status":)", LineValue::status},
    LineField{R"(,"outcome":)", LineValue::outcome},
    LineField{R"(,"cause":)", LineValue::cause, Presence::optional},
    LineField{R"(,"facts":)", LineValue::facts, Presence::with_previous},
    LineField{R"(,"bytes":)", LineValue::number},
    LineField{R"(,"ms":)", LineValue::milliseconds},
    LineField{R"(,"upstream":{"ip":)", LineValue::word_or_null},
    LineField{R"(,"tls":)", LineValue::word_or_null},
    LineField{R"(,"spki_sha256":)", LineValue::word_or_null},
    LineField{"}", LineValue::nothing},
    LineField{R"(,"scrubbed":[)", LineValue::scrubbed, Presence::optional},
};
constexpr std::array kClientTlsFailedFields{
    LineField{R"(,"client":{"addr":)", LineValue::word},
    LineField{R"(,"uid":)", LineValue::user, Presence::optional},
    LineField{R"(,"caller":)", LineValue::given_name, Presence::optional},
    LineField{R"(},"host":)", LineValue::name},
    LineField{R"(,"alert":)", LineValue::word},
    LineField{R"(,"by":)", LineValue::alert_by},
    LineField{R"(,"count":)", LineValue::number},
};
constexpr std::array kHoneytokenFields{
    LineField{R"(,"request_id":)", LineValue::request_id},
    LineField{R"(,"reason":)", LineValue::reason},
    LineField{R"(,"secret":)", LineValue::name},
    LineField{R"(,"client":{"addr":)", LineValue::word},
    LineField{R"(,"uid":)", LineValue::user, Presence::optional},
    LineField{R"(,"caller":)", LineValue::given_name, Presence::optional},
    LineField{R"(,"unproven":)", LineValue::truth, Presence::optional},
    LineField{R"(},"destination":{"host":)", LineValue::name},
    LineField{R"(,"port":)", LineValue::port},
    LineField{R"(,"method":)", LineValue::word},
    LineField{R"(,"path":)", LineValue::path},
    LineField{"}", LineValue::nothing},
};
constexpr std::array kRealSecretFields{
    LineField{R"(,"request_id":)", LineValue::request_id},
    LineField{R"(,"reason":)", LineValue::reason},
    LineField{R"(,"secret":)", LineValue::name},
    LineField{R"(,"where":)", LineValue::word},
    LineField{R"(,"encoding":)", LineValue::word},
    LineField{R"(,"client":{"addr":)", LineValue::word},
    LineField{R"(,"uid":)", LineValue::user, Presence::optional},
    LineField{R"(,"caller":)", LineValue::given_name, Presence::optional},
    LineField{R"(,"unproven":)", LineValue::truth, Presence::optional},
    LineField{R"(},"destination":{"host":)", LineValue::name},
    LineField{R"(,"port":)", LineValue::port},
    LineField{R"(,"method":)", LineValue::word},
    LineField{R"(,"path":)", LineValue::path},
    LineField{"}", LineValue::nothing},
};
constexpr std::array kUpstreamClockFields{
    LineField{R"(,"event":)", LineValue::clock_event},
    LineField{R"(,"host":)", LineValue::name},
    LineField{R"(,"port":)", LineValue::port},
    LineField{R"(,"offset_ms":)", LineValue::signed_number},
    LineField{R"(,"error_ms":)", LineValue::amount},
};
constexpr std::array kStartFields{
    LineField{R"(,"version":)", LineValue::word},
    LineField{R"(,"pid":)", LineValue::process},
    LineField{R"(,"bindings_sha256":)", LineValue::word},
    LineField{R"(,"ca_sha256":)", LineValue::word},
    LineField{R"(,"signing_key":)", LineValue::word},
};
constexpr std::array kReloadFields{
    LineField{R"(,"accepted":)", LineValue::boolean},
    LineField{R"(,"bindings_sha256":)", LineValue::word},
    LineField{R"(,"ca_sha256":)", LineValue::word, Presence::optional},
};
constexpr std::array kApprovalFields{
    LineField{R"(,"event":)", LineValue::approval_event},
    LineField{R"(,"number":)", LineValue::number},
    LineField{R"(,"bindings_sha256":)", LineValue::word},
};
constexpr std::array kManagedFields{
    LineField{R"(,"action":)", LineValue::word},
    LineField{R"(,"outcome":)", LineValue::word},
    LineField{R"(,"object":)", LineValue::name_or_null},
    LineField{R"(,"session":)", LineValue::word_or_null},
    LineField{R"(,"client":)", LineValue::word},
};
constexpr std::array kRestoredFields{
    LineField{R"(,"at":)", LineValue::word},
    LineField{R"(,"backup_sha256":)", LineValue::word},
    LineField{R"(,"bindings_sha256":)", LineValue::word},
};
constexpr std::array kSecretFetchedFields{
    LineField{R"(,"event":)", LineValue::fetch_event},
    LineField{R"(,"secret":)", LineValue::name},
    LineField{R"(,"source":)", LineValue::name},
    LineField{R"(,"kind":)", LineValue::word},
    LineField{R"(,"version":)", LineValue::word_or_null},
    LineField{R"(,"expires_at":)", LineValue::amount, Presence::optional},
    LineField{R"(,"used_default_expiry":)", LineValue::truth, Presence::optional},
    LineField{R"(,"outcome":)", LineValue::word},
    LineField{R"(,"ms":)", LineValue::milliseconds},
};
constexpr std::array kSourceFlushedFields{
    LineField{R"(,"source":)", LineValue::name_or_null},
    LineField{R"(,"values":)", LineValue::number},
};
constexpr std::array kRecoveredFields{
    LineField{R"(,"bytes":)", LineValue::number},
    LineField{R"(,"moved_to":)", LineValue::word},
};
constexpr std::array kUnsignedFields{
    LineField{R"(,"first_seq":)", LineValue::first_unsigned},
    LineField{R"(,"last_seq":)", LineValue::number},
};
constexpr std::array kLossFields{
    LineField{R"(,"log":)", LineValue::word},
    LineField{R"(,"last_seq":)", LineValue::number},
    LineField{R"(,"last_hash":)", LineValue::word},
};
constexpr std::array kVaultLockedFields{
    LineField{R"(,"why":)", LineValue::vault_fault},
};

constexpr std::array kTypes{
    LineType{"inject_decision", RecordType::inject_decision, kDecisionFields},
    LineType{"upstream_response", RecordType::upstream_response, kResponseFields},
    LineType{"tunnel", RecordType::tunnel, kDecisionFields},
    LineType{"client_tls_failed", RecordType::client_tls_failed, kClientTlsFailedFields},
    LineType{"honeytoken_triggered", RecordType::honeytoken_triggered, kHoneytokenFields},
    LineType{"real_secret_seen", RecordType::real_secret_seen, kRealSecretFields},
    LineType{"upstream_clock", RecordType::upstream_clock, kUpstreamClockFields},
    LineType{"start", RecordType::start, kStartFields},
    LineType{"stop", RecordType::stop, {}},
    LineType{"reload", RecordType::reload, kReloadFields},
    LineType{"approval", RecordType::approval, kApprovalFields},
    LineType{"restored", RecordType::restored, kRestoredFields},
    LineType{"secret_fetched", RecordType::secret_fetched, kSecretFetchedFields},
    LineType{"token_exchange", RecordType::token_exchange, kSecretFetchedFields},
    LineType{"token_rotation", RecordType::token_rotation, kSecretFetchedFields},
    LineType{"source_flushed", RecordType::source_flushed, kSourceFlushedFields},
    LineType{"managed", RecordType::managed, kManagedFields},
    LineType{"recovered", RecordType::recovered, kRecoveredFields},
    LineType{"unsigned_found", RecordType::unsigned_found, kUnsignedFields},
    LineType{"loss_accepted", RecordType::loss_accepted, kLossFields},
    LineType{"vault_locked", RecordType::vault_locked, kVaultLockedFields},
    LineType{"vault_readable", RecordType::vault_readable, {}},
};

}  // namespace

const LineType* find_type(std::string_view name) {
  for (const LineType& type : kTypes) {
    if (type.name == name) {
      return &type;
    }
  }
  return nullptr;
}

}  // namespace keyswap::audit
