// SPDX-License-Identifier: Apache-2.0
//
// What is said of sources without asking them, and how what they answered is told.
#include "proxy/cli/source_inventory.h"

#include <catch2/catch.hpp>

#include "proxy/cli/policy.h"
#include "proxy/cli/source_asking.h"

namespace keyswap::cli {

namespace {

constexpr const char* kSources =
    "version: 1\n"
    "sources:\n"
    "  hv: { type: vault, address: \"https://vault.corp.example:8200\", token: HV_TOKEN,\n"
    "        cache: { ttl_seconds: 60, jitter_seconds: 10, stale_seconds: 30 } }\n"
    "  mine: { type: command, argv: [/usr/bin/pass, show, \"{key}\"] }\n"
    "  unused: { type: env }\n";

std::string secret(const std::string& name, const std::string& rest) {
  return "  " + name + ": { placeholder: \"" + name +
         "-PLACEHOLDER-0123456789abcdef\", inject: { header: A, format: \"{secret}\" }, "
         "bindings: [ { host: api.example.com } ]" +
         rest + " }\n";
}

bindings::Parsed read() {
  auto parsed =
      parse_bindings(std::string(kSources) + "secrets:\n" + secret("OWN", "") +
                         secret("B", ", source: hv, key: team/b, field: token") +
                         secret("A", ", source: hv") + secret("C", ", source: mine, key: api/c"),
                     "/");
  REQUIRE(parsed.errors.empty());
  return parsed;
}

}  // namespace

TEST_CASE("each secret stands with its source, and none is left out") {
  const auto parsed = read();
  const auto sources = sources_of(parsed.bindings);
  REQUIRE(sources.size() == 4);
  CHECK(sources[0].id == "local");
  CHECK(sources[0].is_local());
  REQUIRE(sources[0].secrets.size() == 1);
  CHECK(sources[0].secrets[0].name == "OWN");
  CHECK(sources[1].id == "hv");
  CHECK_FALSE(sources[1].is_local());
  CHECK(sources[1].secrets ==
        std::vector<SourcedSecret>{{"A", "A", "", vault::EntryKind::text},
                                   {"B", "team/b", "token", vault::EntryKind::text}});
  CHECK(sources[2].secrets ==
        std::vector<SourcedSecret>{{"C", "api/c", "", vault::EntryKind::text}});
  CHECK(sources[3].secrets.empty());
}

TEST_CASE("what a source is opened with is named, and where it is does not name it") {
  const auto parsed = read();
  const auto sources = sources_of(parsed.bindings);
  CHECK(sources[1].openers == std::vector<Opener>{{"token", "HV_TOKEN"}});
  CHECK(where_of(sources[1]) == "address https://vault.corp.example:8200");
  CHECK(where_of(sources[2]) == "/usr/bin/pass show {key}");
  CHECK(where_of(sources[0]) == "the vault of this machine");
  CHECK(cache_of(sources[1].spec->cache) ==
        "60 s, 10 s more or less; at most 100 values; 30 s past its end while it is down");
}

TEST_CASE("each secret that is missing is told with what to do, and no other") {
  const auto parsed = read();
  const auto sources = sources_of(parsed.bindings);
  SourceSeen seen{sources[1], {}};
  seen.secrets.push_back({sources[1].secrets[0], "ok", "0123456789ab", 1'800'000'000});
  seen.secrets.push_back({sources[1].secrets[1], "no_such_field", "", std::nullopt});
  CHECK_FALSE(seen.is_well());
  const auto advice = seen_advice({seen});
  REQUIRE(advice.size() == 1);
  CHECK(advice[0].starts_with("B: "));
  const std::string text = seen_text({seen});
  CHECK(text.find("0123456789ab") != std::string::npos);
  CHECK(text.find("2027-01-15 08:00Z") != std::string::npos);
  CHECK(text.find("no_such_field") != std::string::npos);
  const std::string json = seen_json({seen});
  CHECK(json.find("\"outcome\": \"no_such_field\"") != std::string::npos);
  CHECK(json.find("\"expires_at\": \"2027-01-15T08:00:00Z\"") != std::string::npos);
}

TEST_CASE("a secret that the vault of this machine lacks is told how to add it") {
  const auto parsed = read();
  const auto sources = sources_of(parsed.bindings);
  SourceSeen seen{sources[0], {{sources[0].secrets[0], "not_found", "", std::nullopt}}};
  const auto advice = seen_advice({seen});
  REQUIRE(advice.size() == 1);
  CHECK(advice[0].find("keyswap secret add OWN") != std::string::npos);
}

}  // namespace keyswap::cli
