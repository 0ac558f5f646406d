// SPDX-License-Identifier: Apache-2.0
//
// I10: certificates that are not made, because the workers hang or have too many to make, hold up
// nobody but those who wait for them, and these not for long.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/fuzz/session/stage.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

const char* const kManyHosts = R"(
version: 1
allow_wildcard_hosts: true
unmatched_destination_policy: forward_unmodified
allow_users: ["*"]
upstream: { resolve: { "plain.test:80": "127.0.0.1:1003" } }
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: "*.many.test" } ]
)";

using ClientWire = std::shared_ptr<Wire>;

class Minting {
 public:
  // Asks for a tunnel to a host of that number.
  ClientWire connect(std::size_t number) {
    const std::string authority = "h" + std::to_string(number) + ".many.test:443";
    ClientWire client = stage.connect();
    client->to_proxy = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
    stage.settle();
    return client;
  }

  void mint_all() {
    for (const auto& mint : std::exchange(stage.mints, {})) {
      mint();
    }
    stage.settle();
  }

  void make_durable() {
    while (stage.log.answer(true)) {
      stage.settle();
    }
  }

  Stage stage{parse_all(kManyHosts)};
};

bool is_open(const ClientWire& client) {
  return client->from_proxy.find("HTTP/1.1 200 ") == 0;
}

bool is_too_busy(const ClientWire& client) {
  return client->from_proxy.find("HTTP/1.1 503 ") == 0 &&
         client->from_proxy.find("Keyswap-Reason: too_busy\r\n") != std::string::npos &&
         client->from_proxy.find("\"retryable\":true") != std::string::npos &&
         client->is_proxy_done;
}

}  // namespace

TEST_CASE("a certificate that is not made in time is a 503 that is recorded, and holds up nobody",
          "[I10]") {
  Minting minting;
  Stage& stage = minting.stage;
  const ClientWire before = minting.connect(0);
  minting.mint_all();
  REQUIRE(is_open(before));

  const ClientWire waits = minting.connect(1);
  const ClientWire waits_too = minting.connect(1);
  CHECK(stage.mints.size() == 1);
  CHECK(is_open(minting.connect(0)));
  const ClientWire other = stage.connect();
  other->to_proxy = "GET http://plain.test/p HTTP/1.1\r\nHost: plain.test\r\n\r\n";
  stage.settle();
  stage.servers.at(0).meet(Server::Manner::good);
  stage.settle();
  minting.make_durable();
  CHECK(stage.log.times_sent("/p") == 1);

  stage.world().pass(bounds::kClientTlsMs - 1);
  stage.settle();
  CHECK(waits->from_proxy.empty());
  stage.world().pass(1);
  stage.settle();
  CHECK(waits->from_proxy.empty());  // its record comes first
  minting.make_durable();
  CHECK(is_too_busy(waits));
  CHECK(is_too_busy(waits_too));

  // It comes after all, for those who ask then.
  minting.mint_all();
  CHECK(is_open(minting.connect(1)));
}

TEST_CASE("past the queue's bound a host without a certificate is a 503 at once, no other is",
          "[I10]") {
  Minting minting;
  Stage& stage = minting.stage;
  const ClientWire before = minting.connect(0);
  minting.mint_all();
  REQUIRE(is_open(before));

  std::vector<ClientWire> waiting;
  for (std::size_t number = 1; number <= bounds::kMintQueueMax; ++number) {
    waiting.push_back(minting.connect(number));
  }
  CHECK(stage.mints.size() == bounds::kMintQueueMax);
  const ClientWire refused = minting.connect(bounds::kMintQueueMax + 1);
  minting.make_durable();
  CHECK(is_too_busy(refused));
  CHECK(stage.mints.size() == bounds::kMintQueueMax);
  CHECK(is_open(minting.connect(0)));
  waiting.push_back(minting.connect(1));  // with the first of them
  CHECK(waiting.back()->from_proxy.empty());

  minting.mint_all();
  for (const ClientWire& client : waiting) {
    REQUIRE(is_open(client));
  }
  const ClientWire again = minting.connect(bounds::kMintQueueMax + 1);
  minting.mint_all();
  CHECK(is_open(again));
}

}  // namespace keyswap::test
