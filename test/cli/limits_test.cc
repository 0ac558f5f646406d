// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "bindings/trading_rules.h"
#include "bindings/venues/table.h"
#include "proxy/cli/explain_json.h"
#include "proxy/cli/explain_request.h"
#include "proxy/cli/limit_rows.h"
#include "proxy/cli/limit_text.h"
#include "proxy/net/limit_table.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

constexpr std::string_view kYaml = R"(version: 1
allow_wildcard_hosts: true
secrets:
  KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - host: api.example.com
        rate_limit: { requests: 100, per: 1h }
        quota: { requests: 1000, per: day }
        max_body: 1MiB
        blocked: ["DELETE /repos/*", "/admin/*"]
      - { host: "*.example.org", subdomains: [a, b, c], quota: { requests: 7, per: day } }
      - { host: free.example.com }
)";

bindings::Bindings some_bindings() {
  auto parsed = bindings::parse(kYaml, "/", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  return std::move(parsed.bindings);
}

}  // namespace

TEST_CASE("limits are shown with what was used today, one row an entry") {
  const auto bindings = some_bindings();
  const auto accounts = net::limits_of(bindings.rules[0]);
  const std::vector<limits::UsageRow> usage = {{accounts[0].quota_account, 20'000, 12},
                                               {accounts[0].quota_account, 19'999, 999},
                                               {accounts[1].quota_account, 20'000, 9},
                                               {"quota of an entry that is gone", 20'000, 5}};
  const auto report = report_limits(bindings, usage, 20'000 * kDayUs + 5);
  CHECK(report.resets_s == 20'001 * 86'400);
  REQUIRE(report.rows.size() == 3);
  CHECK(report.rows[0].kind == LimitKind::rate_limit);
  CHECK(report.rows[0].secret == "KEY");
  CHECK(report.rows[0].host == "api.example.com");
  CHECK(report.rows[1].kind == LimitKind::quota);
  CHECK(report.rows[1].limit == 1000);
  CHECK(report.rows[1].used == 12);
  CHECK(report.rows[2].host == "a.example.org and 2 more");
  CHECK(report.rows[2].used == 9);  // more than the limit, which was higher then

  SECTION("a new day begins at 0") {
    const auto next = report_limits(bindings, usage, 20'001 * kDayUs);
    CHECK(next.rows[1].used == 0);
    CHECK(next.resets_s == 20'002 * 86'400);
  }
  SECTION("a clock that was set back shows the day that is counted for") {
    const auto earlier = report_limits(bindings, usage, 19'999 * kDayUs);
    CHECK(earlier.rows[1].used == 12);
    CHECK(earlier.resets_s == 20'001 * 86'400);
  }
}

TEST_CASE("the day's volume of a trading binding is shown against its bound") {
  auto bindings = some_bindings();
  auto rules = std::make_shared<bindings::TradingRules>();
  rules->daily_volume_e8 = 100'000'000'000;
  auto& scope = bindings.rules[0].scopes[4];
  scope.trading = rules;
  const auto account = net::limits_of(bindings.rules[0])[4].volume_accounts.front();
  const auto report = report_limits(bindings, {{account, 20'000, 60'000'000'000}}, 20'000 * kDayUs);
  REQUIRE(report.rows.size() == 4);
  CHECK(report.rows[3].kind == LimitKind::daily_volume);
  CHECK(report.rows[3].host == "free.example.com");
  CHECK(report.rows[3].limit == 100'000'000'000);
  CHECK(report.rows[3].used == 60'000'000'000);
  CHECK(describe_limits(scope) == "trading rules, 1000 USD per day");

  SECTION("with what an earlier version counted") {
    const auto old = net::limits_of(bindings.rules[0])[4].old_volume_account;
    const auto both = report_limits(
        bindings, {{account, 20'000, 60'000'000'000}, {old, 20'000, 1}}, 20'000 * kDayUs);
    CHECK(both.rows[3].used == 60'000'000'001);
  }
}

TEST_CASE("explain shows what bounds a request") {
  const auto bindings = some_bindings();
  const auto verdict_of = [&](const std::string& method, const std::string& url) {
    auto request = parse_request(method, url);
    REQUIRE(request);
    return explain_request(bindings, request.value()).secrets[0];
  };
  const auto allowed = verdict_of("GET", "https://api.example.com/repos/a");
  CHECK(allowed.is_swapped);
  REQUIRE(allowed.limits != nullptr);
  CHECK(describe_limits(*allowed.limits) ==
        "100 requests per 1h, 1000 requests per day, bodies up to 1MiB, 2 blocked endpoints");
  CHECK(describe_limits(*verdict_of("GET", "https://free.example.com/").limits) == "none");
  CHECK(verdict_of("GET", "https://elsewhere.example.com/").limits == nullptr);

  SECTION("F33: a blocked endpoint is told with the entry that blocks it") {
    const auto blocked = verdict_of("DELETE", "https://api.example.com/x/%2e%2e/repos/a?q=1");
    CHECK_FALSE(blocked.is_swapped);
    CHECK(blocked.reason == "endpoint_blocked");
    CHECK(blocked.why == "refused with 403: a binding of KEY blocks DELETE /repos/*");
    CHECK(verdict_of("GET", "https://api.example.com/ADMIN/x").why ==
          "refused with 403: a binding of KEY blocks * /admin/*");
  }
}

TEST_CASE("a program is shown every limit, amounts exactly") {
  auto bindings = some_bindings();
  const auto shown = [&](const std::string& url) {
    auto request = parse_request("GET", url);
    REQUIRE(request);
    const auto json = explanation_json(request.value(), explain_request(bindings, request.value()));
    std::string compact;
    std::copy_if(json.begin(), json.end(), std::back_inserter(compact), [](char c) {
      return c != ' ' && c != '\n';
    });
    return compact.substr(compact.find("\"limit\":"));
  };
  CHECK(shown("https://api.example.com/x") ==
        R"("limit":{"rate_limit":{"requests":100,"per_seconds":3600},"quota_per_day":1000,)"
        R"("max_body_bytes":1048576,"blocked":["DELETE/repos/*","*/admin/*"]}}]})");
  const std::string url = "https://free.example.com/";
  CHECK(shown(url) == R"("limit":null}]})");
  auto rules = std::make_shared<bindings::TradingRules>();
  bindings.rules[0].scopes[4].trading = rules;
  CHECK(shown(url) == R"("limit":{"trading_rules":{}}}]})");
  rules->max_order_e8 = 50'000'000'001;
  rules->daily_volume_e8 = 100'000'000'000;
  rules->symbols = {"BTCUSDT", "ETHUSDT"};
  rules->order_types = {"LIMIT"};
  rules->endpoints = {{"WS", "order.cancelReplace"}, {"DELETE", "/api/v3/openOrders"}};
  CHECK(shown(url) ==
        R"("limit":{"trading_rules":{"max_order_usd":"500.00000001","daily_volume_usd":"1000",)"
        R"("symbols":["BTCUSDT","ETHUSDT"],"order_types":["LIMIT"],)"
        R"("endpoints":["WSorder.cancelReplace","DELETE/api/v3/openOrders"]}}}]})");
}

TEST_CASE("limits are written as in the bindings, amounts exactly") {
  CHECK(format_rate({1, 10'000}) == "1 request per 10s");
  CHECK(format_rate({5, 90'000}) == "5 requests per 90s");
  CHECK(format_rate({5, 86'400'000}) == "5 requests per 1d");
  CHECK(format_bytes(1'000'000) == "1000000 bytes");
  CHECK(format_bytes(512 * 1024) == "512KiB");
  CHECK(format_bytes(0) == "0 bytes");
  CHECK(format_usd(0) == "0 USD");
  CHECK(format_usd(60'000'000'000) == "600 USD");
  CHECK(format_usd(1'250'000'000) == "12.5 USD");
  CHECK(format_usd(1) == "0.00000001 USD");
  CHECK(format_usd(INT64_MAX) == "92233720368.54775807 USD");
}

TEST_CASE("a budget is shown for each caller, with what was used of the day and of this minute") {
  constexpr std::string_view yaml = R"(version: 1
secrets:
  KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.com, budget: { usd_per_day: 20, tokens_per_min: 1000 } }
)";
  auto parsed = bindings::parse(yaml, "/", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  const auto none = report_limits(parsed.bindings, {}, 20'000 * kDayUs);
  REQUIRE(none.rows.size() == 2);
  CHECK(none.rows[0].kind == LimitKind::budget_usd);
  CHECK(none.rows[0].limit == 20'000'000);
  CHECK(none.rows[0].used == 0);
  CHECK(none.rows[1].kind == LimitKind::budget_tokens);
  CHECK(none.rows[1].limit == 1000);

  const auto place = net::limits_of(parsed.bindings.rules[0])[0].budget->place;
  const limits::BudgetAccounts ann(place, "ann");
  const limits::BudgetAccounts nobody(place, "");
  const std::int64_t now_us = 20'000 * kDayUs + 90'000'000;  // in the second minute
  const std::vector<limits::UsageRow> usage = {
      {ann.micro_usd, 20'000, 1'500'000},
      {ann.tokens, 20'000, 777},
      {ann.in_minute, 20'000, limits::MinuteUse{1, 70}.kept()},
      {nobody.tokens, 20'000, 5},
      {nobody.in_minute, 20'000, limits::MinuteUse{0, 5}.kept()},
      {ann.micro_usd, 19'999, 999}};
  const auto report = report_limits(parsed.bindings, usage, now_us);
  REQUIRE(report.rows.size() == 4);
  CHECK(report.rows[0].caller.empty());
  CHECK(report.rows[0].tokens == 5);
  CHECK(report.rows[1].used == 0);  // of a minute that is over
  CHECK(report.rows[2].caller == "ann");
  CHECK(report.rows[2].used == 1'500'000);
  CHECK(report.rows[2].tokens == 777);
  CHECK(report.rows[3].used == 70);
}

}  // namespace keyswap::cli
