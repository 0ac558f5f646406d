// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/interception.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/net/client_trust.h"
#include "test/support/memory_net.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

using keyswap::test::has;

const char* const kConnect = "CONNECT h.test:443 HTTP/1.1\r\nHost: h.test:443\r\n\r\n";
const char* const kGet =
    "GET /k/1 HTTP/1.1\r\nHost: h.test\r\n"
    "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n\r\n";

// A client that was let into a tunnel whose requests are read.
class Granted {
 public:
  Granted() {
    client.say(kConnect);
    net.settle();
    REQUIRE(has(client.take_heard(), "HTTP/1.1 200 "));
  }

  MemoryNet net;
  Peer& client = net.connect();
};

}  // namespace

TEST_CASE("a client that trusts our leaf sends its requests in TLS with us") {
  Granted granted;
  granted.client.begin_tls("h.test");
  granted.net.settle();
  REQUIRE(granted.client.is_secured);
  granted.client.say(kGet);
  granted.net.settle();
  Peer& host = granted.net.answer_dial();
  host.serve_tls("h.test");
  granted.net.settle_durably();
  CHECK(has(host.heard, std::string(kHeaderSecret)));
  host.say("HTTP/1.1 204 No Content\r\n\r\n");
  granted.net.settle();
  CHECK(has(granted.client.heard, "HTTP/1.1 204 "));
}

TEST_CASE("a request in a tunnel is for the tunnel's host", "[I3]") {
  Granted granted;
  granted.client.begin_tls("h.test");
  granted.net.settle();
  granted.client.say("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
  granted.net.settle_durably();
  CHECK(has(granted.client.heard, "HTTP/1.1 421 "));
}

TEST_CASE("a request in the clear in a tunnel gets no secret", "[I5]") {
  Granted granted;
  granted.client.say(kGet);
  granted.net.settle();
  Peer& host = granted.net.answer_dial();
  granted.net.settle_durably();
  CHECK(has(host.heard, "GET /k/1 HTTP/1.1\r\n"));
  CHECK(has(host.heard, "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n"));
  CHECK_FALSE(has(host.heard, std::string(kHeaderSecret)));
}

TEST_CASE("a client that wants another name than our leaf has does not come to TLS") {
  Granted granted;
  granted.client.begin_tls("other.test");
  granted.net.settle();
  CHECK(granted.client.is_broken);
  CHECK(granted.net.connections->size() == 0);
}

TEST_CASE("a leaf is made before CONNECT is answered, and for those who wait for it alone") {
  MemoryNet net;
  net.mints_at_once = false;
  Peer& client = net.connect();
  client.say(kConnect);
  net.settle();
  REQUIRE(net.mints.size() == 1);
  CHECK(client.heard.empty());
  SECTION("it is made") {
    net.mints_at_once = true;
    net.settle();
    CHECK(has(client.heard, "HTTP/1.1 200 "));
  }
  SECTION("it is made when the client is gone") {
    client.finish();
    net.settle();
    CHECK(net.connections->size() == 0);
    net.mints_at_once = true;
    net.settle();
    CHECK(client.heard.empty());
  }
  SECTION("it is not made in time") {
    net.pass(bounds::kClientTlsMs);
    net.settle_durably();
    CHECK(has(client.heard, "Keyswap-Reason: too_busy\r\n"));
  }
}

TEST_CASE("who was let in and says nothing is not waited for", "[I10]") {
  Granted granted;
  if (GENERATE(false, true)) {
    granted.client.say("\x16\x03\x01");  // a TLS record begins, and no more comes
  }
  granted.net.pass(bounds::kClientTlsMs);
  CHECK(granted.client.has_ended);
  CHECK(granted.net.connections->size() == 0);
}

}  // namespace keyswap::test
