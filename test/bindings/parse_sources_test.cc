// SPDX-License-Identifier: Apache-2.0
//
// `sources:`, `backend:`, `cache:` (bindings/parse_sources.cc).
#include "bindings/sources_read.h"
#include "test/bindings/sample_kinds.h"
#include "test/bindings/support.h"
#include "test/support/text.h"

namespace keyswap::bindings {

namespace {

using test::errors_of;
using test::kKinds;
using test::warnings_of;
using test::with_top;

std::string listed_errors(const std::string& top) {
  return test::listed(parse(with_top(top), test::kFolder, {}, kKinds).errors);
}

std::string listed_warnings(const std::string& top) {
  return test::listed(parse(with_top(top), test::kFolder, {}, kKinds).warnings);
}

// The one source of a file.
vault::SourceSpec source_of(const std::string& top) {
  const auto parsed = parse(with_top(top), test::kFolder, {}, kKinds);
  INFO(top << test::listed(parsed.errors));
  REQUIRE(parsed.errors.empty());
  REQUIRE(parsed.bindings.sources != nullptr);
  REQUIRE(parsed.bindings.sources->specs().size() == 1);
  return parsed.bindings.sources->specs()[0];
}

using keyswap::test::has;

}  // namespace

TEST_CASE("a source has its kind, its settings, and what it opens itself with") {
  const auto spec = source_of(
      "sources:\n  company: { type: remote, address: \"https://vault.example\", token: OPENER, "
      "groups: [a, b], allow_addresses: [10.0.0.0/8], "
      "cache: { ttl_seconds: 60, jitter_seconds: 5, max_entries: 7, stale_seconds: 30 } }\n");
  CHECK(spec.id == "company");
  CHECK(spec.kind == "remote");
  CHECK(*spec.setting("address") == "https://vault.example");
  CHECK(*spec.setting("groups") == "a\nb");
  REQUIRE(spec.own.size() == 1);
  CHECK(spec.own[0].text() == "OPENER");
  REQUIRE(spec.allowed.size() == 1);
  CHECK(spec.allowed[0].address == "10.0.0.0");
  CHECK(spec.allowed[0].prefix_bits == 8);
  CHECK(spec.cache.ttl_ms == 60'000);
  CHECK(spec.cache.jitter_ms == 5'000);
  CHECK(spec.cache.entries_max == 7);
  CHECK(spec.cache.stale_ms == 30'000);
}

TEST_CASE("what a source does not say is as documented: nothing stale, five minutes") {
  const auto spec = source_of("sources: { s: { type: remote, address: a } }\n");
  CHECK(spec.cache == vault::CacheRule());
  CHECK(spec.cache.stale_ms == 0);
  CHECK(spec.own.empty());
}

TEST_CASE("the order in the file makes no other source") {
  const auto one = source_of("sources: { s: { type: remote, address: a, token: T } }\n");
  const auto other = source_of("sources: { s: { token: T, address: a, type: remote } }\n");
  CHECK(one.digest() == other.digest());
}

TEST_CASE("I36 an unknown kind of source names the nearest, and is an error") {
  CHECK(has(listed_errors("sources: { s: { type: remotte } }\n"), "did you mean 'remote'?"));
  const auto far = listed_errors("sources: { s: { type: zzzzzz } }\n");
  CHECK(has(far, "there is no such kind of source | there are: "));
  CHECK(has(far, "command, local, remote, transit"));
  CHECK(has(listed_errors("sources: { s: { type: mint } }\n"), "no such kind of source"));
  CHECK(has(listed_errors("sources: { s: {} }\n"), "`type` is missing"));
  CHECK(has(listed_errors("sources: { s: 1 }\n"), "must be a mapping"));
  CHECK(has(listed_errors("sources: [s]\n"), "must be a mapping"));
}

TEST_CASE("what a kind does not take is an error, and so is what it needs and does not get") {
  CHECK(has(listed_errors("sources: { s: { type: remote, address: a, addres: b } }\n"),
            "did you mean 'address'?"));
  CHECK(has(listed_errors("sources: { s: { type: remote } }\n"), "`address` is missing"));
  CHECK(has(listed_errors("sources: { s: { type: local, allow_addresses: [10.0.0.0/8] } }\n"),
            "'allow_addresses' is no key"));
  CHECK(has(listed_errors("sources: { s: { type: remote, address: a, argv: [/bin/x] } }\n"),
            "'argv' is no key"));
  CHECK(has(listed_errors("sources: { s: { type: remote, address: bad } }\n"),
            "`address`: the test refuses it"));
  CHECK(has(listed_errors("sources: { s: { type: remote, address: \"a\\nb\" } }\n"),
            "control character"));
}

TEST_CASE("settings that are right each by itself, and do not go together, are an error") {
  CHECK(has(listed_errors("sources: { s: { type: transit, fallback: local } }\n"),
            "`fallback` needs a `token`"));
  CHECK(*source_of("sources: { s: { type: transit, fallback: local, token: T } }\n")
             .setting("fallback") == "local");
}

TEST_CASE("a credential in the file itself is refused, and is not quoted", "[I1]") {
  const auto errors =
      listed_errors("sources: { s: { type: remote, address: a, token: \"0.ec2c:X8vb==\" } }\n");
  CHECK(has(errors, "names what holds the credential, not itself"));
  CHECK_FALSE(has(errors, "X8vb"));
  CHECK(source_of("sources: { s: { type: remote, address: a, token: /run/token } }\n").own.empty());
  CHECK(source_of("sources: { s: { type: remote, address: a, token: \"credential:bws\" } }\n")
            .own.empty());
  CHECK_FALSE(
      listed_errors("sources: { s: { type: remote, address: a, token: \"credential:\" } }\n")
          .empty());
  CHECK_FALSE(
      listed_errors("sources: { s: { type: remote, address: a, token: \"credential:../x\" } }\n")
          .empty());
}

TEST_CASE("a command is an absolute path and its arguments, one by one") {
  const auto spec =
      source_of("sources: { s: { type: command, argv: [/usr/bin/op, read, \"{key}\"] } }\n");
  CHECK(spec.argv == std::vector<std::string>{"/usr/bin/op", "read", "{key}"});
  CHECK(has(listed_errors("sources: { s: { type: command } }\n"), "`argv` is missing"));
  CHECK(has(listed_errors("sources: { s: { type: command, argv: [op] } }\n"), "absolute path"));
  CHECK(has(listed_errors("sources: { s: { type: command, argv: [\"{key}\"] } }\n"),
            "absolute path"));
  CHECK_FALSE(listed_errors("sources: { s: { type: command, argv: /usr/bin/op } }\n").empty());
  std::string many = "/bin/x";
  for (int i = 0; i < 64; ++i) {
    many += ", a";
  }
  CHECK(has(listed_errors("sources: { s: { type: command, argv: [" + many + "] } }\n"),
            "more than 64"));
}

TEST_CASE("a source's name is one that can stand in a record, and not one of ours") {
  CHECK(has(listed_errors("sources: { \"a b\": { type: local } }\n"), "no name of a source"));
  CHECK(has(listed_errors("sources: { local: { type: local } }\n"), "cannot have this name"));
  CHECK(has(listed_errors("sources: { backend: { type: local } }\n"), "cannot have this name"));
  CHECK_FALSE(
      listed_errors("sources: { " + std::string(65, 'a') + ": { type: local } }\n").empty());
  std::string many = "sources:\n";
  for (int i = 0; i < 33; ++i) {
    many += "  s" + std::to_string(i) + ": { type: local }\n";
  }
  CHECK(has(listed_errors(many), "more than 32"));
}

TEST_CASE("a source of no use is a warning") {
  CHECK(has(listed_warnings("sources: { s: { type: local } }\n"), "no secret comes from"));
}

TEST_CASE("the bounds of a source's cache") {
  const auto with_cache = [](const std::string& cache) {
    return listed_errors("sources: { s: { type: local, cache: " + cache + " } }\n");
  };
  CHECK(with_cache("{ ttl_seconds: 10, stale_seconds: 86400 }").empty());
  CHECK_FALSE(with_cache("{ ttl_seconds: 9 }").empty());
  CHECK_FALSE(with_cache("{ ttl_seconds: 3601 }").empty());
  CHECK_FALSE(with_cache("{ stale_seconds: 86401 }").empty());
  CHECK_FALSE(with_cache("{ max_entries: 0 }").empty());
  CHECK_FALSE(with_cache("{ ttl: 60 }").empty());
}

TEST_CASE("I41 a foreign file's backend and cache are one source of all its secrets") {
  const std::string top =
      "backend: { type: FAR, config: { address_url: \"https://a.example\" } }\n"
      "cache: { ttl_seconds: 30, max_entries: 20000, jitter_seconds: 2 }\n";
  const auto spec = source_of(top);
  CHECK(spec.id == "backend");
  CHECK(spec.kind == "remote");
  CHECK(*spec.setting("address_url") == "https://a.example");
  CHECK(spec.cache.ttl_ms == 30'000);
  CHECK(spec.cache.jitter_ms == 2'000);
  CHECK(spec.cache.entries_max == 10'000);
  CHECK(listed_warnings(top).empty());
  const auto parsed = parse(with_top(top), test::kFolder, {}, kKinds);
  const auto* const route = parsed.bindings.sources->find(parsed.bindings.rules[0].name);
  REQUIRE(route != nullptr);
  CHECK(route->key == "K");
}

TEST_CASE("I41 a backend's config is held to its kind, and mixes with no sources") {
  CHECK(has(listed_errors("backend: { type: far }\n"), "`address_url` is missing"));
  CHECK(has(listed_errors("backend: { type: far, config: { address_url: a, address_uri: b } }\n"),
            "did you mean 'address_url'?"));
  CHECK(has(listed_errors("backend: { type: far, config: { address_url: a } }\n"
                          "sources: { s: { type: local } }\n"),
            "not for one file"));
  CHECK(has(listed_warnings("backend: { type: local }\n"), "`backend` has no effect"));
  CHECK(has(listed_warnings("sources: { s: { type: local } }\ncache: {}\n"),
            "each entry of `sources` has its own"));
}

TEST_CASE("I41 what says nothing here is a warning, and makes no other source") {
  const std::string address = "backend: { type: far, config: { address_url: a";
  CHECK(has(listed_warnings(address + ", state: /var/lib/far } }\n"),
            "`state` has no effect: the test keeps none"));
  CHECK(source_of(address + ", state: /var/lib/far } }\n").setting("state") == nullptr);
  CHECK(has(listed_errors(address + ", state: [] } }\n"), "state"));
}

TEST_CASE(
    "I34 the cache's times have their bounds, and without a backend the cache has no effect") {
  CHECK(errors_of(with_top("cache: { ttl_seconds: 9 }\n")).find("from 10 to 3600") !=
        std::string::npos);
  CHECK_FALSE(errors_of(with_top("cache: { ttl_seconds: 3601 }\n")).empty());
  CHECK(errors_of(with_top("cache: { ttl_seconds: 10, max_entries: 1, jitter_seconds: 0 }\n"))
            .empty());
  CHECK(errors_of(with_top("cache: { ttl_seconds: 3600 }\n")).empty());
  CHECK_FALSE(errors_of(with_top("cache: { max_entries: 0 }\n")).empty());
  CHECK_FALSE(errors_of(with_top("cache: { jitter_seconds: -1 }\n")).empty());
  CHECK_FALSE(errors_of(with_top("cache: { ttl_seconds: 1e2 }\n")).empty());
  CHECK(warnings_of(with_top("cache: {}\n")).find("no effect") != std::string::npos);
}

TEST_CASE("I36 a backend's type is ASCII, and one that there is not is a warning that says so") {
  CHECK(warnings_of(with_top("backend: { type: BWS, config: {} }\n")).find("this home's vault") !=
        std::string::npos);
  CHECK(errors_of(with_top("backend: { type: BWS }\n")).empty());
  CHECK(
      errors_of(with_top("backend: { type: \"\xEF\xBD\x82ws\" }\n")).find("`type` must be ASCII") !=
      std::string::npos);
  CHECK(errors_of(with_top("backend: { config: {} }\n")).find("`type` is missing") !=
        std::string::npos);
  CHECK_FALSE(errors_of(with_top("backend: { type: bws, config: x }\n")).empty());
  CHECK_FALSE(errors_of(with_top("backend: bws\n")).empty());
}

TEST_CASE("I37 no backend is needed: secrets come from the home's vault") {
  CHECK(warnings_of(with_top("")).empty());
}

TEST_CASE("of two that say where an entry comes from, the one of its name counts") {
  const auto name = *vault::SecretName::parse("K");
  const auto other = *vault::SecretName::parse("L");
  ConfigIssues issues;
  SourcesRead sources;
  vault::SourceSpec spec;
  spec.id = "one";
  const auto one = sources.add(spec, {});
  spec.id = "two";
  const auto two = sources.add(spec, {});
  CHECK(sources.find("two") == two);
  CHECK_FALSE(sources.find("three"));
  sources.route(name, vault::Route{two, "K", ""}, false, {});
  sources.route(name, vault::Route{one, "k", ""}, true, {});
  sources.route(other, vault::Route{two, "L", ""}, false, {});
  sources.route(other, vault::Route{two, "L", ""}, false, {});
  const auto table = sources.table(issues);
  REQUIRE(table != nullptr);
  CHECK(table->find(name)->source == one);
  CHECK(table->find(other)->source == two);
  CHECK(issues.take_errors().empty());
}

}  // namespace keyswap::bindings
