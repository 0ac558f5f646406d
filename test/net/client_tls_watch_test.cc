// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/client_tls_watch.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::net {
namespace {

constexpr std::int64_t kWindow = base::bounds::kRepeatsWindowMs * 1000;

FailedHandshake failed(const std::string& address, const std::string& host = "a.test") {
  return {address, {}, "", host, "unknown_ca", audit::AlertBy::client};
}

TEST_CASE("the first failed handshake of a kind is recorded at once, the others counted [I10]",
          "[I10]") {
  FailedHandshakes counted;
  CHECK(counted.empty());
  CHECK(counted.add(failed("127.0.0.1:1"), 0));
  for (int port = 2; port <= 1000; ++port) {
    CHECK_FALSE(counted.add(failed("127.0.0.1:" + std::to_string(port)), 0));
  }
  const auto due = counted.take_due(kWindow);
  REQUIRE(due.size() == 1);
  CHECK(due[0].count == 999);
  CHECK(due[0].address == "127.0.0.1:1000");
  CHECK(due[0].host == "a.test");
  CHECK(due[0].alert == "unknown_ca");
  // Those of the next second wait for its end, too.
  CHECK_FALSE(counted.add(failed("127.0.0.1:1001"), kWindow));
  CHECK(counted.take_due(2 * kWindow).size() == 1);
  // After a second without any it is forgotten.
  CHECK(counted.take_due(3 * kWindow).empty());
  CHECK(counted.empty());
  CHECK(counted.add(failed("127.0.0.1:1002"), 3 * kWindow));
}

TEST_CASE("a record stands for handshakes of one user of the machine") {
  FailedHandshakes counted;
  const auto of_user = [](std::uint32_t user) {
    FailedHandshake one = failed("127.0.0.1:1");
    one.user = user;
    return one;
  };
  for (int i = 0; i < 6; ++i) {
    static_cast<void>(counted.add(of_user(1000), 0));
    static_cast<void>(counted.add(of_user(1001), 0));
    static_cast<void>(counted.add(failed("127.0.0.1:1"), 0));
  }
  const auto due = counted.take_due(kWindow);
  REQUIRE(due.size() == 3);
  for (const auto& one : due) {
    CHECK(one.count == 5);
  }
  CHECK(due[0].user != due[1].user);
}

TEST_CASE("another address, host or alert is another kind") {
  FailedHandshakes counted;
  CHECK(counted.add(failed("127.0.0.1:1"), 0));
  CHECK(counted.add(failed("127.0.0.2:1"), 0));
  CHECK(counted.add(failed("[::1]:1"), 0));
  CHECK(counted.add(failed("127.0.0.1:1", "b.test"), 0));
  FailedHandshake other = failed("127.0.0.1:1");
  other.alert = "closed";
  CHECK(counted.add(other, 0));
  CHECK(counted.take_all().empty());
}

TEST_CASE("past the bound of kinds all others share one record a second [I10]", "[I10]") {
  FailedHandshakes counted;
  std::size_t recorded = 0;
  for (int i = 0; i < 10'000; ++i) {
    recorded += counted.add(failed("127.0.0.1:1", std::to_string(i) + ".test"), 0) ? 1 : 0;
  }
  CHECK(recorded == base::bounds::kTlsFailedKindsMax);
  const auto due = counted.take_due(kWindow);
  REQUIRE(due.size() == 1);
  CHECK(due[0].alert == "several");
  CHECK(due[0].host.empty());
  CHECK(due[0].count == 10'000 - base::bounds::kTlsFailedKindsMax);
  CHECK(counted.take_due(2 * kWindow).empty());
  CHECK(counted.empty());
}

}  // namespace
}  // namespace keyswap::net
