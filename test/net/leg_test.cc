// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/leg.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

const char* const kHost = "h.test";

// Two ends of one connection.
class Ends {
 public:
  void secure() {
    two.serve_tls(kHost);
    one.begin_tls(kHost);
    net.settle();
    REQUIRE(one.is_secured);
    REQUIRE(two.is_secured);
  }

  MemoryNet net;
  MemoryNet::Joined joined = net.join();
  Peer& one = *joined.peer;
  Peer two{net.context, joined.socket};
};

}  // namespace

TEST_CASE("a leg carries bytes both ways, in the clear and in TLS") {
  Ends ends;
  if (GENERATE(false, true)) {
    ends.secure();
  }
  const std::string long_text(100'000, 'x');
  ends.one.say("from one");
  ends.two.say(long_text);
  ends.net.settle();
  CHECK(ends.two.heard == "from one");
  CHECK(ends.one.heard == long_text);
}

TEST_CASE("bytes of locked memory leave a leg in TLS only, and sealed", "[I1]") {
  Ends ends;
  ends.secure();
  auto locked = vault::LockedBuffer::of_capacity(64);
  REQUIRE(locked);
  REQUIRE(locked->append("a secret"));
  ends.two.leg.write_secret(locked->reveal());
  ends.two.leg.flush();
  CHECK(ends.two.leg.pending_bytes() == 0);
  ends.net.settle();
  CHECK(ends.one.heard == "a secret");
}

TEST_CASE("a leg that is held reads nothing until every reason is released") {
  Ends ends;
  if (GENERATE(false, true)) {
    ends.secure();
  }
  ends.two.leg.hold(net::Leg::Hold::other_side_full);
  ends.two.leg.hold(net::Leg::Hold::unread_full);
  ends.one.say("waits");
  ends.net.settle();
  ends.two.leg.release(net::Leg::Hold::unread_full);
  ends.net.settle();
  CHECK(ends.two.heard.empty());
  ends.two.leg.release(net::Leg::Hold::other_side_full);
  ends.net.settle();
  CHECK(ends.two.heard == "waits");
}

TEST_CASE("an end in TLS is clean only where it was said") {
  Ends ends;
  ends.secure();
  const bool is_said = GENERATE(true, false);
  ends.one.leg.finish_writing(is_said ? net::Leg::Ending::said : net::Leg::Ending::cut);
  ends.net.settle();
  CHECK(ends.two.has_ended);
  CHECK(ends.two.was_clean == is_said);
}

TEST_CASE("a leg does not come to TLS with somebody who is not the one asked for", "[I4]") {
  Ends ends;
  ends.two.serve_tls("other.test");
  ends.one.begin_tls(kHost);
  ends.net.settle();
  CHECK_FALSE(ends.one.is_secured);
  CHECK(ends.one.is_broken);
  CHECK(ends.one.leg.failure().cause == base::Cause::certificate_wrong_name);
}

TEST_CASE("a side that takes nothing breaks the leg after the patience with it", "[I10]") {
  Ends ends;
  ends.net.last_pipe().stop_taking();
  ends.two.leg.set_patience(60'000);
  ends.two.say(std::string(100'000, 'x'));
  ends.net.pass(60'000 - bounds::kIntakeLookMs);
  CHECK_FALSE(ends.two.is_broken);
  ends.net.pass(2 * bounds::kIntakeLookMs);
  CHECK(ends.two.is_broken);
  CHECK(ends.two.leg.has_stalled());
}

TEST_CASE("what a side took at once is not taken to have waited until that was looked at",
          "[I10]") {
  Ends ends;
  ends.two.say("one");
  ends.net.pass(bounds::kIntakeLookMs / 2);
  ends.two.say("two");
  const std::int64_t said_ms = ends.net.world().now_ms;
  ends.net.pass(2 * bounds::kIntakeLookMs);
  CHECK(ends.two.leg.last_taken_ms() == said_ms);
}

TEST_CASE("a leg that is silent tells nothing any more") {
  Ends ends;
  ends.two.leg.silence();
  ends.one.say("too late");
  ends.one.finish();
  ends.net.settle();
  CHECK(ends.two.heard.empty());
  CHECK_FALSE(ends.two.has_ended);
}

}  // namespace keyswap::test
