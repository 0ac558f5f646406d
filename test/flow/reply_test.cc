// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/reply.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/http/h1/response_writer.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

std::string bytes_of(const Reply& reply) {
  base::Buffer out(base::bounds::kRequestHeadBytesMax);
  REQUIRE(http::h1::ResponseWriter().whole(out, reply.head, reply.body));
  return std::string(out.view());
}

std::string health(std::optional<audit::Reason> failing) {
  return bytes_of(make_health(failing, false, true));
}

std::string refusal(audit::Reason reason, const base::Failure& failure) {
  Refusal said;
  said.reason = reason;
  said.request_id = "01";
  said.failure = &failure;
  return bytes_of(make_refusal(said));
}

using keyswap::test::has;

std::string refused(const Refusal& refusal) {
  return bytes_of(make_refusal(refusal));
}

}  // namespace

TEST_CASE("a refusal says what was seen of the failure, by its word and in its detail") {
  const base::Failure expired{base::Cause::certificate_expired,
                              base::Facts().text("for ", "a.test\\\"}").take()};
  const std::string answer = refusal(audit::Reason::upstream_tls_failed, expired);
  CHECK(answer.find("A certificate of the upstream has expired: for a.test??}.\"") !=
        std::string::npos);
  CHECK(answer.find(R"("reason":"upstream_tls_failed","cause":"certificate_expired",)") !=
        std::string::npos);
  CHECK(refusal(audit::Reason::upstream_tls_failed, {}).find("cause") == std::string::npos);
}

TEST_CASE(
    "what a source does not give is told with the source, and is retryable while it is down") {
  const base::Failure down{base::Cause::secret_source_down, base::Facts().text("", "hv").take()};
  Refusal said;
  said.reason = audit::Reason::secret_unavailable;
  said.request_id = "01";
  said.secret = "K";
  said.fault = SecretFault::source_down;
  said.retry_after_ms = 4000;
  said.failure = &down;
  const std::string answer = refused(said);
  CHECK(has(answer,
            "could not be had from its source; nothing was sent. The source of the secret is down: "
            "hv. Secret: K."));
  CHECK(has(answer, R"("cause":"secret_source_down")"));
  CHECK(has(answer, R"("retryable":true)"));
  CHECK(has(answer, "Retry-After: 4\r\n"));
  for (const auto fault :
       {SecretFault::source_shut, SecretFault::not_there, SecretFault::not_readable}) {
    said.fault = fault;
    CHECK(has(refused(said), R"("retryable":false)"));
    CHECK(has(refused(said), "from its source"));
  }
}

TEST_CASE("a secret that is over is told as such, by its entry's name, and to log in again") {
  const base::Failure over{cause_of(SecretFault::expired), {}};
  Refusal said;
  said.reason = reason_of(fault_of(base::Error{base::Errc::expired, "over"}));
  said.request_id = "01";
  said.secret = "K";
  said.fault = SecretFault::expired;
  said.failure = &over;
  const std::string answer = refused(said);
  CHECK(has(answer, "503 "));
  CHECK(has(answer, "The secret of this binding is over; nothing was sent."));
  CHECK(has(answer, "log in again"));
  CHECK(has(answer, "Vault entry: K."));
  CHECK(has(answer, R"("cause":"secret_expired")"));
  CHECK(has(answer, R"("retryable":false)"));
}

TEST_CASE("a refusal says its sentences again where SDKs look for them") {
  Refusal refusal;
  refusal.reason = audit::Reason::binding_scope_violation;
  refusal.request_id = "01";
  refusal.help = "Secret: K. Allowed: GET of /v1/** on a.test.";
  const std::string sentences =
      "The placeholder is bound to this host, but not for this method or path. "
      "Secret: K. Allowed: GET of /v1/** on a.test.";
  const std::string answer = refused(refusal);
  CHECK(has(answer,
            R"("status":403,"detail":")" + sentences + R"(","error":{"message":")" + sentences +
                R"(","type":"keyswap_refusal","code":"binding_scope_violation"},)" +
                R"("reason":"binding_scope_violation","request_id":"01",)"));
}

TEST_CASE("a health check says that the file of the bindings is not what is approved", "[I17]") {
  CHECK(has(bytes_of(make_health(std::nullopt, false, true)), R"({"status":"ok"})"));
  const std::string refusing = bytes_of(make_health(std::nullopt, true, true));
  CHECK(refusing.starts_with("HTTP/1.1 200 "));
  CHECK(has(refusing, R"({"status":"ok","policy":"unapproved"})"));
  // What keeps every request from being served comes first.
  CHECK(has(bytes_of(make_health(audit::Reason::audit_unavailable, true, true)), "failing"));
}

TEST_CASE("HF-12 a refusal for the request's bytes says which bound was passed") {
  Refusal refusal;
  refusal.reason = audit::Reason::header_too_large;
  CHECK(has(refused(refusal), "is larger than the limit.\""));
  refusal.flaw = "more than 128 fields in the head";
  CHECK(has(refused(refusal), "is larger than the limit: more than 128 fields in the head.\""));
}

TEST_CASE("an expectation that fails is answered 417, the last hop of an OPTIONS 200") {
  Refusal refusal;
  refusal.reason = audit::Reason::expectation_failed;
  CHECK(refused(refusal).starts_with("HTTP/1.1 417 "));
  refusal.reason = audit::Reason::max_forwards_reached;
  CHECK(refused(refusal).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("N07 health is good while requests are served") {
  const std::string answer = health(std::nullopt);
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("\r\n\r\n{\"status\":\"ok\"}"));
}

TEST_CASE("AU-02 health tells why every request is refused", "[I13]") {
  const std::string answer = health(audit::Reason::audit_unavailable);
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.ends_with("\r\n\r\n{\"status\":\"failing\",\"reason\":\"audit_unavailable\"}"));
}

}  // namespace keyswap::flow
