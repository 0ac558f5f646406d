// SPDX-License-Identifier: Apache-2.0
//
// `source`, `key`, `field` and `fields` of a secret (bindings/parse_secret_source.cc).
#include "test/bindings/sample_kinds.h"
#include "test/bindings/support.h"
#include "test/support/text.h"

namespace keyswap::bindings {

namespace {

using test::kKinds;

constexpr const char* kSources =
    "sources:\n  one: { type: remote, address: a }\n  two: { type: remote, address: b }\n";

std::string secret(const std::string& name,
                   const std::string& rest,
                   const std::string& inject = "{ header: A, format: \"{secret}\" }") {
  return "  " + name + ": { placeholder: \"" + name +
         "-PLACEHOLDER-0123456789abcdef\", inject: " + inject +
         ", bindings: [ { host: api.example.com } ]" + rest + " }\n";
}

Parsed read(const std::string& secrets, const std::string& top = kSources) {
  return parse(top + "secrets:\n" + secrets, test::kFolder, {}, kKinds);
}

std::string errors(const std::string& secrets, const std::string& top = kSources) {
  return test::listed(read(secrets, top).errors);
}

// "source/key/field" of an entry; "" it is in the vault of this machine.
std::string road(const Parsed& parsed, const char* name) {
  INFO(test::listed(parsed.errors));
  REQUIRE(parsed.errors.empty());
  const auto entry = *vault::SecretName::parse(name);
  const auto* const route = parsed.bindings.sources->find(entry);
  return route == nullptr ? ""
                          : parsed.bindings.sources->source_of(entry)->id + "/" + route->key + "/" +
                                route->field;
}

using keyswap::test::has;

}  // namespace

TEST_CASE("a secret comes from the source that it names, under its own name or another") {
  const auto parsed = read(secret("A", ", source: one") +
                           secret("B", ", source: two, key: \"team/b\", field: token") +
                           secret("C", "") + secret("D", ", source: local"));
  CHECK(road(parsed, "A") == "one/A/");
  CHECK(road(parsed, "B") == "two/team/b/token");
  CHECK(road(parsed, "C").empty());
  CHECK(road(parsed, "D").empty());
}

TEST_CASE("all entries that a secret is made of come from its source") {
  const auto parsed = read(secret("A",
                                  ", source: one, compose: [USER, WORD]",
                                  "{ header: A, template: \"{{ USER }}:{{ WORD }}\" }"));
  CHECK(road(parsed, "USER") == "one/USER/");
  CHECK(road(parsed, "WORD") == "one/WORD/");
  CHECK(road(parsed, "A").empty());
}

TEST_CASE("an entry that has a secret of its name comes from where that says") {
  const std::string whole = secret("A",
                                   ", source: one, compose: [USER, WORD]",
                                   "{ header: A, template: \"{{ USER }}:{{ WORD }}\" }");
  CHECK(road(read(whole + secret("USER", ", source: two, key: u")), "USER") == "two/u/");
  CHECK(road(read(secret("USER", ", source: local") + whole), "USER").empty());
}

TEST_CASE("an entry that two secrets want from different sources is an error") {
  const auto made = [](const std::string& name, const std::string& source) {
    return secret(name,
                  ", source: " + source + ", compose: [USER, WORD]",
                  "{ header: A, template: \"{{ USER }}:{{ WORD }}\" }");
  };
  CHECK(
      has(errors(made("A", "one") + made("B", "two")), "comes from elsewhere for another secret"));
  CHECK(errors(made("A", "one") + made("B", "one")).empty());
}

TEST_CASE("a source that there is not names the nearest, and is not quoted") {
  const auto told = errors(secret("A", ", source: onee"));
  CHECK(has(told, "`source` names no entry of `sources`"));
  CHECK(has(told, "did you mean 'one'?"));
  CHECK_FALSE(has(told, "onee"));
  CHECK(has(errors(secret("A", ", source: zzzzzzzz")), "`local` is the vault of this machine"));
}

TEST_CASE("a key or a field without a source, or of nothing that is needed, is an error") {
  CHECK(has(errors(secret("A", ", key: b")), "for a secret that has a `source`"));
  CHECK(has(errors(secret("A", ", source: local, field: b")), "for a secret that has a `source`"));
  CHECK(has(errors(secret("A",
                          ", source: one, key: a, compose: [USER, WORD]",
                          "{ header: A, template: \"{{ USER }}:{{ WORD }}\" }")),
            "no place of this secret needs an entry of its own name"));
  CHECK(has(errors(secret("A", ", source: one, key: \"" + std::string(513, 'a') + "\"")),
            "longer than 512 bytes"));
  CHECK(has(errors(secret("A", ", source: one, key: \"a\\x1fb\"")), "control characters"));
}

TEST_CASE("the entries that a secret needs may be fields of one value") {
  const std::string pair = "{ header: A, template: \"{{ USER }}:{{ WORD }}\" }";
  const auto made = [&](const std::string& name, const std::string& key) {
    return secret(name,
                  ", source: one, key: \"" + key +
                      "\", compose: [USER, WORD], fields: { USER: name, WORD: pass }",
                  pair);
  };
  const auto parsed = read(made("A", "team/a") + made("B", "team/a"));
  CHECK(road(parsed, "USER") == "one/team/a/name");
  CHECK(road(parsed, "WORD") == "one/team/a/pass");
  CHECK(has(errors(made("A", "team/a") + made("B", "team/b")),
            "comes from elsewhere for another secret"));
  const auto whole =
      read(secret("A", ", source: one, compose: [USER, WORD], fields: { WORD: pass }", pair));
  CHECK(road(whole, "USER") == "one/USER/");
  CHECK(road(whole, "WORD") == "one/A/pass");
  CHECK(road(read(secret("A", ", source: one, key: k, fields: { A: f }")), "A") == "one/k/f");
}

TEST_CASE("fields that no entry has, or that are said twice, are an error") {
  const std::string top = std::string(kSources) + "  here: { type: local }\n";
  CHECK(has(errors(secret("A", ", source: one, fields: { B: f }")),
            "`fields` names an entry that no place of this secret needs"));
  CHECK(has(errors(secret("A", ", source: one, fields: f")), "`fields` must be a mapping"));
  CHECK(
      has(errors(secret("A", ", source: one, fields: { A: \"a\\x1fb\" }")), "control characters"));
  CHECK(has(errors(secret("A", ", source: one, field: f, fields: { A: f }")),
            "`field` and `fields` are not for one secret"));
  CHECK(has(errors(secret("A", ", fields: { A: f }")), "for a secret that has a `source`"));
  for (const char* const said : {"field: f", "fields: { A: f }"}) {
    CHECK(has(errors(secret("A", std::string(", source: here, ") + said), top),
              "the entries of the vault of this machine have no fields"));
  }
  CHECK(errors(secret("A", ", source: here, key: b"), top).empty());
}

TEST_CASE("a honeytoken has no source") {
  CHECK(has(errors("  H: { placeholder: \"H-PLACEHOLDER-0123456789abcdef\", honeytoken: true, "
                   "source: one }\n"),
            "a honeytoken has no `source`"));
}

TEST_CASE("I41 of a foreign file's backend all secrets come that do not say `source: local`") {
  const std::string top = "backend: { type: far, config: { address_url: a } }\n";
  const auto parsed =
      read(secret("A", "") + secret("B", ", source: local") + secret("C", ", key: c"), top);
  CHECK(road(parsed, "A") == "backend/A/");
  CHECK(road(parsed, "B").empty());
  CHECK(road(parsed, "C") == "backend/c/");
}

TEST_CASE("without sources there is no table") {
  CHECK(read(secret("A", ""), "").bindings.sources == nullptr);
}

}  // namespace keyswap::bindings
