// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/dial.h"

#include <memory>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/net/dial_attempt.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

namespace {

flow::Destination destination(const char* host, flow::Protocol protocol = flow::Protocol::https) {
  return {protocol,
          {host, static_cast<std::uint16_t>(protocol == flow::Protocol::https ? 443 : 80)}};
}

class Dialled {
 public:
  explicit Dialled(flow::Destination where,
                   net::Dial::Depth depth = net::Dial::Depth::as_protocol) {
    dial_ = std::make_unique<net::Dial>(
        net.context, std::move(where), net.context.policy, depth, [this](net::Dial::Outcome told) {
          net.context.bury(std::move(dial_));
          outcome = std::move(told);
        });
    net.settle();
  }

  ~Dialled() {
    if (dial_) {
      dial_->cancel();
      net.context.bury(std::move(dial_));
    }
    if (outcome && outcome->upstream) {
      net.context.bury(std::move(outcome->upstream));
    }
  }

  void cancel() {
    dial_->cancel();
    net.context.bury(std::move(dial_));
  }

  MemoryNet net;
  std::optional<net::Dial::Outcome> outcome;

 private:
  std::unique_ptr<net::Dial> dial_;
};

}  // namespace

TEST_CASE("a connection is there once the host has proven who it is", "[I4]") {
  Dialled dialled(destination("h.test"));
  Peer& host = dialled.net.answer_dial();
  dialled.net.settle();
  CHECK_FALSE(dialled.outcome);
  host.serve_tls("h.test");
  dialled.net.settle();
  REQUIRE(dialled.outcome);
  REQUIRE(dialled.outcome->upstream);
  CHECK(dialled.outcome->upstream->peer().tls == "TLSv1.3");
  CHECK(dialled.outcome->upstream->endpoint().port == 1001);
}

TEST_CASE("a host that proves to be another is not connected to", "[I4]") {
  Dialled dialled(destination("h.test"));
  dialled.net.answer_dial().serve_tls("other.test");
  dialled.net.settle();
  REQUIRE(dialled.outcome);
  CHECK_FALSE(dialled.outcome->upstream);
  CHECK(dialled.outcome->reason == audit::Reason::upstream_tls_failed);
}

TEST_CASE("a tunnel's host is connected to as far as TCP goes") {
  Dialled dialled(destination("opaque.test"), net::Dial::Depth::tcp_only);
  dialled.net.answer_dial();
  dialled.net.settle();
  REQUIRE(dialled.outcome);
  CHECK(dialled.outcome->upstream);
}

TEST_CASE("a host that refuses, or is not known, fails for that reason") {
  Dialled refused(destination("plain.test", flow::Protocol::http));
  refused.net.refuse_dial();
  refused.net.settle();
  REQUIRE(refused.outcome);
  CHECK(refused.outcome->reason == audit::Reason::upstream_connect_failed);
  const Dialled unknown(destination("unknown.test"));
  REQUIRE(unknown.outcome);
  CHECK(unknown.outcome->reason == audit::Reason::upstream_dns_failed);
}

TEST_CASE("the proxy does not dial itself", "[I12]") {
  Dialled dialled({flow::Protocol::http, {"localhost", 8472}});
  REQUIRE(dialled.outcome);
  CHECK(dialled.outcome->reason == audit::Reason::self_destination);
}

TEST_CASE("a dial ends, whatever the host does", "[I10]") {
  Dialled dialled(destination("h.test"));
  dialled.net.answer_dial();
  dialled.net.pass(base::bounds::kDialMs - 1);
  CHECK_FALSE(dialled.outcome);
  dialled.net.pass(1);
  REQUIRE(dialled.outcome);
  CHECK(dialled.outcome->reason == audit::Reason::upstream_timeout);
}

TEST_CASE("a dial that is given up tells nothing, and leaves no connection") {
  Dialled dialled(destination("h.test"));
  dialled.net.answer_dial();
  dialled.net.settle();
  dialled.cancel();
  dialled.net.settle();
  CHECK_FALSE(dialled.outcome);
  CHECK(dialled.net.upstreams_open() == 0);
}

}  // namespace keyswap::test
