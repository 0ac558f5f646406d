// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/import_fishnet.h"

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/base/bounds.h"

namespace keyswap::cli {

namespace {

using Catch::Matchers::Contains;

FishnetImport imported(std::string_view toml) {
  auto result = import_fishnet(toml);
  REQUIRE(result);
  return std::move(result).value();
}

std::string failure(std::string_view toml) {
  auto result = import_fishnet(toml);
  REQUIRE_FALSE(result);
  CHECK(result.failure().exit == Exit::usage);
  return result.failure().what;
}

std::string report_of(const FishnetImport& import) {
  std::string text;
  for (const auto& line : import.report) {
    text += line + "\n";
  }
  return text;
}

bindings::Bindings parsed(const FishnetImport& import) {
  auto result = bindings::parse(import.bindings, "/", bindings::all_venues());
  INFO(import.bindings);
  REQUIRE(result.errors.empty());
  return std::move(result.bindings);
}

const char* const kCustom = R"([custom.github]
base_url = "https://api.github.com"
auth_header = "Authorization"
auth_value_prefix = "Bearer "
auth_value_env = "GITHUB_TOKEN"
blocked_endpoints = ["DELETE /repos/*", "put /repos/*/admin/*", "nonsense"]
rate_limit = 2
rate_limit_window_seconds = 60

[custom."My Service"]
base_url = "https://my.example.com:8443/v2"
auth_header = "X-Key"
auth_value_prefix = ""
rate_limit = 0
)";

}  // namespace

TEST_CASE("F32: Fishnet's custom services become ours, and our parser takes them") {
  const auto import = imported(kCustom);
  const auto bindings = parsed(import);
  REQUIRE(bindings.rules.size() == 2);
  REQUIRE(bindings.find_route("custom/github") != nullptr);
  const auto& github = bindings.rules[bindings.find_route("custom/github")->rule];
  CHECK(github.name.text() == "GITHUB_TOKEN");
  CHECK(github.placement().name() == "authorization");
  CHECK(github.scopes[0].host.host == "api.github.com");
  REQUIRE(github.scopes[0].blocked.size() == 2);
  REQUIRE(github.scopes[0].rate_limit);
  CHECK(github.scopes[0].rate_limit->requests == 2);
  CHECK(github.scopes[0].rate_limit->per_ms == 60'000);

  REQUIRE(bindings.find_route("custom/my-service") != nullptr);
  const auto& mine = bindings.rules[bindings.find_route("custom/my-service")->rule];
  CHECK(mine.name.text() == "MY_SERVICE_KEY");
  CHECK(mine.scopes[0].port == 8443);
  CHECK(mine.scopes[0].base_path == "/v2");
  CHECK_FALSE(mine.scopes[0].rate_limit);

  const auto report = report_of(import);
  CHECK_THAT(report, Contains("to do: keyswap secret add GITHUB_TOKEN"));
  CHECK_THAT(report, Contains("changed: custom.My Service: its route is /custom/my-service/"));
  CHECK_THAT(report, Contains("left out: custom.github: an entry of blocked_endpoints"));
  CHECK_THAT(report, Contains("never from the variable GITHUB_TOKEN"));
  CHECK_THAT(report, Contains("keyswap caller add NAME"));
}

TEST_CASE("Fishnet's defaults are written out") {
  const auto bindings = parsed(imported("[custom.a]\nbase_url = \"https://a.example.com\"\n"));
  REQUIRE(bindings.rules.size() == 1);
  CHECK(bindings.rules[0].placement().name() == "authorization");
  REQUIRE(bindings.rules[0].scopes[0].rate_limit);
  CHECK(bindings.rules[0].scopes[0].rate_limit->requests == 100);
  CHECK(bindings.rules[0].scopes[0].rate_limit->per_ms == 3'600'000);
}

TEST_CASE("A service over plain http is left out, and that is said [I5]") {
  const auto import = imported("[custom.a]\nbase_url = \"http://127.0.0.1:19000\"\n");
  CHECK(parsed(import).rules.empty());
  CHECK_THAT(report_of(import), Contains("left out: custom.a: its base_url is plain http"));
}

TEST_CASE("Binance's limits are carried over") {
  const auto import = imported(R"([binance]
enabled = true
max_order_value_usd = 100.5
daily_volume_cap_usd = 200.0
allow_delete_open_orders = true
recv_window_ms = 6000
)");
  const auto bindings = parsed(import);
  REQUIRE(bindings.rules.size() == 1);
  CHECK(bindings.rules[0].injection().scheme() == "binance");
  CHECK_THAT(import.bindings,
             Contains("type: binance, api_key: BINANCE_API_KEY, api_secret: "
                      "BINANCE_API_SECRET, recv_window: \"6000\""));
  CHECK_THAT(import.bindings, Contains("- host: \"api.binance.com\""));
  CHECK_THAT(import.bindings, Contains("max_order_usd: 100.5\n"));
  CHECK_THAT(import.bindings, Contains("daily_volume_usd: 200\n"));
  CHECK_THAT(import.bindings, Contains("endpoints: [\"DELETE /api/v3/openOrders\"]"));
  CHECK_THAT(report_of(import), Contains("to do: keyswap secret add BINANCE_API_SECRET"));

  const auto unlimited = imported("[binance]\nenabled = true\nmax_order_value_usd = 0\n");
  parsed(unlimited);
  CHECK_THAT(unlimited.bindings, !Contains("max_order_usd"));
  CHECK_THAT(unlimited.bindings, Contains("daily_volume_usd: 2500\n"));
  CHECK_THAT(unlimited.bindings, !Contains("endpoints"));

  const auto disabled = imported("[binance]\nmax_order_value_usd = 7\n");
  CHECK_THAT(disabled.bindings, !Contains("binance"));
  CHECK_THAT(report_of(disabled), Contains("left out: binance: it is not enabled"));
}

TEST_CASE("The limit of the language models' providers becomes that of two bindings") {
  const auto import = imported("[llm]\nrate_limit_per_minute = 30\ndaily_budget_usd = 10.0\n");
  const auto bindings = parsed(import);
  REQUIRE(bindings.rules.size() == 2);
  CHECK(bindings.rules[0].name.text() == "OPENAI_API_KEY");
  CHECK(bindings.rules[1].placement().name() == "x-api-key");
  CHECK(bindings.rules[0].placeholder != bindings.rules[1].placeholder);
  CHECK_THAT(import.bindings, Contains("rate_limit: { requests: 30, per: 1m }"));
  CHECK_THAT(report_of(import), Contains("left out: llm.daily_budget_usd"));
}

TEST_CASE("What has no counterpart is reported, not dropped in silence") {
  const auto import = imported("[onchain]\nenabled = true\n[alerts]\n[http]\n[extra]\nx = 1\n");
  CHECK(parsed(import).rules.empty());
  const auto report = report_of(import);
  for (const char* section : {"onchain", "alerts", "http", "extra", "llm"}) {
    CHECK_THAT(report, Contains("left out: " + std::string(section) + ":"));
  }
}

TEST_CASE("What Fishnet would not read is an error with its line") {
  CHECK_THAT(failure("[custom\n"), Contains("line 1 is not TOML"));
  CHECK_THAT(failure("[custom.a]\nbase_url = 7\n"),
             Contains("line 2: `custom.a.base_url` must be text"));
  CHECK_THAT(failure("[binance]\nenabled = \"yes\"\n"),
             Contains("line 2: `binance.enabled` must be a flag"));
}

TEST_CASE("Text of the file cannot add keys to the bindings") {
  const auto import = imported(
      "[custom.a]\nbase_url = \"https://a.example.com\"\nauth_header = \"X-A\\\"\\n    evil: "
      "1\"\n");
  const auto result = bindings::parse(import.bindings, "/", bindings::all_venues());
  for (const auto& issue : result.errors) {
    CHECK(issue.text.find("evil") == std::string::npos);
  }
  CHECK_FALSE(result.errors.empty());  // it is no header's name
}

TEST_CASE("a key of very many parts is a mistake of the file, not the end of the program",
          "[I10]") {
  std::string deep = "a";
  while (deep.size() < base::bounds::kImportFileBytesMax) {
    deep += ".a";
  }
  const std::string text = GENERATE_COPY("[" + deep + "]", deep + " = 1", "[custom.x]\n" + deep);
  CHECK_THAT(failure(text), Contains("nested too deeply"));
}

}  // namespace keyswap::cli
