// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/hosts.h"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "test/bindings/venues/binance/support.h"

namespace keyswap::bindings {

using binance::test::accepted;
using binance::test::errors_of;
using test::one_secret;

namespace {

std::string bound(const std::string& entries) {
  return one_secret("    placeholder: \"" + test::kPlaceholder +
                    "\"\n    inject: { type: binance, api_key: KEY, api_secret: SECRET }\n"
                    "    bindings: [ " +
                    entries + " ]\n");
}

std::vector<std::string> hosts_in(const Bindings& bindings) {
  std::vector<std::string> names;
  for (const auto& scope : bindings.rules[0].scopes) {
    names.push_back(scope.host.host);
  }
  return names;
}

}  // namespace

TEST_CASE("a list of hosts stands for each of its hosts, and shares one set of rules") {
  const auto bindings =
      accepted(bound("{ hosts: binance.spot, methods: [GET], max_order_usd: 500 }"));
  CHECK(hosts_in(bindings) == std::vector<std::string>{"api.binance.com",
                                                       "api-gcp.binance.com",
                                                       "api1.binance.com",
                                                       "api2.binance.com",
                                                       "api3.binance.com",
                                                       "api4.binance.com"});
  for (const auto& scope : bindings.rules[0].scopes) {
    CHECK(scope.port == 443);
    CHECK(scope.methods == std::vector<std::string>{"GET"});
    CHECK(scope.trading == bindings.rules[0].scopes[0].trading);
    CHECK(scope.trading != nullptr);
  }
}

TEST_CASE("several lists can be named together") {
  CHECK(hosts_in(accepted(bound("{ hosts: [binance.futures, binance.options] }"))) ==
        std::vector<std::string>{"fapi.binance.com", "dapi.binance.com", "eapi.binance.com"});
}

TEST_CASE("host and hosts exclude each other, one of them must be there, a list must exist") {
  CHECK(errors_of(bound("{ hosts: binance.spot, host: a.example.com }")) ==
        "5:26 `hosts` stands in place of `host` and `subdomains` | \n");
  CHECK(errors_of(bound("{ methods: [GET] }")).find("`host` is missing") != std::string::npos);
  CHECK(errors_of(bound("{ hosts: binance.spott }")) ==
        "5:26 'binance.spott' is no list of hosts | there are: binance.spot, binance.futures, "
        "binance.options, binance.portfolio, binance.testnet\n");
  CHECK_FALSE(errors_of(bound("{ hosts: [] }")).empty());
  CHECK_FALSE(errors_of(bound("{ hosts: { a: b } }")).empty());
}

TEST_CASE("hosts that pay out are in no list and cannot be bound, those of messages only as such") {
  for (const auto& host : binance::hosts()) {
    const auto listed = hosts_of_list(binance::test::alone(), host.list);
    const bool is_listed = std::ranges::any_of(listed, [&](const VenueHost& other) {
      return other.name == host.name && !other.takes_messages;
    });
    const std::string entry = "{ host: " + std::string(host.name);
    INFO(host.name);
    CHECK(is_listed == (!host.is_websocket_api && !host.list.empty()));
    CHECK(host.is_websocket_api == (host.families == 0));
    CHECK(errors_of(bound(entry + " }")).empty() != host.is_websocket_api);
    CHECK(errors_of(bound(entry + ", websocket: true }")).empty() == host.is_websocket_api);
  }
  CHECK(errors_of(bound("{ host: bpay.binanceapi.com }")).find("cannot be bound") !=
        std::string::npos);
  CHECK(
      errors_of(bound("{ host: bpay.binanceapi.com, websocket: true }")).find("cannot be bound") !=
      std::string::npos);
}

TEST_CASE(
    "with `websocket: true` a list stands for its hosts of messages, too, in the same entry") {
  const auto bindings = accepted(
      bound("{ hosts: [binance.spot, binance.futures], max_order_usd: 5, websocket: true }, "
            "{ host: eapi.binance.com }"));
  std::vector<std::string> doors;
  for (const auto& scope : bindings.rules[0].scopes) {
    if (scope.websocket) {
      doors.push_back(scope.host.host + ":" + std::to_string(scope.port));
    }
    CHECK(scope.websocket == scope.host.host.starts_with("ws-"));
    CHECK(scope.entry == (scope.host.host == "eapi.binance.com" ? 1 : 0));
    CHECK((scope.trading == bindings.rules[0].scopes[0].trading) == (scope.entry == 0));
  }
  CHECK(doors == std::vector<std::string>{"ws-api.binance.com:443",
                                          "ws-api.binance.com:9443",
                                          "ws-fapi.binance.com:443",
                                          "ws-dapi.binance.com:443"});
  CHECK(hosts_in(accepted(bound("{ hosts: binance.spot, websocket: false }"))).size() == 6);
  CHECK(errors_of(bound("{ hosts: binance.options, websocket: true }"))
            .find("no host of this list takes messages") != std::string::npos);
}

TEST_CASE("that another binding opens WebSockets on a host opens none of its closed endpoints") {
  const auto both = accepted(bound("{ host: api.binance.com }") +
                             "  OTHER:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
                             "    inject: { header: x-other, format: \"{secret}\" }\n"
                             "    bindings: [ { host: api.binance.com, websocket: true } ]\n");
  const auto forbids = [&](std::string_view target) {
    return both
        .forbidding_rule(
            test::at_host("api.binance.com"), {"GET", target}, Bindings::Purpose::websocket)
        .has_value();
  };
  CHECK(forbids("/ws-api/v3"));
  CHECK_FALSE(forbids("/stream"));
}

TEST_CASE("a host of messages is closed but where it is bound, port by port") {
  const auto closed = accepted(bound("{ hosts: binance.spot }"));
  const auto open = accepted(bound("{ host: ws-api.binance.com, websocket: true }"));
  const auto door = test::at_host("ws-api.binance.com");
  const auto other_port = test::at_host("ws-api.binance.com", 9443);
  CHECK(closed.forbids_host(door));
  CHECK_FALSE(open.forbids_host(door));
  CHECK(open.forbids_host(other_port));
  CHECK(open.forbids_host(test::at_host("ws-fapi.binance.com")));
  CHECK(open.forbids_host(test::at_host("bpay.binanceapi.com")));
  CHECK(open.websocket_scopes(door, {"GET", "/ws-api/v3"}).size() == 1);
  CHECK(open.websocket_scopes(other_port, {"GET", "/ws-api/v3"}).empty());
  const auto forbids = [&](Bindings::Purpose purpose) {
    return open.forbidding_rule(door, {"GET", "/ws-api/v3"}, purpose).has_value();
  };
  CHECK_FALSE(forbids(Bindings::Purpose::websocket));
  CHECK(forbids(Bindings::Purpose::request));
  // The same message is another order on another market's path.
  const auto opens = [&](std::string_view target) {
    return !open.forbidding_rule(door, {"GET", target}, Bindings::Purpose::websocket);
  };
  CHECK(opens("/ws-api/v3?returnRateLimits=false"));
  CHECK_FALSE(opens("/ws-api/v3?responseFormat=sbe&sbeSchemaId=3"));
  CHECK_FALSE(opens("/ws-api/v3?responseFormat=%73be"));
  CHECK_FALSE(opens("/ws-dapi/v1"));
  CHECK_FALSE(opens("/ws-api/v3/"));
  CHECK_FALSE(opens("/ws-api/%76%33"));
  CHECK_FALSE(opens("/"));
  CHECK(open.forbidding_rule(door, {"POST", "/ws-api/v3"}).has_value());
  CHECK(open.forbidding_rule(door, {"POST", "/sapi/v1/capital/withdraw/apply"}).has_value());
  CHECK(accepted(bound("{ host: testnet.binancefuture.com }"))
            .forbidding_rule(test::at_host("testnet.binancefuture.com"), {"GET", "/ws-fapi/v1"})
            .has_value());
}

TEST_CASE("no host stands in the table twice") {
  std::set<std::string_view> names;
  for (const auto& host : binance::hosts()) {
    CHECK(names.insert(host.name).second);
    CHECK(binance::find_host(host.name) == &host);
  }
  CHECK(binance::find_host("api.binance.com.evil.test") == nullptr);
  CHECK(binance::find_host("evilbinance.com") == nullptr);
}

TEST_CASE("a reverse route leads to the hosts that serve its family") {
  const auto serving = [](std::string_view segment) {
    std::vector<std::string> names;
    for (const auto& host : binance::hosts()) {
      if (!host.list.starts_with("binance.testnet") && binance::serves_route(host.name, segment)) {
        names.emplace_back(host.name);
      }
    }
    return names;
  };
  CHECK(serving("api") == std::vector<std::string>{"api.binance.com",
                                                   "api-gcp.binance.com",
                                                   "api1.binance.com",
                                                   "api2.binance.com",
                                                   "api3.binance.com",
                                                   "api4.binance.com",
                                                   "api.binance.us"});
  CHECK(serving("sapi") == serving("api"));
  CHECK(serving("fapi") == std::vector<std::string>{"fapi.binance.com"});
  CHECK(serving("dapi") == std::vector<std::string>{"dapi.binance.com"});
  for (const auto* const none : {"eapi", "papi", "wapi", "API", ""}) {
    CHECK(serving(none).empty());
  }
  CHECK_FALSE(binance::serves_route("unknown.example.com", "api"));
}

}  // namespace keyswap::bindings
