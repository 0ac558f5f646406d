// SPDX-License-Identifier: Apache-2.0
#include "bindings/note.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/add_secret.h"
#include "bindings/bounds.h"
#include "test/bindings/support.h"
#include "test/support/data.h"

namespace keyswap::bindings {

namespace {

const std::string kMark = "# avp-binding\n";
const std::string kStored = "avp-PLACEHOLDER-abcdefghijklmnopqrstu";

vault::SecretName name_of(const std::string& text) {
  auto name = vault::SecretName::parse(text);
  REQUIRE(name.has_value());
  return *name;
}

Note read(const std::string& text) {
  return read_note(name_of("K"), text);
}

Note marked(const std::string& body) {
  return read(kMark + body);
}

std::string problem(const std::string& body) {
  const Note note = marked(body);
  INFO(body);
  CHECK(note.kind == Note::Kind::invalid);
  return note.why;
}

// What a bindings file with the note's entry says.
Bindings bound(const std::string& body) {
  const Note note = marked(body);
  INFO(body << ": " << note.why);
  REQUIRE(note.kind == Note::Kind::bound);
  const auto text = add_secret("allow_wildcard_hosts: true\nsecrets: {}\n",
                               "K",
                               entry_of(note, kStored, note.hosts, ""),
                               "");
  REQUIRE(text.has_value());
  return test::accepted(*text);
}

std::string rendered(const Bindings& bindings) {
  return test::render(bindings.rules.front(), {"v"}).text;
}

std::string header_of(const Bindings& bindings) {
  return std::string(bindings.rules.front().placement().name());
}

using Words = std::vector<std::string>;

std::string paths_of(const Scope& scope) {
  std::string text;
  for (const PathPattern& path : scope.paths) {
    text += (text.empty() ? "" : " ") + std::string(path.text());
  }
  return text;
}

}  // namespace

TEST_CASE("K01 an empty, blank or unmarked note binds nothing") {
  for (const auto* const text : {"", " \n\t ", "the key of staging", "hostile: no"}) {
    const Note note = read(text);
    CHECK(note.kind == Note::Kind::none);
    CHECK(note.why.empty());
  }
}

TEST_CASE("K02 an unmarked note that looks like a host binds nothing, and says so") {
  for (const auto* const text : {"api.example.com", "host: api.example.com"}) {
    const Note note = read(text);
    CHECK(note.kind == Note::Kind::none);
    CHECK(note.why.find("# avp-binding") != std::string::npos);
  }
}

TEST_CASE("the note that the page on bindings shows is one") {
  std::ifstream file(keyswap::test::tree_path("docs/bindings.md"));
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  const auto begin = page.find("# avp-binding\nhost:");
  REQUIRE(begin != std::string::npos);
  CHECK(read(page.substr(begin, page.find("```", begin) - begin)).kind == Note::Kind::bound);
}

TEST_CASE("K03 the mark alone is invalid") {
  for (const auto* const text :
       {"# avp-binding", "# avp-binding\n", "\n# avp-binding\n \n\t\n", "# avp-binding\n# soon"}) {
    CHECK(read(text).kind == Note::Kind::invalid);
  }
}

TEST_CASE("the mark without a host binds nothing and says so") {
  const Note note = marked("placeholder: avp-PLACEHOLDER-abcdefghijklmnopqrstu");
  CHECK(note.kind == Note::Kind::none);
  CHECK_FALSE(note.why.empty());
}

TEST_CASE("K04 K05 a host alone is bound as a bearer token, however it is written") {
  for (const auto* const body : {"api.example.com",
                                 "host: api.example.com",
                                 "host: API.Example.COM.",
                                 "hosts: api.example.com",
                                 "host: [api.example.com]"}) {
    const auto bindings = bound(body);
    REQUIRE(bindings.rules.front().scopes.size() == 1);
    CHECK(header_of(bindings) == "authorization");
    CHECK(rendered(bindings) == "Bearer v");
    CHECK(test::match_of(bindings, "DELETE", "/any") == Match::matched);
    CHECK(test::match_of(bindings, "GET", "/", "api.example.org") == Match::other_destination);
  }
}

TEST_CASE("K06 prose behind the mark is invalid, and is not repeated") {
  for (const auto* const body : {"this one is for the staging api",
                                 "see https://example.com/x",
                                 "api.example.com and api.example.org",
                                 "api.example.com\nand some more of hunter2",
                                 "note: hunter2 is it",
                                 "- api.example.com"}) {
    CHECK(problem(body).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("K08 a bad method, path, wildcard or host is invalid") {
  for (const auto* const rest : {"methods: [CONNECT]",
                                 "methods: ['*']",
                                 "methods: []",
                                 "methods:",
                                 "methods: POST",
                                 "paths: [repos/*]",
                                 "paths: []",
                                 "header: [X-Key]",
                                 "header: 'X Key'",
                                 "format: Bearer",
                                 "format: 'Bearer {OTHER}'",
                                 "format: [a]",
                                 "methdos: [GET]",
                                 "subdomains: [a]",
                                 "allow_addresses: [10.0.0.0/8]",
                                 "websocket: true"}) {
    problem(std::string("host: api.example.com\n") + rest);
  }
  for (const auto* const host : {"'*'",
                                 "'*.com'",
                                 "'*.co.uk'",
                                 "a.*.com",
                                 "http://x.example",
                                 "x.example/y",
                                 "api.example.com:8443",
                                 "localhost",
                                 "7",
                                 "true",
                                 "{ a: b }",
                                 "",
                                 "' '"}) {
    problem(std::string("host: ") + host);
  }
  problem("host: a.example.com\nhost: b.example.com");
  problem("host: &a a.example.com");
}

TEST_CASE("K10 api.anthropic.com alone is its own header, its version, and POST below /v1") {
  const auto bindings = bound("api.anthropic.com");
  const auto& place = bindings.rules.front().places.front();
  CHECK(header_of(bindings) == "x-api-key");
  CHECK(rendered(bindings) == "v");
  REQUIRE(place.companions.size() == 1);
  CHECK(place.companions.front().name == "anthropic-version");
  CHECK(place.companions.front().value == "2023-06-01");
  CHECK(test::match_of(bindings, "POST", "/v1/messages", "api.anthropic.com") == Match::matched);
  CHECK(test::match_of(bindings, "GET", "/v1/messages", "api.anthropic.com") ==
        Match::out_of_scope);
  CHECK(test::match_of(bindings, "POST", "/v2/x", "api.anthropic.com") == Match::out_of_scope);
}

TEST_CASE("K11 api.github.com alone may be read, and nothing more") {
  const auto bindings = bound("host: API.github.com");
  const Scope& scope = bindings.rules.front().scopes.front();
  CHECK(scope.methods == Words{"GET"});
  CHECK(paths_of(scope) == "/repos/** /user /users/** /orgs/** /search/**");
  CHECK(test::match_of(bindings, "POST", "/gists", "api.github.com") == Match::out_of_scope);
  CHECK(rendered(bindings) == "Bearer v");
}

TEST_CASE("K12 what the note says counts before what is known of its host, key by key") {
  const auto bindings =
      bound("host: api.github.com\nmethods: [GET, POST]\nformat: \"token {secret}\"");
  const Scope& scope = bindings.rules.front().scopes.front();
  CHECK(scope.methods == Words{"GET", "POST"});
  CHECK(paths_of(scope) == "/repos/** /user /users/** /orgs/** /search/**");
  CHECK(rendered(bindings) == "token v");
  CHECK(rendered(bound("host: api.github.com\nformat: \"token {K}\"")) == "token v");
  const auto other = bound("host: api.anthropic.com\nheader: Authorization\npaths: [/x]");
  CHECK(header_of(other) == "authorization");
  CHECK(rendered(other) == "v");
  CHECK(paths_of(other.rules.front().scopes.front()) == "/x");
}

TEST_CASE("K13 a list of hosts with a format is one binding for each") {
  const auto bindings = bound(
      "hosts: [a.example.com, b.example.com]\nformat: \"Key {secret}\"\nmethods: [GET]\n"
      "paths: [\"/v1/**\"]\nheader: X-Key");
  REQUIRE(bindings.rules.front().scopes.size() == 2);
  for (const auto* const host : {"a.example.com", "b.example.com"}) {
    CHECK(test::match_of(bindings, "GET", "/v1/x", host) == Match::matched);
    CHECK(test::match_of(bindings, "POST", "/v1/x", host) == Match::out_of_scope);
  }
  CHECK(rendered(bindings) == "Key v");
  CHECK(header_of(bindings) == "x-key");
}

TEST_CASE("K14 a list of hosts without a format is invalid, as is one with a host that is known") {
  CHECK(problem("host: [a.example.com, b.example.com]").find("`format`") != std::string::npos);
  const std::string format = "\nformat: \"Bearer {secret}\"";
  problem("host: [a.example.com, api.github.com]" + format);
  problem("host: [a.example.com, '*.github.com']" + format);
}

TEST_CASE("K16 a list that is empty, or has an element that is no host, is invalid") {
  const std::string format = "\nformat: \"Bearer {secret}\"";
  problem("hosts: []" + format);
  problem("hosts: [a.example.com, ' ']" + format);
  problem("hosts: [a.example.com, '']" + format);
  problem("hosts: [a.example.com, 7]" + format);
  problem("hosts: [a.example.com, [b.example.com]]" + format);
  std::string many = "hosts: [";
  for (std::size_t i = 0; i <= bounds::kNoteHostsMax; ++i) {
    many += "h" + std::to_string(i) + ".example.com, ";
  }
  problem(many + "]" + format);
}

TEST_CASE("K17 host and hosts together are invalid") {
  problem("host: a.example.com\nhosts: [a.example.com]");
}

TEST_CASE("K18 hosts that differ in case alone are one, and one is no list") {
  const auto bindings = bound("hosts: [API.github.com, api.github.COM]");
  REQUIRE(bindings.rules.front().scopes.size() == 1);
  CHECK(bindings.rules.front().scopes.front().methods == Words{"GET"});
}

TEST_CASE("K27 a placeholder that a note says is its own") {
  const Note note = marked("host: api.example.com\nplaceholder: " + kStored);
  CHECK(note.kind == Note::Kind::bound);
  CHECK(note.placeholder == kStored);
  CHECK(marked("api.example.com").placeholder.empty());
}

TEST_CASE("K28 a placeholder of another form is invalid") {
  for (const auto* const text : {"token",
                                 "avp-PLACEHOLDER-abcdefghijklmnopqrst",
                                 "kow-PLACEHOLDER-abcdefghijklmnopqrstu",
                                 "avp-PLACEHOLDER-ABCDEFGHIJKLMNOPQRSTU",
                                 "avp-PLACEHOLDER-abcdefghijklmnopqrs01",
                                 "avp-PLACEHOLDER-abcdefghij-lmnopqrstu",
                                 "7",
                                 "[a]",
                                 ""}) {
    problem(std::string("host: api.example.com\nplaceholder: ") + text);
  }
  problem("host: api.example.com\nplaceholder: avp-PLACEHOLDER-" + std::string(65, 'a'));
  CHECK(
      marked("host: api.example.com\nplaceholder: avp-PLACEHOLDER-" + std::string(64, 'a')).kind ==
      Note::Kind::bound);
}

TEST_CASE("K40 a body that is indented as a whole is read, by spaces or by tabs, and no other") {
  for (const auto* const body : {"  host: api.example.com\n  methods: [GET]",
                                 "\thost: api.example.com\r\n\r\n\tmethods: [GET]\r\n",
                                 "    host: api.example.com\n    methods:\n      - GET"}) {
    CHECK(bound(body).rules.front().scopes.front().methods == Words{"GET"});
  }
  CHECK(bound("   api.example.com").rules.front().scopes.size() == 1);
  problem("  host: api.example.com\n    methods: [GET]");
  problem("  host: api.example.com\n methods: [GET]");
  problem("\thost: api.example.com\n  methods: [GET]");
}

TEST_CASE("a note that is too long is invalid") {
  problem("host: api.example.com\n#" + std::string(bounds::kNoteBytesMax, 'x'));
}

}  // namespace keyswap::bindings
