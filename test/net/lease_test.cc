// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/lease.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/net/bound_upstreams.h"
#include "proxy/net/connector.h"
#include "proxy/net/upstream.h"
#include "proxy/net/upstream_codec.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

namespace {

const flow::Destination kPlain{flow::Protocol::http, {"plain.test", 80}};

// Who has a lease, and remembers what it tells.
class Leaser final : public net::LeaseEvents {
 public:
  explicit Leaser(MemoryNet& net, net::BoundUpstreams& bound)
      : net_(&net), lease(net.context, bound, *this) {}

  void get(const std::string& owner = "u1/") {
    lease.get({kPlain, net_->context.policy, owner, http::AnswerTo::other});
    net_->settle();
  }

  void ask() {
    http::OutgoingRequest head{.method = "GET", .target = "/p", .fields = {}};
    head.fields.add({"Host", "plain.test"});
    REQUIRE(lease.send_head(head));
    REQUIRE(lease.end_request());
    lease.upstream()->leg().flush();
    net_->settle();
  }

  void release(flow::UpstreamFate fate) {
    lease.release({fate});
    net_->settle();
  }

  void on_lease_dialed(audit::Reason reason, base::Failure /*failure*/) override {
    dialed = reason;
  }

  void on_lease_event(flow::Event event) override {
    if (const auto* head = std::get_if<flow::UpstreamHead>(&event)) {
      told += std::to_string(head->head.status) + " ";
    } else if (const auto* body = std::get_if<flow::UpstreamBody>(&event)) {
      told += std::string(body->bytes) + " ";
    } else if (std::holds_alternative<flow::UpstreamEnd>(event)) {
      told += "end ";
    } else if (const auto* broken = std::get_if<flow::UpstreamBroken>(&event)) {
      told += broken->was_stale ? "stale " : "broken ";
    }
  }

  void on_lease_read_done() override {}

  void on_lease_drained() override {}

 private:
  MemoryNet* net_;

 public:
  std::optional<audit::Reason> dialed;
  std::string told;
  net::Lease lease;
};

const char* const kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace

TEST_CASE("a lease is dialled, asked over, and answered") {
  MemoryNet net;
  net::BoundUpstreams bound(net.context);
  Leaser leaser(net, bound);
  leaser.get();
  CHECK(leaser.lease.is_dialing());
  Peer& host = net.answer_dial();
  net.settle();
  REQUIRE(leaser.lease.upstream() != nullptr);
  CHECK_FALSE(leaser.lease.is_used());
  leaser.ask();
  CHECK(leaser.lease.is_used());
  CHECK(host.heard == "GET /p HTTP/1.1\r\nHost: plain.test\r\n\r\n");
  host.say(kOk);
  net.settle();
  CHECK(leaser.told == "200 ok end ");
}

TEST_CASE("what was given back serves the same owner again, and nobody else", "[I16]") {
  MemoryNet net;
  net::BoundUpstreams bound(net.context);
  Leaser first(net, bound);
  first.get();
  Peer& host = net.answer_dial();
  net.settle();
  first.ask();
  host.say(kOk);
  net.settle();
  first.release(flow::UpstreamFate::reuse);
  CHECK(first.lease.upstream() == nullptr);

  Leaser other(net, bound);
  other.get("u2/");
  CHECK(other.lease.is_dialing());
  other.lease.drop();

  Leaser again(net, bound);
  again.get();
  REQUIRE(again.lease.upstream() != nullptr);
  SECTION("and a connection that closes before it answers was stale") {
    again.ask();
    host.finish();
    net.settle();
    CHECK(again.told == "stale ");
  }
  SECTION("unless it is to be dialled whatever rests") {
    again.release(flow::UpstreamFate::reuse);
    again.lease.get_anew({kPlain, net.context.policy, "u1/", http::AnswerTo::other});
    CHECK(again.lease.is_dialing());
  }
  SECTION("but not after it has rested for too long") {
    again.release(flow::UpstreamFate::reuse);
    net.pass(base::bounds::kUpstreamIdleMs + 2'000);
    again.get();
    CHECK(again.lease.upstream() == nullptr);
  }
  SECTION("nor under another policy") {
    again.release(flow::UpstreamFate::reuse);
    ++net.context.policy.number;
    again.get();
    CHECK(again.lease.upstream() == nullptr);
  }
}

TEST_CASE("a connection that somebody logged in on is this client connection's alone", "[I16]") {
  MemoryNet net;
  net::BoundUpstreams bound(net.context);
  Leaser leaser(net, bound);
  leaser.get();
  Peer& host = net.answer_dial();
  net.settle();
  leaser.ask();
  host.say(kOk);
  net.settle();
  leaser.release(flow::UpstreamFate::keep_for_client);

  net::BoundUpstreams elsewhere(net.context);
  Leaser other(net, elsewhere);
  other.get();
  CHECK(other.lease.upstream() == nullptr);
  leaser.get();
  CHECK(leaser.lease.upstream() != nullptr);
  // What goes there later never goes to the pool, either.
  leaser.ask();
  host.say(kOk);
  net.settle();
  leaser.release(flow::UpstreamFate::reuse);
  CHECK(net.context.upstreams.connector->take(
            {"pplain.test:80/", net.context.policy.number, "u1/"}) == nullptr);
}

TEST_CASE("a connection that speaks before it is asked is lost, and tells the exchange nothing") {
  MemoryNet net;
  net::BoundUpstreams bound(net.context);
  Leaser leaser(net, bound);
  leaser.get();
  Peer& host = net.answer_dial();
  net.settle();
  host.say(kOk);
  net.settle();
  CHECK(leaser.told.empty());
  CHECK(leaser.lease.upstream() == nullptr);
}

TEST_CASE("a connection that says more than was asked for is not used again") {
  MemoryNet net;
  net::BoundUpstreams bound(net.context);
  Leaser leaser(net, bound);
  leaser.get();
  Peer& host = net.answer_dial();
  net.settle();
  leaser.ask();
  host.say(std::string(kOk) + "surplus");
  net.settle();
  leaser.release(flow::UpstreamFate::reuse);
  leaser.get();
  CHECK(leaser.lease.upstream() == nullptr);
}

TEST_CASE("a lease that goes gives its connection up") {
  MemoryNet net;
  net::BoundUpstreams bound(net.context);
  {
    Leaser leaser(net, bound);
    leaser.get();
    net.answer_dial();
    net.settle();
    CHECK(net.upstreams_open() == 1);
  }
  net.settle();
  CHECK(net.upstreams_open() == 0);
}

}  // namespace keyswap::test
