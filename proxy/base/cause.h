// SPDX-License-Identifier: Apache-2.0
//
// What was seen when a connection or an answer failed: a cause of a closed list, and a few facts
// (names, dates, a bound). It goes into the client's answer, the audit log and the log on stderr,
// so nothing from the wire gets in unbounded or unescaped: the words are fixed when the program is
// compiled, and facts are made by Facts alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/error.h"

namespace keyswap::base {

enum class Cause : std::uint8_t {
  none,
  // the name and the way to it
  name_unknown,
  lookup_failed,
  lookup_timed_out,
  connection_refused,
  unreachable,
  connection_reset,
  connection_timed_out,
  host_gone,
  takes_nothing,
  proxy_refused,
  // proving who it is
  certificate_expired,
  certificate_not_yet_valid,
  certificate_wrong_name,
  certificate_unknown_issuer,
  certificate_self_signed,
  certificate_revoked,
  certificate_weak,
  certificate_wrong_purpose,
  certificate_status_unproven,
  certificate_invalid,
  client_certificate_required,
  tls_version_unsupported,
  tls_nothing_in_common,
  tls_protocol_not_offered,
  tls_not_spoken,
  tls_renegotiation,
  tls_alert,
  tls_broken,
  closed_in_handshake,
  handshake_timed_out,
  // the answer
  answer_timed_out,
  body_timed_out,
  closed_before_answer,
  closed_in_answer,
  end_not_said,
  too_many_fields,
  field_too_long,
  head_too_large,
  status_out_of_range,
  too_many_interim_responses,
  websocket_answer_malformed,
  content_coding_unknown,
  content_coding_broken,
  answer_malformed,
  capture_unreadable,
  // a secret
  secret_timed_out,
  secret_source_down,
  secret_source_shut,
  secret_not_at_source,
  secret_unreadable,
  secret_expired,
  captured_not_kept,
  // the request's body
  body_rule_broken,
  // a client that takes the listener for something else
  client_speaks_tls,
  client_speaks_socks,
  no_such_page,
  // a certificate of ours, for a client
  clock_before_ca,
  ca_expired,
  name_not_certifiable,
  name_not_permitted,
  minting_failed,
};

// Its word in the audit log, "certificate_expired"; "" for none.
std::string_view to_string(Cause cause);
// The cause of that word, or none: for reading records back.
Cause parse_cause(std::string_view word);
// One sentence for people, without its full stop; "" for none.
std::string_view sentence_of(Cause cause);
// Is it about proving who the upstream is, or about TLS?
bool is_of_tls(Cause cause);
// Is it about what a client takes the listener for?
bool is_of_client(Cause cause);
// Is it about a secret, and where it comes from?
bool is_of_secret(Cause cause);
// Is it about a certificate of ours?
bool is_ours(Cause cause);

// Facts in words: "for a.test, b.test; valid until 2026-01-01T00:00:00Z". Printable ASCII without
// quotes and backslashes (other bytes become '?'), at most bounds::kFactsBytesMax.
class Facts {
 public:
  // Data of the other side, at most bounds::kFactBytesMax of it.
  Facts& text(Note before, std::string_view value);
  Facts& number(Note before, std::int64_t value, Note after = "");
  // Seconds since 1970, shown as 2026-01-01T00:00:00Z.
  Facts& time(Note before, std::int64_t seconds);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void add(std::string_view bytes, std::size_t bytes_max);

  std::string text_;
};

struct Failure {
  Cause cause = Cause::none;
  std::string facts = {};  // made by Facts; may be ""

  [[nodiscard]] bool is_known() const { return cause != Cause::none; }
};

// Of a failed connect, read or write.
Cause cause_of_errno(int errno_value);

// The sentence with its facts and a full stop; "" for none.
std::string describe(const Failure& failure);

}  // namespace keyswap::base
