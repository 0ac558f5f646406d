// SPDX-License-Identifier: Apache-2.0
//
// `hosts:` (bindings/parse_hosts.cc): lists of a venue, which any scheme may name.
#include <catch2/catch.hpp>

#include "test/bindings/support.h"
#include "test/support/fake_venue.h"

namespace keyswap::bindings {

namespace {

using keyswap::test::bazaar_alone;

// "host:port", with a '!' where WebSockets may be opened.
std::vector<std::string> hosts_of(const std::string& entry) {
  std::vector<std::string> hosts;
  const auto bindings = test::accepted(test::with_binding(entry), bazaar_alone());
  for (const auto& scope : bindings.rules[0].scopes) {
    hosts.push_back(scope.host.host + ":" + std::to_string(scope.port) +
                    (scope.websocket ? "!" : ""));
  }
  return hosts;
}

using Hosts = std::vector<std::string>;

}  // namespace

TEST_CASE("a list stands for its hosts of requests") {
  CHECK(hosts_of("{ hosts: bazaar.stalls }") == Hosts{"a.bazaar.test:443", "b.bazaar.test:443"});
  CHECK(hosts_of("{ hosts: [bazaar.quiet, bazaar.stalls], port: 444 }") ==
        Hosts{"quiet.bazaar.test:444", "a.bazaar.test:444", "b.bazaar.test:444"});
}

TEST_CASE("with `websocket: true` for its hosts of messages, too, on each of their ports") {
  CHECK(hosts_of("{ hosts: bazaar.stalls, websocket: true }") == Hosts{"a.bazaar.test:443",
                                                                       "b.bazaar.test:443",
                                                                       "cry.bazaar.test:443!",
                                                                       "cry.bazaar.test:9443!"});
  CHECK(test::errors_of(test::with_binding("{ hosts: bazaar.quiet, websocket: true }"),
                        bazaar_alone())
            .find("no host of this list takes messages") != std::string::npos);
}

TEST_CASE("a list that no venue has is an error that names those there are") {
  const auto entry = test::with_binding("{ hosts: bazaar.stall }");
  CHECK(test::errors_of(entry, bazaar_alone()) ==
        "5:26 'bazaar.stall' is no list of hosts | there are: bazaar.stalls, bazaar.quiet\n");
  CHECK(test::errors_of(entry) == "5:26 'bazaar.stall' is no list of hosts | \n");
}

}  // namespace keyswap::bindings
