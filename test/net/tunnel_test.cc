// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/tunnel.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/support/memory_net.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

using keyswap::test::has;

const char* const kConnect = "CONNECT opaque.test:443 HTTP/1.1\r\nHost: opaque.test:443\r\n\r\n";
const std::string kNoHttp("\0\1\2", 3);

// A client that opened a tunnel, and its host.
class Opened {
 public:
  Opened() {
    client.say(kConnect);
    net.settle();
    host = &net.answer_dial();
    net.settle_durably();
    REQUIRE(has(client.take_heard(), "HTTP/1.1 200 "));
  }

  MemoryNet net;
  Peer& client = net.connect();
  Peer* host = nullptr;
};

}  // namespace

TEST_CASE("a tunnel stands once its upstream is reached and it is recorded", "[I6]") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kConnect + kNoHttp);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle();
  CHECK(client.heard.empty());
  CHECK(host.heard.empty());
  net.settle_durably();
  CHECK(has(client.heard, "HTTP/1.1 200 "));
  CHECK(host.heard == kNoHttp);
}

TEST_CASE("a tunnel passes bytes as they are, TLS of others among them") {
  Opened opened;
  opened.host->serve_tls("opaque.test");
  opened.client.begin_tls("opaque.test");
  opened.net.settle();
  REQUIRE(opened.client.is_secured);
  opened.client.say("to the host");
  opened.host->say(std::string(100'000, 'x'));
  opened.net.settle();
  CHECK(opened.host->heard == "to the host");
  CHECK(opened.client.heard == std::string(100'000, 'x'));
}

TEST_CASE("HTTP in the clear in a tunnel is read, not passed") {
  Opened opened;
  opened.client.say("GET /p HTTP/1.1\r\nHost: opaque.test:443\r\n\r\n");
  opened.net.settle();
  CHECK(opened.host->heard.empty());
  CHECK(opened.host->has_ended);
  Peer& read = opened.net.answer_dial();
  opened.net.settle_durably();
  CHECK(has(read.heard, "GET /p HTTP/1.1\r\n"));
}

TEST_CASE("first bytes that may yet be HTTP are not held for ever", "[I10]") {
  Opened opened;
  opened.client.say("GET");
  opened.net.settle();
  CHECK(opened.host->heard.empty());
  SECTION("time goes by") {
    opened.net.pass(bounds::kTunnelSpeechMs);
  }
  SECTION("the client says its end") {
    opened.client.finish();
    opened.net.settle();
    CHECK(opened.host->has_ended);
  }
  SECTION("the host speaks first") {
    opened.host->say("220 ready");
    opened.net.settle();
    CHECK(opened.host->heard == "GET");
    opened.client.say(" it");
    opened.net.settle();
    CHECK(opened.host->take_heard() == "GET it");
    return;
  }
  CHECK(opened.host->heard == "GET");
}

TEST_CASE("a tunnel keeps half-closes, and ends when both are done") {
  Opened opened;
  opened.client.say(kNoHttp);
  opened.client.finish();
  opened.net.settle();
  CHECK(opened.host->has_ended);
  CHECK_FALSE(opened.client.has_ended);
  opened.host->say("late");
  opened.host->finish();
  opened.net.settle();
  CHECK(opened.client.heard == "late");
  CHECK(opened.client.has_ended);
  CHECK(opened.net.connections->size() == 0);
}

TEST_CASE("a tunnel in which nothing passes ends when its time is over, and no later", "[I10]") {
  Opened opened;
  // Whenever the last bytes came, and whoever sent them.
  opened.client.say(kNoHttp);
  opened.net.pass(
      GENERATE(as<std::int64_t>(), 0, 1, bounds::kIntakeLookMs / 2, 3 * bounds::kIntakeLookMs / 2));
  (GENERATE(true, false) ? opened.client : *opened.host).say("last");
  opened.net.pass(bounds::kTunnelIdleMs - 1);
  CHECK(opened.net.connections->size() == 1);
  opened.net.pass(1);
  CHECK(opened.net.connections->size() == 0);
  CHECK(opened.net.upstreams_open() == 0);
}

TEST_CASE(
    "when the proxy stops, a tunnel that is not open yet is not opened, an open one goes on") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kConnect + kNoHttp);
  net.settle();
  const auto stop = [&net] {
    net.context.is_draining = true;
    net.connections->drain_all();
    net.settle_durably();
  };
  SECTION("its host is dialled") {
    stop();
    CHECK(has(client.heard, "Keyswap-Reason: shutting_down\r\n"));
    CHECK(client.has_ended);
  }
  SECTION("it is recorded") {
    Peer& host = net.answer_dial();
    net.settle();
    stop();
    CHECK(client.heard.empty());
    CHECK(host.heard.empty());
    CHECK(host.has_ended);
    CHECK(net.connections->size() == 0);
  }
  SECTION("it is open") {
    Peer& host = net.answer_dial();
    net.settle_durably();
    stop();
    host.say("answer");
    net.settle();
    CHECK(has(client.heard, "answer"));
    CHECK_FALSE(client.has_ended);
  }
}

TEST_CASE("a tunnel whose host is not there is refused") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kConnect);
  net.settle();
  net.refuse_dial();
  net.settle_durably();
  CHECK(has(client.heard, "Keyswap-Reason: upstream_connect_failed\r\n"));
  CHECK(client.has_ended);
}

TEST_CASE("a tunnel that cannot be recorded is not opened", "[I13]") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kConnect + kNoHttp);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle();
  SECTION("the disk fails") {
    while (net.log.answer(false)) {
      net.settle();
    }
  }
  SECTION("the disk hangs") {
    net.pass(bounds::kRecordMs);
  }
  CHECK(host.heard.empty());
  CHECK(host.has_ended);
  CHECK(has(client.heard, "Keyswap-Reason: audit_unavailable\r\n"));
}

TEST_CASE("a client that goes while its tunnel is dialled leaves nothing") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kConnect);
  net.settle();
  net.answer_dial();
  client.finish();
  net.settle_durably();
  net.pass(bounds::kLingerMs);
  CHECK(net.connections->size() == 0);
  CHECK(net.upstreams_open() == 0);
}

}  // namespace keyswap::test
