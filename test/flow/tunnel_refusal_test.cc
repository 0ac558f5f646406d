// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/tunnel_refusal.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Reason;
using test::Script;

const char* const kYaml = R"(
version: 1
unmatched_destination_policy: deny
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
)";

const Destination kName{Protocol::https, {"x.test", 443, http::HostKind::name}};

bool is_told_inside(Reason reason,
                    const Destination& destination = kName,
                    const RealSightings& seen = {},
                    const std::string& more = "") {
  return is_refused_in_tunnel(reason, destination, seen, *test::bindings_of(kYaml + more));
}

// A CONNECT that is refused, as the listener hands it in.
Script& connect(Script& script, Reason reason, bool opens_tunnel = true) {
  http::RequestHead head;
  head.method = "CONNECT";
  return script.event(
      ClientHead{.head = std::move(head), .refusal = reason, .opens_tunnel = opens_tunnel});
}

}  // namespace

TEST_CASE("a CONNECT is refused inside of its tunnel, where a certificate can name its host") {
  for (const Reason reason : {Reason::unmatched_destination,
                              Reason::address_blocked,
                              Reason::identity_mismatch,
                              Reason::endpoint_blocked,
                              Reason::upstream_dns_failed,
                              Reason::upstream_timeout,
                              Reason::caller_not_allowed}) {
    CAPTURE(audit::to_string(reason));
    CHECK(is_told_inside(reason));
  }
  CHECK_FALSE(is_told_inside(Reason::unmatched_destination,
                             {Protocol::https, {"192.0.2.1", 443, http::HostKind::ipv4}}));
  CHECK_FALSE(is_told_inside(Reason::unmatched_destination, Destination{}));
}

TEST_CASE("a CONNECT for want of a token is answered 407, else no client would send one") {
  CHECK_FALSE(is_told_inside(Reason::caller_required));
  CHECK_FALSE(is_told_inside(Reason::user_not_allowed));
}

TEST_CASE("a CONNECT for which there is no certificate, room or time is answered at once",
          "[I10]") {
  for (const Reason reason : {Reason::leaf_unavailable,
                              Reason::too_busy,
                              Reason::shutting_down,
                              Reason::client_timeout,
                              Reason::malformed_request}) {
    CAPTURE(audit::to_string(reason));
    CHECK_FALSE(is_told_inside(reason));
  }
}

TEST_CASE("no certificate is made for a name that may be a secret", "[I1]") {
  CHECK_FALSE(
      is_told_inside(Reason::unmatched_destination, kName, {{"K", SeenIn::host, Encoding::plain}}));
  CHECK_FALSE(is_told_inside(Reason::real_secret_sent));
}

TEST_CASE("refusals: connect has each refusal as the answer to CONNECT") {
  CHECK_FALSE(is_told_inside(Reason::unmatched_destination, kName, {}, "refusals: connect\n"));
}

TEST_CASE("a CONNECT that is refused in its tunnel has the record of any other, and before it",
          "[I6]") {
  Script script(test::bindings_of(kYaml), kName);
  script.answers_records = false;
  connect(script, Reason::unmatched_destination);
  CHECK(script.transcript() == "record refused unmatched_destination CONNECT \n");
  script.record_done(true);
  const std::string done = script.transcript();
  CHECK(done.find("\nin the tunnel: 403 {\"type\":\"urn:keyswap:refusal:unmatched_destination\"") !=
        std::string::npos);
  CHECK(done.find("to client") == std::string::npos);
  CHECK(done.ends_with("client kept\n"));
  CHECK(script.is_finished());
}

TEST_CASE("elsewhere than on the listener, and with no record, a CONNECT is answered as it is") {
  Script inside(test::bindings_of(kYaml), kName);
  connect(inside, Reason::unmatched_destination, false);
  CHECK(inside.sent_client().starts_with("HTTP/1.1 403 "));
  Script at_once(test::bindings_of(kYaml), kName);
  connect(at_once, Reason::caller_required);
  CHECK(at_once.sent_client().starts_with("HTTP/1.1 407 "));
}

}  // namespace keyswap::flow
