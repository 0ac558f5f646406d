// SPDX-License-Identifier: Apache-2.0
//
// What must be there before a request is sent, and what is said when it is not.
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
)";

const std::string kGet =
    "GET /v1/x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP + "\r\n\r\n";
const std::string kPost =
    "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP +
    "\r\nContent-Length: 5\r\n\r\nhello";

Script script() {
  return Script(test::bindings_of(kYaml));
}

using keyswap::test::has;

}  // namespace

TEST_CASE("before the record is durable not a byte is sent, whatever else happens", "[I6]") {
  Script held = script();
  held.answers_records = false;
  held.client(kPost);
  CHECK(held.sent_upstream().empty());
  CHECK(held.sent_client().empty());
  held.record_done(true);
  CHECK(has(held.sent_upstream(), "real-key-0001"));
}

TEST_CASE("X05 H04 without a durable record nothing is sent and the answer is 503", "[I6][I13]") {
  Script failing = script();
  failing.records_are_durable = false;
  failing.client(kPost);
  CHECK(failing.sent_upstream().empty());
  CHECK(has(failing.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(failing.sent_client(), "Keyswap-Reason: audit_unavailable\r\n"));
  CHECK(failing.is_finished());
}

TEST_CASE("a record that does not become durable in time is answered 503, and nothing is sent",
          "[I6][I10]") {
  Script hung = script();
  hung.answers_records = false;
  hung.client(kGet).times_out();
  CHECK(hung.sent_upstream().empty());
  CHECK(has(hung.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(hung.sent_client(), "Keyswap-Reason: audit_unavailable\r\n"));
  CHECK(has(hung.transcript(), "response 0 not_sent 0\n"));
  CHECK(has(hung.transcript(), "client closed\n"));
  hung.record_done(true);  // too late
  CHECK(hung.sent_upstream().empty());
}

TEST_CASE("a client that leaves before the record is durable causes nothing to be sent", "[I6]") {
  Script held = script();
  held.answers_records = false;
  held.client(kGet);
  held.client_leaves();
  held.record_done(true);
  CHECK(held.sent_upstream().empty());
  CHECK(held.is_finished());
}

TEST_CASE("what keeps a recorded request from being sent, its closing record says not_sent",
          "[I6]") {
  using Happened = std::vector<std::function<Event()>>;
  const auto recorded = [] {
    return RecordDone{true};
  };
  const Happened happened =
      GENERATE_COPY(Happened{[] {
                      return TimedOut{};
                    }},
                    Happened{[] { return ClientGone{}; }, recorded},
                    Happened{[] { return ClientGone{}; },
                             [] {
                               return TimedOut{};
                             }},
                    Happened{[] {
                      return DialFailed{audit::Reason::upstream_connect_failed};
                    }},
                    Happened{[] {
                      return UpstreamBody{"nobody asked"};
                    }});
  Script held = script();
  held.answers_records = false;
  held.client(kGet);
  for (const auto& event : happened) {
    held.event(event());
  }
  CHECK(held.is_finished());
  CHECK(held.sent_upstream().empty());
  const std::string transcript = held.transcript();
  CHECK(has(transcript, "record allowed binding_matched K GET /v1/x\n"));
  CHECK(has(transcript, "response 0 not_sent 0\n"));
  CHECK(transcript.find("response") == transcript.rfind("response"));
}

}  // namespace keyswap::flow
