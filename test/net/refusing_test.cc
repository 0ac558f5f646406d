// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/refusing.h"

#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bounds.h"
#include "test/support/memory_net.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

using keyswap::test::has;

const std::string kConnect = "CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n";
const std::string kGet = "GET /x HTTP/1.1\r\nHost: other.test\r\n\r\n";
const std::string kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";

// Nobody may go to other.test, and there are certificates to say so.
class Denying {
 public:
  Denying() {
    auto read = bindings::parse(R"(
version: 1
unmatched_destination_policy: deny
allow_users: ["*"]
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.test } ]
)",
                                "/nowhere",
                                {});
    REQUIRE(read.errors.empty());
    net.context.policy.bindings =
        std::make_shared<const bindings::Bindings>(std::move(read.bindings));
    net.context.clients.refusal_leaves = net.context.clients.leaves;
  }

  // The client is told nothing before the record is durable.
  void refuse() {
    client.say(kConnect);
    net.settle();
    CHECK(client.heard.empty());
    CHECK(has(net.log.last(), R"("reason":"unmatched_destination")"));
    net.settle_durably();
  }

  MemoryNet net;
  Peer& client = net.connect();
};

}  // namespace

TEST_CASE("a client that speaks TLS reads in it why its CONNECT was refused", "[I6]") {
  Denying denying;
  denying.refuse();
  CHECK(denying.client.take_heard() == kEstablished);
  denying.client.begin_tls("other.test");
  denying.net.settle();
  REQUIRE(denying.client.is_secured);
  const bool is_head = GENERATE(false, true);
  denying.client.say(is_head ? "HEAD" + kGet.substr(3) : kGet);
  denying.net.settle();
  const std::string heard = denying.client.take_heard();
  CHECK(heard.starts_with("HTTP/1.1 403 "));
  CHECK(has(heard, "Keyswap-Reason: unmatched_destination\r\n"));
  CHECK(has(heard, "Connection: close\r\n"));
  CHECK(heard.ends_with("\r\n\r\n") == is_head);
  CHECK(denying.client.has_ended);
  CHECK(denying.net.upstreams_open() == 0);
}

TEST_CASE("a client that speaks HTTP in the clear reads it there, however its request is cut") {
  Denying denying;
  denying.refuse();
  CHECK(denying.client.take_heard() == kEstablished);
  const bool is_whole = GENERATE(true, false);
  if (is_whole) {
    denying.client.say(kGet);
    denying.net.settle();
  }
  for (const char byte : is_whole ? std::string() : kGet) {
    denying.client.say({&byte, 1});
    denying.net.settle();
  }
  CHECK(denying.client.heard.starts_with("HTTP/1.1 403 "));
  CHECK(denying.client.has_ended);
}

TEST_CASE("what comes right behind a CONNECT is heard in its tunnel") {
  Denying denying;
  denying.client.say(kConnect + kGet);
  denying.net.settle_durably();
  CHECK(denying.client.heard.starts_with(kEstablished + "HTTP/1.1 403 "));
}

TEST_CASE("who lets the other side speak first, or says no more, is told in plain HTTP", "[I10]") {
  Denying denying;
  denying.refuse();
  CHECK(denying.client.take_heard() == kEstablished);
  if (GENERATE(false, true)) {
    denying.client.finish();
    denying.net.settle();
  } else {
    denying.net.pass(bounds::kRefusedSpeechMs);
  }
  CHECK(denying.client.heard.starts_with("HTTP/1.1 403 "));
  CHECK(denying.client.has_ended);
}

TEST_CASE("who said its end with CONNECT is told by the answer to it") {
  Denying denying;
  denying.client.say(kConnect);
  denying.client.finish();
  denying.net.settle_durably();
  CHECK(denying.client.heard.starts_with("HTTP/1.1 403 "));
  CHECK(denying.net.connections->size() == 0);
}

TEST_CASE("where no certificate comes in time, the refusal is the answer to CONNECT", "[I10]") {
  Denying denying;
  denying.net.mints_at_once = false;
  denying.refuse();
  CHECK(denying.client.heard.empty());
  denying.net.pass(bounds::kClientTlsMs);
  CHECK(denying.client.heard.starts_with("HTTP/1.1 403 "));
  CHECK(has(denying.client.heard, "Keyswap-Reason: unmatched_destination\r\n"));
  CHECK(denying.client.has_ended);
}

TEST_CASE("a client that does not trust our leaf ends, and nothing waits for it", "[I10]") {
  Denying denying;
  denying.refuse();
  denying.client.take_heard();
  denying.client.begin_tls("another.test");
  denying.net.settle();
  CHECK(denying.client.is_broken);
  CHECK(denying.net.connections->size() == 0);
}

TEST_CASE("a tunnel whose upstream is not reached is refused in it, too") {
  Denying denying;
  auto read = bindings::parse(
      "version: 1\nallow_users: [\"*\"]\nsecrets: {}\n"
      "upstream:\n  resolve: { \"other.test:443\": \"127.0.0.1:1003\" }\n",
      "/nowhere",
      {});
  REQUIRE(read.errors.empty());
  denying.net.context.policy.bindings =
      std::make_shared<const bindings::Bindings>(std::move(read.bindings));
  denying.client.say(kConnect);
  denying.net.settle();
  denying.net.refuse_dial();
  denying.net.settle_durably();
  CHECK(denying.client.take_heard() == kEstablished);
  denying.client.say(kGet);
  denying.net.settle();
  CHECK(denying.client.heard.starts_with("HTTP/1.1 502 "));
  CHECK(has(denying.client.heard, "Keyswap-Reason: upstream_connect_failed\r\n"));
}

}  // namespace keyswap::test
