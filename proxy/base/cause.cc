// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/cause.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"

namespace keyswap::base {

namespace {

struct Words {
  std::string_view word;
  std::string_view sentence;
};

constexpr std::array kWords{
    Words{"", ""},
    Words{"name_unknown", "There is no such name"},
    Words{"lookup_failed", "The name servers gave no answer"},
    Words{"lookup_timed_out", "The name servers gave no answer in time"},
    Words{"connection_refused", "The upstream refused the connection"},
    Words{"unreachable", "There is no way to the upstream's address"},
    Words{"connection_reset", "The upstream reset the connection"},
    Words{"connection_timed_out", "The upstream does not take the connection"},
    Words{"host_gone", "The upstream's host is gone: it acknowledges nothing that is sent"},
    Words{"takes_nothing", "The upstream takes nothing more of what is sent"},
    Words{"proxy_refused", "The proxy on the way (upstream.proxy) did not open a tunnel"},
    Words{"certificate_expired", "A certificate of the upstream has expired"},
    Words{"certificate_not_yet_valid", "A certificate of the upstream is not valid yet"},
    Words{"certificate_wrong_name", "The upstream's certificate is for another name"},
    Words{"certificate_unknown_issuer",
          "The upstream's certificate comes from no root that is trusted (upstream.ca_file adds "
          "roots)"},
    Words{
        "certificate_self_signed",
        "The upstream's certificate is self-signed and not trusted (upstream.ca_file adds roots)"},
    Words{"certificate_revoked", "The upstream's certificate has been revoked"},
    Words{"certificate_weak", "A key or signature of the upstream's certificates is too weak"},
    Words{"certificate_wrong_purpose", "The upstream's certificate is not one for servers"},
    Words{"certificate_status_unproven",
          "The upstream's certificate demands an OCSP answer, and there was no good one"},
    Words{"certificate_invalid", "A certificate of the upstream was not accepted"},
    Words{"client_certificate_required",
          "The upstream demands a client certificate, which keyswap does not have"},
    Words{"tls_version_unsupported", "The upstream speaks no TLS 1.2 or 1.3"},
    Words{"tls_nothing_in_common",
          "The upstream has no cipher, group or signature in common with keyswap"},
    Words{"tls_protocol_not_offered", "The upstream does not speak HTTP/1.1 (ALPN)"},
    Words{"tls_not_spoken", "The upstream does not speak TLS on this port"},
    Words{"tls_renegotiation", "The upstream asked for a renegotiation of TLS"},
    Words{"tls_alert", "The upstream ended TLS by an alert"},
    Words{"tls_broken", "What the upstream sent is no good TLS"},
    Words{"closed_in_handshake", "The upstream closed the connection in the TLS handshake"},
    Words{"handshake_timed_out", "The upstream did not finish the TLS handshake in time"},
    Words{"answer_timed_out", "The upstream gave no answer in time"},
    Words{"body_timed_out", "The upstream stopped in the middle of a body"},
    Words{"closed_before_answer", "The upstream closed the connection before it answered"},
    Words{"closed_in_answer", "The upstream closed the connection before the end of its answer"},
    Words{"end_not_said",
          "The upstream closed the connection without saying so in TLS: the answer may be cut off"},
    Words{"too_many_fields", "The upstream's answer has too many fields"},
    Words{"field_too_long", "A field of the upstream's answer is too long"},
    Words{"head_too_large", "The head of the upstream's answer is too large"},
    Words{"status_out_of_range", "The status of the upstream's answer is out of range"},
    Words{"too_many_interim_responses", "The upstream sent too many interim (1xx) responses"},
    Words{"websocket_answer_malformed", "The upstream's answer does not grant the WebSocket"},
    Words{"content_coding_unknown",
          "The upstream's answer is coded in a way that keyswap does not know: it could not be "
          "searched for secrets"},
    Words{"content_coding_broken",
          "The upstream's answer could not be decompressed: it is broken, or grows past the bound"},
    Words{"answer_malformed", "The upstream's answer is not well-formed HTTP/1.1"},
    Words{"capture_unreadable",
          "The upstream's answer is to be captured (`capture` of a secret), and cannot be read as "
          "that says: nothing of it goes on"},
    Words{"secret_timed_out", "The source of the secret gave no answer in time"},
    Words{"secret_source_down", "The source of the secret is down"},
    Words{"secret_source_shut",
          "The source of the secret takes the credential that opens it no more: it needs another, "
          "or a new login"},
    Words{"secret_not_at_source", "The source has no such secret"},
    Words{"secret_unreadable", "What the source of the secret says is no value of one"},
    Words{"secret_expired",
          "The secret came in an answer that said how long it is good, and that is over: log in "
          "again, or renew it"},
    Words{"captured_not_kept",
          "What is captured of the upstream's answer could not be kept in the vault: nothing of it "
          "goes on"},
    Words{"body_rule_broken", "The body does not keep to this rule of the binding"},
    Words{"client_speaks_tls",
          "The client speaks TLS to the listener, which is an HTTP proxy: its address begins with "
          "http://, not https:// (HTTPS_PROXY=http://127.0.0.1:8472, as keyswap env prints it)"},
    Words{"client_speaks_socks",
          "The client speaks SOCKS to the listener, which is an HTTP proxy: set "
          "HTTPS_PROXY=http://127.0.0.1:8472, as keyswap env prints it, and no ALL_PROXY=socks"},
    Words{"no_such_page",
          "Nothing is at this path of the listener, which is an HTTP proxy: set "
          "HTTPS_PROXY=http://127.0.0.1:8472, as keyswap env prints it, or use a reverse route"},
    Words{"clock_before_ca",
          "The clock of this machine stands before the beginning of keyswap's CA certificate"},
    Words{"ca_expired", "keyswap's CA certificate has expired (keyswap ca rotate makes a new one)"},
    Words{"name_not_certifiable", "No certificate can be made for this host name"},
    Words{"name_not_permitted", "keyswap's CA was made for other hosts (--permit)"},
    Words{"minting_failed", "The certificate for this host could not be made"},
};
static_assert(kWords.size() == static_cast<std::size_t>(Cause::minting_failed) + 1);

const Words& words_of(Cause cause) {
  const auto index = static_cast<std::size_t>(cause);
  KS_ASSERT(index < kWords.size());
  return kWords[index];
}

bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

}  // namespace

std::string_view to_string(Cause cause) {
  return words_of(cause).word;
}

Cause parse_cause(std::string_view word) {
  const auto found = std::find_if(
      kWords.begin() + 1, kWords.end(), [word](const Words& words) { return words.word == word; });
  return found == kWords.end() ? Cause::none : static_cast<Cause>(found - kWords.begin());
}

std::string_view sentence_of(Cause cause) {
  return words_of(cause).sentence;
}

bool is_of_tls(Cause cause) {
  return cause >= Cause::certificate_expired && cause <= Cause::handshake_timed_out;
}

bool is_of_client(Cause cause) {
  return cause >= Cause::client_speaks_tls && cause <= Cause::no_such_page;
}

bool is_of_secret(Cause cause) {
  return cause >= Cause::secret_timed_out && cause <= Cause::secret_unreadable;
}

bool is_ours(Cause cause) {
  return cause >= Cause::clock_before_ca;
}

Facts& Facts::text(Note before, std::string_view value) {
  add(before.text(), bounds::kFactsBytesMax);
  add(value, bounds::kFactBytesMax);
  return *this;
}

Facts& Facts::number(Note before, std::int64_t value, Note after) {
  add(before.text(), bounds::kFactsBytesMax);
  add(std::to_string(value), bounds::kFactBytesMax);
  add(after.text(), bounds::kFactsBytesMax);
  return *this;
}

Facts& Facts::time(Note before, std::int64_t seconds) {
  constexpr std::size_t kTimeBytes = sizeof "2026-01-01T00:00:00Z";
  std::array<char, 4 * kTimeBytes> shown{};
  const std::time_t when = seconds;
  std::tm parts{};
  const std::size_t size =
      gmtime_r(&when, &parts) == nullptr
          ? 0
          : std::strftime(shown.data(), shown.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text(before, {shown.data(), size});
}

void Facts::add(std::string_view bytes, std::size_t bytes_max) {
  constexpr std::string_view kCutMark = "...";
  const std::size_t room = std::min(bytes_max, bounds::kFactsBytesMax - text_.size());
  const bool is_cut = bytes.size() > room;
  const std::size_t kept = is_cut ? room - std::min(room, kCutMark.size()) : bytes.size();
  for (const char c : bytes.substr(0, kept)) {
    text_ += is_plain(c) ? c : '?';
  }
  if (is_cut) {
    text_ += kCutMark.substr(0, room - kept);
  }
}

Cause cause_of_errno(int errno_value) {
  switch (errno_value) {
    case 0:
      return Cause::none;
    case ECONNREFUSED:
      return Cause::connection_refused;
    case ETIMEDOUT:
      return Cause::connection_timed_out;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return Cause::connection_reset;
    default:
      return Cause::unreachable;
  }
}

std::string describe(const Failure& failure) {
  if (!failure.is_known()) {
    return "";
  }
  std::string text(sentence_of(failure.cause));
  if (!failure.facts.empty()) {
    text.append(": ").append(failure.facts);
  }
  return text + ".";
}

}  // namespace keyswap::base
