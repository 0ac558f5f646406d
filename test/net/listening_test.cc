// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/listening.h"

#include <catch2/catch.hpp>

namespace keyswap::net {

namespace {

Listening on(std::vector<uv::Endpoint> endpoints) {
  return Listening(std::move(endpoints));
}

}  // namespace

TEST_CASE("each address that is listened on counts as ourselves, by its own port", "[I12]") {
  const Listening listening = on({{"127.0.0.1", 8472}, {"203.0.113.5", 9000}});
  CHECK(listening.has_port(8472));
  CHECK(listening.has_port(9000));
  CHECK_FALSE(listening.has_port(443));
  CHECK(listening.to_string() == "127.0.0.1:8472");
  CHECK(listening.ports().size() == 2);
  CHECK(listening.is_led_to_by({"127.0.0.1", 8472}));
  CHECK(listening.is_led_to_by({"203.0.113.5", 9000}));
  CHECK_FALSE(listening.is_led_to_by({"203.0.113.5", 8472}));
  CHECK_FALSE(listening.is_led_to_by({"203.0.113.6", 9000}));
  CHECK_FALSE(Listening().is_led_to_by({"127.0.0.1", 8472}));
}

TEST_CASE("every loopback address counts with a port of ours", "[I12]") {
  const Listening listening = on({{"127.0.0.1", 8472}});
  for (const char* address :
       {"127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"}) {
    INFO(address);
    CHECK(listening.is_led_to_by({address, 8472}));
    CHECK_FALSE(listening.is_led_to_by({address, 8473}));
  }
}

TEST_CASE("an address that is written as one of IPv6 leads to its listener, too", "[I12]") {
  const Listening listening = on({{"203.0.113.5", 9000}, {"::ffff", 9001}});
  CHECK(listening.is_led_to_by({"::ffff:203.0.113.5", 9000}));
  CHECK_FALSE(listening.is_led_to_by({"::ffff:203.0.113.6", 9000}));
  CHECK(listening.is_led_to_by({"::ffff", 9001}));
}

TEST_CASE("where it is managed counts as ourselves, and is told to no client", "[I12]") {
  const Listening listening({{"0.0.0.0", 8472}}, uv::Endpoint{"127.0.0.1", 8474});
  CHECK(listening.is_led_to_by({"127.0.0.1", 8474}));
  CHECK(listening.is_led_to_by({"127.0.0.1", 8472}));
  CHECK(listening.has_port(8474));
  CHECK(listening.to_string() == "127.0.0.1:8472");
  CHECK(Listening({}, uv::Endpoint{"127.0.0.1", 8474}).to_string().empty());
}

TEST_CASE("with all addresses listened on, those of others still are others", "[I12]") {
  const Listening listening = on({{"0.0.0.0", 8472}});
  CHECK(listening.is_led_to_by({"127.0.0.1", 8472}));
  CHECK_FALSE(listening.is_led_to_by({"198.51.100.77", 8472}));  // of nobody: RFC 5737
  CHECK_FALSE(listening.is_led_to_by({"no address", 8472}));
}

}  // namespace keyswap::net
