// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/limit_table.h"

#include <array>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "test/support/fake_venue.h"

namespace keyswap::net {

namespace {

// The limits of a secret's scopes, with these entries of `bindings:`.
limits::RuleLimits limits_with(const std::string& entries) {
  auto parsed = bindings::parse(
      "version: 1\nallow_wildcard_hosts: true\nsecrets:\n  KEY:\n"
      "    placeholder: \"sk-proj-PLACEHOLDER-01HXY1234567890\"\n"
      "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
      "    bindings: [ " +
          entries + " ]\n",
      "/",
      bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  auto all = limits_of(parsed.bindings);
  REQUIRE(all.size() == 1);
  return std::move(all.front());
}

limits::ScopeLimits one(const std::string& entry) {
  auto all = limits_with("{ host: a.example.com, " + entry + " }");
  REQUIRE(all.size() == 1);
  return std::move(all.front());
}

const std::string kRate = "rate_limit: { requests: 2, per: 10s }";
const std::string kQuota = "quota: { requests: 5, per: day }";

}  // namespace

TEST_CASE("each scope has its limits, and one without has none") {
  const auto all = limits_with("{ host: a.example.com, " + kRate + ", " + kQuota +
                               " }, { host: b.example.com }");
  REQUIRE(all.size() == 2);
  REQUIRE(all[0].rate);
  CHECK(all[0].rate->interval_ns == 5'000'000'000);
  CHECK(all[0].quota_per_day == 5);
  CHECK_FALSE(all[1].rate);
  CHECK_FALSE(all[1].quota_per_day);
}

TEST_CASE("a changed limit keeps its counters") {
  const auto before = one(kRate + ", " + kQuota);
  const auto after =
      one("rate_limit: { requests: 9, per: 1h }, quota: { requests: 7, per: day }, "
          "max_body: 1MiB, blocked: [\"DELETE /x\"]");
  CHECK(after.rate_key == before.rate_key);
  CHECK(after.quota_account == before.quota_account);
  CHECK(after.volume_accounts == before.volume_accounts);
  CHECK(after.nonce_account == before.nonce_account);
}

TEST_CASE("F36: entries for other methods, paths or hosts have counters of their own") {
  const auto get = one(kRate + ", " + kQuota + ", methods: [GET]");
  const auto post = one(kRate + ", " + kQuota + ", methods: [POST]");
  const auto path = one(kRate + ", " + kQuota + ", methods: [GET], paths: [\"/x\"]");
  const auto port = one(kRate + ", " + kQuota + ", methods: [GET], port: 444");
  for (const auto* const other : {&post, &path, &port}) {
    CHECK(other->rate_key != get.rate_key);
    CHECK(other->quota_account != get.quota_account);
  }
  CHECK(port.volume_accounts != get.volume_accounts);
}

TEST_CASE("a spent daily volume is not given out again by an edit of methods or paths") {
  CHECK(one("methods: [GET]").volume_accounts ==
        one("methods: [POST], paths: [\"/x\"]").volume_accounts);
}

TEST_CASE("hosts of one entry in another order keep its counters") {
  const auto entry = [](const std::string& subdomains) {
    return limits_with("{ host: \"*.example.org\", subdomains: " + subdomains + ", " + kRate +
                       ", " + kQuota + " }, { host: c.example.org }")
        .front();
  };
  const auto before = entry("[a, b]");
  const auto after = entry("[b, a]");
  CHECK(after.volume_accounts == before.volume_accounts);
  CHECK(after.quota_account == before.quota_account);
  CHECK(after.rate_key == before.rate_key);
  CHECK(entry("[b, d]").volume_accounts != before.volume_accounts);
}

namespace {

using Accounts = std::vector<std::string>;

// Where the orders of each rule's first scope are counted. A rule: its name, API key and entry.
std::vector<Accounts> volumes_of(const std::vector<std::array<std::string, 3>>& rules) {
  std::string text = "version: 1\nallow_wildcard_hosts: true\nsecrets:\n";
  for (const auto& [name, key, entry] : rules) {
    text += "  " + name + ":\n    placeholder: \"BINANCE_PLACEHOLDER_" + name +
            "_01HXY1234567890\"\n    inject: { type: binance, api_key: " + key +
            ", api_secret: S }\n    bindings: [ { " + entry + ", daily_volume_usd: 100 } ]\n";
  }
  auto parsed = bindings::parse(text, "/", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  std::vector<Accounts> all;
  for (const auto& rule : parsed.bindings.rules) {
    all.push_back(limits_of(rule).front().volume_accounts);
  }
  return all;
}

}  // namespace

TEST_CASE("F26: the day's volume of an entry is not spent anew when its hosts change places") {
  const auto of = [](const std::string& hosts) {
    return volumes_of({{"B", "B", "hosts: " + hosts + ", websocket: true"}}).front();
  };
  CHECK(of("[binance.spot, binance.futures]") == of("[binance.futures, binance.spot]"));
  CHECK(of("[binance.futures]") != of("[binance.spot]"));
}

TEST_CASE("a key has one volume at a venue's account, by whichever rule, host or protocol") {
  const auto all = volumes_of({{"REST", "KEY", "host: api.binance.com"},
                               {"MESSAGES", "KEY", "host: ws-api.binance.com, websocket: true"},
                               {"OTHER_HOST", "KEY", "host: api3.binance.com"},
                               {"FUTURES", "KEY", "host: fapi.binance.com"},
                               {"BOTH", "KEY", "hosts: [binance.spot, binance.futures]"},
                               {"OTHER_KEY", "KEY2", "host: api.binance.com"}});
  CHECK(all[0] == Accounts{"traded KEY@binance.spot"});
  CHECK(all[1] == all[0]);
  CHECK(all[2] == all[0]);
  CHECK(all[3] == Accounts{"traded KEY@binance.futures"});
  CHECK(all[4] == Accounts{"traded KEY@binance.futures", "traded KEY@binance.spot"});
  CHECK(all[5] == Accounts{"traded KEY2@binance.spot"});
}

TEST_CASE("which accounts there are at a venue, the venue knows") {
  auto parsed =
      bindings::parse(test::bazaar_yaml("{ host: a.bazaar.test }, { host: quiet.bazaar.test }, "
                                        "{ host: b.bazaar.test }, { host: elsewhere.test }"),
                      "/",
                      test::bazaar_alone());
  REQUIRE(parsed.errors.empty());
  const auto all = limits_of(parsed.bindings.rules[0]);
  REQUIRE(all.size() == 4);
  CHECK(all[0].volume_accounts == Accounts{"traded K@bazaar.stalls"});
  CHECK(all[1].volume_accounts == Accounts{"traded K@bazaar.quiet"});
  CHECK(all[2].volume_accounts == all[0].volume_accounts);
  CHECK(all[3].volume_accounts == Accounts{"traded K@elsewhere.test:443"});
}

TEST_CASE("hosts of one entry share its counters; other entries have their own") {
  const auto all = limits_with("{ host: \"*.example.org\", subdomains: [a, b], " + kRate + ", " +
                               kQuota + " }, { host: c.example.org, " + kRate + " }");
  REQUIRE(all.size() == 3);
  CHECK(all[0].rate_key == all[1].rate_key);
  CHECK(all[0].quota_account == all[1].quota_account);
  CHECK(all[0].volume_accounts == all[1].volume_accounts);
  CHECK(all[0].volume_accounts.size() == 2);  // of no venue that is known: each host has its own
  CHECK(all[2].rate_key != all[1].rate_key);
  CHECK(all[2].volume_accounts != all[1].volume_accounts);
}

namespace {

// The limits of the scopes of one secret, by its `inject:`, all of whose entries have their own.
limits::RuleLimits limits_of_places(const std::string& inject) {
  auto parsed = bindings::parse(
      "version: 1\nsecrets:\n  KEY:\n    placeholder: \"sk-proj-PLACEHOLDER-01HXY1234567890\"\n"
      "    inject: [ " +
          inject + " ]\n",
      "/",
      bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  return limits_of(parsed.bindings.rules.at(0));
}

std::string own(const std::string& place, const std::string& limits) {
  return "{ " + place + ", bindings: [ { host: a.example.com, " + limits + " } ] }";
}

}  // namespace

TEST_CASE("F36: two places of a secret that are bound alike have counters of their own", "[I10]") {
  const std::string header = "header: x-key, format: \"{secret}\"";
  const std::string slow = "rate_limit: { requests: 1, per: 1h }, " + kQuota;
  const auto both =
      limits_of_places(own(header, slow) + ", " + own("query: key", kRate + ", " + kQuota));
  REQUIRE(both.size() == 2);
  CHECK(both[0].rate_key != both[1].rate_key);
  CHECK(both[0].quota_account != both[1].quota_account);
  CHECK(both[0].volume_accounts == both[1].volume_accounts);
  // Of two that are called the same, too.
  const auto twins =
      limits_of_places(own(header, slow) + ", " + own(header, kRate + ", " + kQuota));
  REQUIRE(twins.size() == 2);
  CHECK(twins[0].rate_key != twins[1].rate_key);
  CHECK(twins[0].quota_account != twins[1].quota_account);
}

TEST_CASE("the places of a secret in another order keep their counters") {
  const std::string header = own("header: x-key, format: \"{secret}\"", kRate + ", " + kQuota);
  const std::string query = own("query: key", kRate + ", " + kQuota);
  const auto before = limits_of_places(header + ", " + query);
  const auto after = limits_of_places(query + ", " + header);
  REQUIRE(before.size() == 2);
  REQUIRE(after.size() == 2);
  CHECK(before[0].rate_key == after[1].rate_key);
  CHECK(before[1].quota_account == after[0].quota_account);
}

TEST_CASE("a honeytoken has no scopes, and so no counters") {
  auto parsed = bindings::parse(
      "version: 1\nsecrets:\n  BAIT:\n    honeytoken: true\n"
      "    placeholder: \"sk-proj-PLACEHOLDER-01HXY1234567890\"\n",
      "/",
      bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  CHECK(limits_of(parsed.bindings).at(0).empty());
}

}  // namespace keyswap::net
