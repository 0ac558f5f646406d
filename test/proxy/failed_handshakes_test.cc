// SPDX-License-Identifier: Apache-2.0
#include "proxy/failed_handshakes.h"

#include <catch2/catch.hpp>

#include "proxy/base/limits.h"

namespace keyswap::proxy {
namespace {

FailedHandshake failed(const std::string& address, const std::string& host = "a.test") {
  return {address, "", host, "unknown_ca", audit::AlertBy::client};
}

TEST_CASE("the first failed handshake of a kind is recorded at once, the others counted [I10]",
          "[I10]") {
  FailedHandshakes counted;
  CHECK(counted.empty());
  CHECK(counted.add(failed("127.0.0.1:1")));
  for (int port = 2; port <= 1000; ++port) {
    CHECK_FALSE(counted.add(failed("127.0.0.1:" + std::to_string(port))));
  }
  const auto due = counted.end_window();
  REQUIRE(due.size() == 1);
  CHECK(due[0].count == 999);
  CHECK(due[0].address == "127.0.0.1:1000");
  CHECK(due[0].host == "a.test");
  CHECK(due[0].alert == "unknown_ca");
  // Those of the next second wait for its end, too.
  CHECK_FALSE(counted.add(failed("127.0.0.1:1001")));
  CHECK(counted.end_window().size() == 1);
  // After a second without any it is forgotten.
  CHECK(counted.end_window().empty());
  CHECK(counted.empty());
  CHECK(counted.add(failed("127.0.0.1:1002")));
}

TEST_CASE("another address, host or alert is another kind") {
  FailedHandshakes counted;
  CHECK(counted.add(failed("127.0.0.1:1")));
  CHECK(counted.add(failed("127.0.0.2:1")));
  CHECK(counted.add(failed("[::1]:1")));
  CHECK(counted.add(failed("127.0.0.1:1", "b.test")));
  FailedHandshake other = failed("127.0.0.1:1");
  other.alert = "closed";
  CHECK(counted.add(other));
  CHECK(counted.end_window().empty());
}

TEST_CASE("past the bound of kinds all others share one record a second [I10]", "[I10]") {
  FailedHandshakes counted;
  std::size_t recorded = 0;
  for (int i = 0; i < 10'000; ++i) {
    recorded += counted.add(failed("127.0.0.1:1", std::to_string(i) + ".test")) ? 1 : 0;
  }
  CHECK(recorded == base::limits::kTlsFailedKindsMax);
  const auto due = counted.end_window();
  REQUIRE(due.size() == 1);
  CHECK(due[0].alert == "several");
  CHECK(due[0].host.empty());
  CHECK(due[0].count == 10'000 - base::limits::kTlsFailedKindsMax);
  CHECK(counted.empty());
}

}  // namespace
}  // namespace keyswap::proxy
