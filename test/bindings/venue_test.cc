// SPDX-License-Identifier: Apache-2.0
//
// A venue that this program does not have, given to it like those that it has: nothing else has to
// know it (test/support/fake_venue.h).
#include "bindings/venue.h"

#include <catch2/catch.hpp>

#include "bindings/signer.h"
#include "test/bindings/support.h"
#include "test/support/fake_venue.h"

namespace keyswap::bindings {

namespace {

using keyswap::test::bazaar;
using keyswap::test::bazaar_alone;
using keyswap::test::bazaar_yaml;

Judgement judged(const std::string& rules, std::string_view target) {
  const auto bindings =
      test::accepted(bazaar_yaml("{ host: a.bazaar.test" + rules + " }"), bazaar_alone());
  const http::HeaderList no_fields;
  return bindings.rules[0].signer()->judge({"POST", target, "a.bazaar.test", no_fields, {}},
                                           bindings.rules[0].scopes[0]);
}

}  // namespace

TEST_CASE("a venue's scheme makes its rules, and they know whose they are") {
  const auto bindings =
      test::accepted(bazaar_yaml("{ hosts: bazaar.stalls, symbols: [RUG] }") +
                         "  OTHER:\n    placeholder: kswp_PLACEHOLDER_000000000002\n"
                         "    inject: { header: x-key, format: \"{secret}\" }\n"
                         "    bindings: [ { host: a.bazaar.test } ]\n",
                     bazaar_alone());
  REQUIRE(bindings.rules.size() == 2);
  CHECK(bindings.rules[0].venue == &bazaar());
  CHECK(bindings.rules[0].injection().scheme() == "bazaar");
  CHECK(bindings.rules[0].scopes.size() == 2);
  CHECK(bindings.rules[1].venue == nullptr);
  CHECK(bindings.venues.size() == 1);
}

TEST_CASE("an order is held to what the binding may trade") {
  const std::string rules = ", symbols: [RUG], max_order_usd: 50, daily_volume_usd: 80";
  CHECK(judged(rules, "/order?item=RUG&usd=40").volume_e8 == 4'000'000'000);
  CHECK(judged(rules, "/order?item=RUG&usd=40").volume_max_e8 == 8'000'000'000);
  CHECK(judged(rules, "/order?item=RUG&usd=60").refusal == SignerRefusal::order_limit_exceeded);
  CHECK(judged(rules, "/order?item=LAMP&usd=40").refusal == SignerRefusal::order_limit_exceeded);
  CHECK_FALSE(judged("", "/order?item=LAMP&usd=60").refusal);
}

TEST_CASE("what a venue's scheme never lets through is closed at its hosts") {
  const auto bindings = test::accepted(bazaar_yaml("{ host: a.bazaar.test }"), bazaar_alone());
  CHECK(bindings.forbidding_rule(test::at_host("a.bazaar.test"), {"POST", "/withdraw"}));
  CHECK_FALSE(bindings.forbidding_rule(test::at_host("a.bazaar.test"), {"POST", "/order"}));
}

TEST_CASE("a venue that the program was not given is unknown to it") {
  const auto errors = test::errors_of(bazaar_yaml("{ host: a.bazaar.test }"));
  CHECK(errors.find("`type` must be one of: header, ") != std::string::npos);
  CHECK(test::errors_of(test::with_inject("{ type: nothing }"), bazaar_alone())
            .find("must be one of: header, bazaar, ") != std::string::npos);
}

TEST_CASE("venues, their hosts and their lists are found by name") {
  CHECK(find_venue(bazaar_alone(), "bazaar") == &bazaar());
  CHECK(find_venue(bazaar_alone(), "Bazaar") == nullptr);
  CHECK(find_venue({}, "bazaar") == nullptr);
  REQUIRE(find_venue_host(bazaar(), "b.bazaar.test") != nullptr);
  CHECK(find_venue_host(bazaar(), "b.bazaar.test")->list == "bazaar.stalls");
  CHECK(find_venue_host(bazaar(), "bazaar.test") == nullptr);
  CHECK(host_lists(bazaar_alone()) ==
        std::vector<std::string_view>{"bazaar.stalls", "bazaar.quiet"});
  CHECK(hosts_of_list(bazaar_alone(), "bazaar.stalls").size() == 3);
  CHECK(hosts_of_list(bazaar_alone(), "").empty());
}

}  // namespace keyswap::bindings
