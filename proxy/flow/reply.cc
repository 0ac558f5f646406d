// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/reply.h"

#include <string>

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr int kProxyAuthenticationRequired = 407;

struct Wording {
  int status;
  std::string_view title;
  std::string_view detail;
  bool is_retryable;
  bool may_have_acted = false;  // a request that does no harm is retryable all the same
};

// One line a reason. No `default`: a new reason without wording does not compile.
// NOLINTNEXTLINE(readability-function-size): a table
Wording wording_of(Reason reason) {
  switch (reason) {
    case Reason::binding_matched:
      break;  // never answered with
    case Reason::no_placeholder:
      return {403,
              "Placeholder missing",
              "A binding asks for its placeholder in this request, and it is not there.",
              false};
    case Reason::destination_not_in_binding:
      return {403,
              "Placeholder not bound here",
              "The request carries a placeholder that is not bound to this destination.",
              false};
    case Reason::binding_scope_violation:
      return {403,
              "Outside the binding",
              "The placeholder is bound to this host, but not for this method or path.",
              false};
    case Reason::untargeted_location:
      return {403,
              "Placeholder at the wrong place",
              "The request carries a placeholder at a place that its binding does not name.",
              false};
    case Reason::insecure_scheme:
      return {403,
              "Placeholder over plain http",
              "A placeholder is never swapped over plain http.",
              false};
    case Reason::max_forwards_reached:
      return {200,
              "Max-Forwards reached",
              "The request's Max-Forwards ends at this proxy; nothing was sent.",
              false};
    case Reason::bindings_shown:
      return {200, "OK", "keyswap answers this path itself; nothing was sent.", false};
    case Reason::malformed_request:
      return {400,
              "Malformed request",
              "The request is not well-formed HTTP/1.1, or can be read in more than one way.",
              false};
    case Reason::ambiguous_placeholder_match:
      return {400,
              "Ambiguous placeholders",
              "The request carries the placeholders of more than one secret.",
              false};
    case Reason::duplicate_credential_header:
      return {400,
              "Credential header repeated",
              "The header that carries the credential occurs more than once.",
              false};
    case Reason::unmatched_destination:
      return {403,
              "Destination not allowed",
              "No binding names this destination, and the policy denies all others.",
              false};
    case Reason::address_blocked:
      return {403,
              "Address blocked",
              "The destination's address is not public, and no binding allows it.",
              false};
    case Reason::self_destination:
      return {403, "Destination is the proxy", "The proxy does not forward to itself.", false};
    case Reason::endpoint_blocked:
      return {403, "Endpoint blocked", "The binding blocks this endpoint.", false};
    case Reason::order_limit_exceeded:
      return {403, "Order limit exceeded", "The order is beyond the limits of the binding.", false};
    case Reason::caller_not_allowed:
      return {403, "Caller not allowed", "The bindings do not serve this caller here.", false};
    case Reason::caller_required:
      return {
          407,
          "Caller token required",
          "The proxy asks for a caller's token: as Proxy-Authorization, Basic, with the caller's "
          "name and the token; on a reverse route as Keyswap-Caller.",
          false};
    case Reason::user_not_allowed:
      return {407,
              "User not allowed",
              "The proxy serves the user it runs as, and you are another one of this machine, or "
              "cannot be told. Come with a caller's token (Proxy-Authorization, Basic, name and "
              "token), or be named in `allow_users` of the bindings.",
              false};
    case Reason::origin_not_allowed:
      return {403,
              "Web pages are not served",
              "The request comes from a web page (Origin, Sec-Fetch-Site), or its Host is no name "
              "of this listener. `allow_origins` of the bindings names the origins that may come.",
              false};
    case Reason::client_timeout:
      return {408, "Request timeout", "The request did not arrive in time.", true};
    case Reason::body_too_large:
      return {
          413, "Body too large", "The request's body is larger than can be handled here.", false};
    case Reason::target_too_long:
      return {414, "Target too long", "The request target is longer than the limit.", false};
    case Reason::expectation_failed:
      return {417,
              "Expectation failed",
              "The request's Expect asks for something other than 100-continue.",
              false};
    case Reason::identity_mismatch:
      return {
          421,
          "Destination names disagree",
          "CONNECT authority, TLS server name, target and Host do not name the same destination.",
          false};
    case Reason::rate_limited:
      return {429, "Rate limited", "The binding's rate limit is used up.", true};
    case Reason::quota_exceeded:
      return {429, "Quota exceeded", "The binding's quota is used up.", true};
    case Reason::header_too_large:
      return {431, "Header too large", "The request's header is larger than the limit.", false};
    case Reason::method_not_supported:
      return {501, "Method not supported", "The proxy does not forward this method.", false};
    case Reason::upgrade_not_supported:
      return {501,
              "Upgrade not supported",
              "No binding opens a WebSocket here, or it is not asked for in the right way.",
              false};
    case Reason::signature_form_not_supported:
      return {501,
              "Signature form not supported",
              "The client signed in a form that cannot be verified and signed anew here.",
              false};
    case Reason::upstream_dns_failed:
      return {502, "Name not resolved", "The destination's name could not be resolved.", true};
    case Reason::upstream_connect_failed:
      return {502, "Connection failed", "The destination could not be reached.", true};
    case Reason::upstream_tls_failed:
      return {502,
              "Upstream TLS failed",
              "The destination did not prove its identity, or TLS with it failed.",
              false};
    case Reason::upstream_protocol_error:
      return {502,
              "Bad upstream response",
              "The destination closed the connection or did not answer in well-formed HTTP/1.1; "
              "whether it acted on the request is unknown.",
              false,
              true};
    case Reason::secret_unavailable:
      return {503,
              "Secret unavailable",
              "The secret of this binding is not in the vault or cannot be used; nothing was sent.",
              false};
    case Reason::audit_unavailable:
      return {503,
              "Audit log unavailable",
              "The decision could not be recorded, so nothing was sent.",
              false};
    case Reason::limits_unavailable:
      return {503,
              "Limits unavailable",
              "What this request counts against could not be kept durably; nothing was sent.",
              true};
    case Reason::too_busy:
      return {503,
              "Too busy",
              "The proxy has no room for another connection or request now; nothing was sent.",
              true};
    case Reason::shutting_down:
      return {503, "Shutting down", "The proxy is shutting down.", true};
    case Reason::upstream_timeout:
      return {504,
              "Upstream timeout",
              "The destination did not answer in time; if the request was sent, whether it was "
              "acted on is unknown.",
              false,
              true};
    case Reason::real_secret_sent:
      return {403,
              "Real secret sent",
              "The request holds the real value of a secret; send its placeholder instead.",
              false};
    case Reason::vault_locked:
      return {503,
              "Vault locked",
              "The vault's file was replaced, is older than what was read from it, or is damaged; "
              "nothing was sent.",
              false};
    case Reason::no_binding_in_notes:
      return {403,
              "Placeholder not bound",
              "No note binds the secret of this placeholder, and nothing else may.",
              false};
    case Reason::invalid_binding_metadata:
      return {403,
              "Placeholder's note is bad",
              "The note of this placeholder's secret cannot be used, so it goes nowhere.",
              false};
    case Reason::host_not_in_allowlist:
      return {403,
              "Placeholder's host not listed",
              "The note of this placeholder's secret names no host that notes may name.",
              false};
    case Reason::body_not_allowed:
      return {403,
              "Body not allowed",
              "A rule of the binding on the request's body does not let it through.",
              false};
    case Reason::model_not_allowed:
      return {
          403,
          "Model not allowed",
          "The binding does not list the model that the request names, or it is not clear which "
          "one that is.",
          false};
    case Reason::tool_not_allowed:
      return {
          403,
          "Tool not allowed",
          "The binding does not list a tool of the provider that the request asks for, or it is "
          "not clear what it asks for.",
          false};
    case Reason::prompt_too_large:
      return {403,
              "Prompt too large",
              "The request's prompt is larger than the binding lets through.",
              false};
    case Reason::budget_exceeded:
      return {429, "Budget exceeded", "The binding's budget is used up.", true};
    case Reason::approval_pending:
      return {202,
              "Waiting for a decision",
              "A person has to decide on this request; nothing was sent yet.",
              true};
    case Reason::approval_required:
      return {403,
              "Nobody decided in time",
              "A person has to approve this request, and nobody decided in time; nothing was sent.",
              false};
    case Reason::approval_denied:
      return {403,
              "Denied by a person",
              "The person who was asked denied this request; nothing was sent.",
              false};
    case Reason::approval_unknown:
      return {404, "No such operation", "There is no such operation of this caller.", false};
    case Reason::approval_mismatch:
      return {409,
              "Another request than the approved one",
              "What was approved is not this request, byte for byte; nothing was sent.",
              false};
    case Reason::approval_used:
      return {409,
              "Approval already used",
              "The approval was used once already; nothing was sent.",
              false};
    case Reason::approval_expired:
      return {410, "Approval expired", "The approval is over; nothing was sent.", false};
    case Reason::too_many_held:
      return {429,
              "Too many requests wait",
              "Too many requests wait for a person's decision; nothing was sent.",
              true};
    case Reason::leaf_unavailable:
      return {503,
              "No certificate for this host",
              "The proxy could not make a certificate for this host; nothing was sent.",
              false};
  }
  KS_UNREACHABLE();
}

// Of one that is elsewhere.
bool is_of_a_source(std::optional<SecretFault> fault) {
  return fault == SecretFault::source_down || fault == SecretFault::source_shut ||
         fault == SecretFault::not_there || fault == SecretFault::not_readable;
}

Reply reply_of(const Wording& wording, std::string_view content_type, std::string body) {
  Reply reply{.head = {wording.status, wording.title}, .body = {}};
  reply.head.fields.add({"Content-Type", content_type});
  reply.head.fields.add_made("Content-Length", std::to_string(body.size()));
  reply.head.fields.add({"Cache-Control", "no-store"});
  reply.body = std::move(body);
  return reply;
}

}  // namespace

int status_of(audit::Reason reason) {
  return wording_of(reason).status;
}

std::string_view detail_of(audit::Reason reason) {
  return wording_of(reason).detail;
}

std::string_view detail_of(audit::Reason reason, std::optional<SecretFault> fault) {
  if (reason == Reason::secret_unavailable && fault == SecretFault::missing) {
    return "The secret of this binding is not in the vault; nothing was sent.";
  }
  if (reason == Reason::secret_unavailable && fault == SecretFault::unusable) {
    return "The secret of this binding is in the vault, but does not open, or cannot be used in "
           "this "
           "place; nothing was sent.";
  }
  if (reason == Reason::secret_unavailable && fault == SecretFault::late) {
    return "The secret of this binding could not be had in time; nothing was sent.";
  }
  if (reason == Reason::secret_unavailable && fault == SecretFault::expired) {
    return "The secret of this binding is over; nothing was sent.";
  }
  if (reason == Reason::secret_unavailable && fault == SecretFault::not_kept) {
    return "The request was sent, and its answer is lost: log in again.";
  }
  if (reason == Reason::secret_unavailable && is_of_a_source(fault)) {
    return "The secret of this binding could not be had from its source; nothing was sent.";
  }
  return detail_of(reason);
}

namespace {

// The sentences that tell people why. Nothing in them needs an escape in JSON.
std::string sentences_of(const Refusal& refusal) {
  if (refusal.failure != nullptr && refusal.failure->cause == base::Cause::no_such_page) {
    return base::describe(*refusal.failure);  // nothing is wrong with its form
  }
  std::string text(detail_of(refusal.reason, refusal.fault));
  if (!refusal.flaw.empty()) {
    text.back() = ':';
    text.append(" ").append(refusal.flaw).append(".");
  }
  if (refusal.failure != nullptr && refusal.failure->is_known()) {
    text.append(" ").append(base::describe(*refusal.failure));
  }
  if (!refusal.secret.empty()) {
    text.append(is_of_a_source(refusal.fault) ? " Secret: " : " Vault entry: ");
    text.append(refusal.secret).append(".");
  }
  if (!refusal.help.empty()) {
    text.append(" ").append(refusal.help);
  }
  return text;
}

std::string body_of(const Refusal& refusal, const Wording& wording, std::int64_t retry_after_s) {
  const std::string name(audit::to_string(refusal.reason));
  const std::string sentences = sentences_of(refusal);
  std::string body = R"({"type":"urn:keyswap:refusal:)" + name + R"(","title":")";
  body.append(wording.title).append(R"(","status":)").append(std::to_string(wording.status));
  body.append(R"(,"detail":")").append(sentences).append(R"(","error":{"message":")");
  body.append(sentences).append(R"(","type":"keyswap_refusal","code":")").append(name);
  body.append(R"("},"reason":")").append(name);
  if (refusal.failure != nullptr && refusal.failure->is_known()) {
    body.append(R"(","cause":")").append(base::to_string(refusal.failure->cause));
  }
  body.append(R"(","request_id":")").append(refusal.request_id);
  if (!refusal.secret.empty()) {
    body.append(R"(","secret":")").append(refusal.secret);
  }
  body.append(R"(",)");
  if (retry_after_s > 0) {
    body.append(R"("retry_after_seconds":)").append(std::to_string(retry_after_s)).append(",");
  }
  const bool is_retryable = wording.is_retryable || refusal.fault == SecretFault::late ||
                            refusal.fault == SecretFault::source_down ||
                            (wording.may_have_acted && refusal.can_do_no_harm);
  body.append(R"("retryable":)").append(is_retryable ? "true}\n" : "false}\n");
  return body;
}

}  // namespace

Reply make_refusal(const Refusal& refusal) {
  const Wording wording = wording_of(refusal.reason);
  const std::int64_t retry_after_s = (refusal.retry_after_ms + 999) / 1000;
  Reply reply =
      reply_of(wording, "application/problem+json", body_of(refusal, wording, retry_after_s));
  auto& fields = reply.head.fields;
  fields.add({"Keyswap-Reason", audit::to_string(refusal.reason)});
  if (retry_after_s > 0) {
    fields.add_made("Retry-After", std::to_string(retry_after_s));
  }
  if (wording.status == kProxyAuthenticationRequired) {
    // RFC 9110 section 15.5.8: a 407 names its challenge; a client that has a token then sends it.
    fields.add({"Proxy-Authenticate", "Basic realm=\"keyswap\""});
  }
  reply.head.keeps_connection = refusal.keeps_connection;
  if (refusal.without_body) {
    reply.body.clear();
  }
  return reply;
}

Reply make_answer(std::string_view content_type, std::string body) {
  return reply_of(Wording{200, "OK", "", false}, content_type, std::move(body));
}

Reply make_health(std::optional<Reason> failing, bool refuses_policy, bool keeps_connection) {
  std::string body =
      refuses_policy ? R"({"status":"ok","policy":"unapproved"})" : R"({"status":"ok"})";
  if (failing) {
    body = R"({"status":"failing","reason":")";
    body.append(audit::to_string(*failing)).append(R"("})");
  }
  Reply reply = reply_of(failing ? wording_of(*failing) : Wording{200, "OK", "", false},
                         "application/json",
                         std::move(body));
  reply.head.keeps_connection = keeps_connection;
  return reply;
}

http::OutgoingResponse continue_response() {
  return {100, "Continue"};
}

}  // namespace keyswap::flow
