// SPDX-License-Identifier: Apache-2.0
//
// What a record of the audit log can say: closed structs with closed enumerations, and names. There
// is no field for a header value, a query, a body or free text, so a secret cannot get in (I1).
// encode_body() is the canonical encoding of docs/audit-format.md; seq, prev and hash are added by
// the one writer (audit/chain.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/bounds.h"
#include "proxy/base/cause.h"

namespace keyswap::audit {

// Bounds of the encoded texts (I10); a vault entry's name has at most 128 characters.
inline constexpr std::size_t kWordBytesMax = 64;   // ids, hex, addresses, schemes, versions
inline constexpr std::size_t kNameBytesMax = 256;  // hosts, secrets, callers
inline constexpr std::size_t kPathBytesMax = base::bounds::kAuditPathBytesMax;
inline constexpr std::size_t kFactsBytesMax = base::bounds::kFactsBytesMax;

enum class Decision : std::uint8_t { allowed, pass, denied, refused };

// Contract 6, closed. The status that goes with a refusal is in proxy/flow/reply.cc.
enum class Reason : std::uint8_t {
  binding_matched,
  no_placeholder,
  destination_not_in_binding,
  binding_scope_violation,
  untargeted_location,
  insecure_scheme,
  max_forwards_reached,
  bindings_shown,
  malformed_request,
  ambiguous_placeholder_match,
  duplicate_credential_header,
  unmatched_destination,
  address_blocked,
  self_destination,
  endpoint_blocked,
  order_limit_exceeded,
  caller_not_allowed,
  caller_required,
  user_not_allowed,
  origin_not_allowed,
  client_timeout,
  body_too_large,
  target_too_long,
  expectation_failed,
  identity_mismatch,
  rate_limited,
  quota_exceeded,
  header_too_large,
  method_not_supported,
  upgrade_not_supported,
  signature_form_not_supported,
  upstream_dns_failed,
  upstream_connect_failed,
  upstream_tls_failed,
  upstream_protocol_error,
  secret_unavailable,
  audit_unavailable,
  limits_unavailable,
  too_busy,
  shutting_down,
  upstream_timeout,
  leaf_unavailable,
  real_secret_sent,
  vault_locked,
  no_binding_in_notes,
  invalid_binding_metadata,
  host_not_in_allowlist,
  body_not_allowed,
  model_not_allowed,
  tool_not_allowed,
  prompt_too_large,
  budget_exceeded,
  approval_pending,
  approval_required,
  approval_denied,
  approval_unknown,
  approval_mismatch,
  approval_used,
  approval_expired,
  too_many_held,
};

std::string_view to_string(Decision decision);
std::string_view to_string(Reason reason);
// The value of that name, or nothing: for reading records back.
std::optional<Decision> parse_decision(std::string_view name);
std::optional<Reason> parse_reason(std::string_view name);

struct ClientRef {
  std::string_view address;  // "127.0.0.1:50312"
  std::optional<std::uint32_t> uid;
  std::string_view caller;  // "" none
  // Its own signature was not made with the placeholder secret (where a binding looks at that).
  bool is_unproven = false;
};

struct DestinationRef {
  std::string_view host;
  std::uint16_t port = 0;
  std::string_view method;
  std::string_view path;  // without query; secrets and placeholders already shown as <NAME>
};

// What an order that was judged was about.
struct OrderRef {
  std::string_view symbol;
  std::string_view side;
  std::string_view type;
  // USD times 10^8; encoded as "value_usd" with eight decimals; nothing: null, not known.
  std::optional<std::uint64_t> value_e8 = std::nullopt;
};

// One per request on an intercepted connection (type "inject_decision") or per tunnel (type
// "tunnel").
struct DecisionRecord {
  bool is_tunnel = false;
  std::int64_t ts_us = 0;
  std::string_view request_id;
  Decision decision = Decision::refused;
  Reason reason = Reason::malformed_request;
  std::string_view secret;  // name, "" none
  std::string_view scheme;  // of the injection, "" none
  ClientRef client;
  DestinationRef destination;
  std::string_view bindings_sha256;  // hex
  std::optional<OrderRef> order = std::nullopt;
  // Of a refusal: what was seen, as base::Failure has it; none: left out.
  base::Cause cause = base::Cause::none;
  std::string_view facts = {};
  std::uint64_t count = 1;  // so many refusals of one client, of which this was the last
  // It was signed for the upstream's time, which is so much later than this machine's; 0: for this
  // machine's, left out.
  std::int64_t clock_shift_ms = 0;
};

// How a request ended that had a decision other than "refused" (type "upstream_response").
enum class Outcome : std::uint8_t {
  complete,                 // the whole response was passed on
  client_gone,              // the client left before its end
  client_timeout,           // the client took nothing more of it
  truncated,                // the upstream ended in the middle of the body
  upstream_protocol_error,  // its answer was not HTTP/1.1, or it closed without one: state unknown
  upstream_timeout,         // no answer in time: state unknown
  upstream_tls_failed,      // TLS with it ended before an answer: state unknown
  unknown,                  // we stopped before it ended
  sent_again,               // its connection had rested, and ended without an answer: once more
  not_sent,                 // not a byte of it left: nobody can have acted on it
};

std::string_view to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view name);

// A secret that came back in an answer, and did not go on (I8).
struct ScrubbedRef {
  std::string_view secret;    // name
  std::string_view where;     // "head", "body", "message"
  std::string_view encoding;  // "plain", "hex", "base64", "escaped"
  std::uint64_t count = 0;
};

struct ResponseRecord {
  std::int64_t ts_us = 0;
  std::string_view request_id;
  int status = 0;  // the upstream's; 0: there was none
  Outcome outcome = Outcome::unknown;
  std::uint64_t bytes = 0;       // of the response body (of both ways, for a tunnel)
  std::int64_t duration_us = 0;  // encoded as "ms" with three decimals
  std::string_view upstream_ip;
  std::string_view tls;                   // "TLSv1.3", "" without TLS
  std::string_view spki_sha256;           // hex, "" without TLS
  base::Cause cause = base::Cause::none;  // what was seen of a failure; none: left out
  std::string_view facts = {};
  // At most bounds::kFindingsMax; none: left out.
  std::span<const ScrubbedRef> scrubbed = {};
};

// Who ended a client's TLS handshake, by an alert or without one.
enum class AlertBy : std::uint8_t { client, keyswap, nobody };

std::string_view to_string(AlertBy by);
std::optional<AlertBy> parse_alert_by(std::string_view name);

// A client that did not come to TLS with us, most often because it does not trust our CA. One
// record stands for `count` such handshakes of one address, host and alert.
struct ClientTlsFailedRecord {
  std::int64_t ts_us = 0;
  ClientRef client;  // the last of them
  std::string_view host;
  // The alert's name ("unknown_ca"); "closed", "reset" or "timed_out" where there was none.
  std::string_view alert;
  AlertBy by = AlertBy::nobody;
  std::uint64_t count = 1;
};

// Somebody sent the placeholder of a honeytoken, which nobody has a use for. It follows the
// decision that the request had, and says its reason.
struct HoneytokenRecord {
  std::int64_t ts_us = 0;
  std::string_view request_id;
  Reason reason = Reason::destination_not_in_binding;
  std::string_view secret;  // the honeytoken's name
  ClientRef client;
  DestinationRef destination;
};

// A client sent the real value of a secret, whose placeholder it is to send. It follows the
// decision that the request had when that was seen, and says its reason.
struct RealSecretRecord {
  std::int64_t ts_us = 0;
  std::string_view request_id;
  Reason reason = Reason::no_placeholder;
  std::string_view secret;    // the vault entry's name
  std::string_view where;     // "method", "path", "query", "header", "body"
  std::string_view encoding;  // as ScrubbedRef's
  ClientRef client;
  DestinationRef destination;
};

// What an upstream's clock is like, beside this machine's.
enum class ClockEvent : std::uint8_t {
  differs,  // by more than bounds::kClockNoticedMs
  too_far,  // by more than bounds::kClockFollowedMs: it is never followed
  agrees,   // again
};

std::string_view to_string(ClockEvent event);
std::optional<ClockEvent> parse_clock_event(std::string_view name);

// An upstream's clock differs from this machine's, or does no more (type "upstream_clock").
struct UpstreamClockRecord {
  std::int64_t ts_us = 0;
  ClockEvent event = ClockEvent::differs;
  std::string_view host;
  std::uint16_t port = 0;
  std::int64_t offset_ms = 0;  // its time less this machine's
  std::int64_t error_ms = 0;   // by so much that may be wrong
};

struct StartRecord {
  std::int64_t ts_us = 0;
  std::string_view version;
  std::uint32_t pid = 0;
  std::string_view bindings_sha256;
  std::string_view ca_sha256;    // of the CA certificate, hex
  std::string_view signing_key;  // Ed25519 public key of the checkpoints, hex
};

struct StopRecord {
  std::int64_t ts_us = 0;
};

struct ReloadRecord {
  std::int64_t ts_us = 0;
  bool accepted = false;
  std::string_view bindings_sha256;  // now in force
  // Of the CA certificate now in force; "": left out, as before it was recorded.
  std::string_view ca_sha256 = {};
};

// The operator goes on with this log although another one, or more of this one, was there once
// (audit/head.h). It names the end of what was lost, as the vault knew it.
struct LossAcceptedRecord {
  std::int64_t ts_us = 0;
  std::string_view log;  // the lost log's id, hex
  std::uint64_t seq = 0;
  std::string_view hash;  // of record `seq`, hex
};

// Why nothing of the vault is given out any more.
enum class VaultFault : std::uint8_t {
  replaced,       // another file has its name
  older,          // it is what it was before
  damaged,        // it fails its checks
  unreadable,     // it cannot be read
  unread,         // it could not be read for too long, because others held it
  head_not_kept,  // the log's head could not be kept in it for too long
  not_approved,   // the policy in force is approved no more, and the approved one cannot be had
};

std::string_view to_string(VaultFault fault);
std::optional<VaultFault> parse_vault_fault(std::string_view name);

// From here on no secret is used, and no caller's token counts.
struct VaultLockedRecord {
  std::int64_t ts_us = 0;
  VaultFault why = VaultFault::damaged;
};

// That is over: what the vault holds is in force.
struct VaultReadableRecord {
  std::int64_t ts_us = 0;
};

// What became of a policy's approval (I17).
enum class ApprovalEvent : std::uint8_t {
  first,    // the home never had one: what was there is approved as it was
  renewed,  // another policy was approved, and comes into force
  refused,  // the file is another than the approved one; what is in force stays
};

std::string_view to_string(ApprovalEvent event);
std::optional<ApprovalEvent> parse_approval_event(std::string_view name);

// A policy that was to come into force (type "approval").
struct ApprovalRecord {
  std::int64_t ts_us = 0;
  ApprovalEvent event = ApprovalEvent::renewed;
  std::uint64_t number = 0;          // of the approved policy
  std::string_view bindings_sha256;  // of the file that was read
};

// A backup took the home's place (type "restored"): what was taken back since it was made counts
// again.
struct RestoredRecord {
  std::int64_t ts_us = 0;
  std::string_view at;               // when that was, which may be before the record
  std::string_view backup_sha256;    // of the backup's file, hex
  std::string_view bindings_sha256;  // of the bindings that came back, hex
};

// What became of a credential that is had elsewhere.
enum class FetchEvent : std::uint8_t {
  fetched,
  minted,
  refreshed,
  rotation_pending,
  rotated,
  rotation_conflict,
  rotation_failed,
  captured,
  login,
  note,  // what its note says of where it may go is another; `outcome`: what counts of it now
};

std::string_view to_string(FetchEvent event);
std::optional<FetchEvent> parse_fetch_event(std::string_view name);
// The type of the record that tells of it.
std::string_view type_of(FetchEvent event);

// A source gave a credential, or did not (types "secret_fetched", "token_exchange" of what was made
// for us alone, "token_rotation" of what replaces itself). Never its value.
struct SecretFetchedRecord {
  std::int64_t ts_us = 0;
  FetchEvent event = FetchEvent::fetched;
  std::string_view secret = {};   // its name, or the one it has at its source
  std::string_view source = {};   // the key of the entry under `sources`
  std::string_view kind = {};     // of that source
  std::string_view version = {};  // digits of a digest; "" it has none
  std::optional<std::int64_t> expires_at = std::nullopt;
  std::string_view outcome = {};  // "ok", or why not, of closed words
  std::int64_t duration_us = 0;
  bool used_default_expiry = false;  // its source does not say when it ends
};

// The operator had what sources gave dropped: the next request that needs it fetches anew.
struct SourceFlushedRecord {
  std::int64_t ts_us = 0;
  std::string_view source = {};  // as above; "" all of them
  std::uint64_t values = 0;      // that were kept, and are no more
};

// Written by the log itself after a torn tail: what was cut off went to `moved_to`.
struct RecoveredRecord {
  std::int64_t ts_us = 0;
  std::uint64_t bytes = 0;
  std::string_view moved_to;  // file name in the audit folder
};

// Written by the log itself when it is opened, right behind records that no checkpoint covers: a
// crash leaves such, and so does whoever can write the folder (I7). The next checkpoint signs them
// together with this record.
struct UnsignedFoundRecord {
  std::int64_t ts_us = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;  // of the record before this one
};

// The part of a line between seq and prev: `"ts":"2026-11-22T02:25:09.123456Z","type":...` without
// braces, appended to `out`. With what is added to make it a line it is at most
// bounds::kAuditRecordBytesMax: each text has a bound (docs/audit-format.md) on its encoded length,
// and what is longer is cut with "...". Bytes that are not printable ASCII are escaped (\u00xx;
// bytes above 0x7e as the code point of their value), so a line is always one line of valid JSON. A
// path ends at its first '?' or '#', whatever the caller handed in.
void encode_body(const DecisionRecord& record, std::string& out);
void encode_body(const ResponseRecord& record, std::string& out);
void encode_body(const ClientTlsFailedRecord& record, std::string& out);
void encode_body(const HoneytokenRecord& record, std::string& out);
void encode_body(const RealSecretRecord& record, std::string& out);
void encode_body(const UpstreamClockRecord& record, std::string& out);
void encode_body(const StartRecord& record, std::string& out);
void encode_body(const StopRecord& record, std::string& out);
void encode_body(const ReloadRecord& record, std::string& out);
void encode_body(const ApprovalRecord& record, std::string& out);
void encode_body(const RestoredRecord& record, std::string& out);
void encode_body(const SecretFetchedRecord& record, std::string& out);
void encode_body(const SourceFlushedRecord& record, std::string& out);
void encode_body(const RecoveredRecord& record, std::string& out);
void encode_body(const UnsignedFoundRecord& record, std::string& out);
void encode_body(const LossAcceptedRecord& record, std::string& out);
void encode_body(const VaultLockedRecord& record, std::string& out);
void encode_body(const VaultReadableRecord& record, std::string& out);

}  // namespace keyswap::audit
