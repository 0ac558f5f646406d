// SPDX-License-Identifier: Apache-2.0
//
// `binding_source:` and what belongs to it (bindings/parse_notes.cc), and what notes do to a file.
#include <algorithm>
#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "bindings/note_merge.h"
#include "bindings/permissions.h"
#include "proxy/base/bounds.h"
#include "test/bindings/support.h"
#include "vault/source_kind.h"

namespace keyswap::bindings {

namespace {

constexpr vault::BackendKind kNoted{.name = "noted", .has_notes = true};
constexpr vault::BackendKind kPlain{.name = "plain"};
constexpr std::array<const vault::BackendKind*, 2> kKinds = {&kNoted, &kPlain};

const std::string kOne = "sources: { s: { type: noted } }\n";
const std::string kOfS = "    source: s\n";
const std::string kNoSecrets = "secrets: {}\n";
const std::string kBoth = "binding_source: both\n";
const std::string kList = "notes_host_allowlist: [api.example.com]\n";

Parsed read(const std::string& yaml, const MergedNotes* notes = nullptr) {
  return parse(yaml, test::kFolder, {}, kKinds, notes);
}

Bindings good(const std::string& yaml, const MergedNotes* notes = nullptr) {
  auto parsed = read(yaml, notes);
  INFO(yaml);
  REQUIRE(test::listed(parsed.errors).empty());
  return std::move(parsed.bindings);
}

std::string errors(const std::string& yaml) {
  return test::listed(read(yaml).errors);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string secret(const std::string& name, const std::string& more = "") {
  return "  " + name + ":\n    placeholder: \"file-PLACEHOLDER-0123456789-" + name +
         "\"\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
         "    bindings: [ { host: file.example.com } ]\n" +
         more;
}

// What one note makes of a file.
MergedNotes merged(const Bindings& file, const std::string& name, const std::string& body) {
  const std::string derived = "avp-PLACEHOLDER-aaaaaaaaaaaaaaaaaaaaa";
  const SourceNote note{name, "# avp-binding\n" + body, derived};
  return merge_notes(file, *file.notes, {&note, 1});
}

}  // namespace

TEST_CASE("without these keys the file alone says where secrets go") {
  CHECK_FALSE(good(kOne + kNoSecrets).notes.has_value());
  CHECK_FALSE(good("binding_source: file\n" + kNoSecrets).notes.has_value());
  CHECK(
      has(test::listed(read("binding_source: file\n" + kList + kNoSecrets).warnings), "no effect"));
}

TEST_CASE("what the file says of notes is read whole") {
  const auto bindings = good(kOne + "binding_source: notes\nnotes_refresh_seconds: 5\n" + kList +
                             "install_salt_path: salt\n");
  REQUIRE(bindings.notes.has_value());
  CHECK_FALSE(bindings.notes->is_with_file);
  CHECK(bindings.notes->source == "s");
  CHECK(bindings.notes->refresh_ms == 5000);
  CHECK(bindings.notes->salt_path == "/etc/keyswap/salt");
  CHECK(bindings.notes->is_salt_said);
  REQUIRE(bindings.notes->allowed.has_value());
  CHECK(bindings.notes->allowed->front().host == "api.example.com");
  const auto usual = good(kOne + kBoth + kList + kNoSecrets);
  CHECK(usual.notes->is_with_file);
  CHECK(usual.notes->refresh_ms == 60'000);
  CHECK(usual.notes->salt_path == "/etc/keyswap/install-salt");
  CHECK_FALSE(usual.notes->is_salt_said);
  // As in the program that these keys are of.
  CHECK(good(kOne + kList + kNoSecrets).notes->is_with_file);
  CHECK(good(kOne + "binding_source: bws_notes\n" + kList).notes.has_value());
}

TEST_CASE("notes need a source that has them, and one alone or by its name") {
  CHECK(has(errors(kBoth + kList + kNoSecrets), "need a source"));
  CHECK(has(errors("sources: { p: { type: plain } }\n" + kBoth + kList + kNoSecrets),
            "need a source"));
  const std::string two = "sources: { s: { type: noted }, t: { type: noted } }\n";
  CHECK(has(errors(two + kBoth + kList + kNoSecrets), "several"));
  CHECK(good(two + kBoth + kList + "notes_source: t\n" + kNoSecrets).notes->spec == 1);
  CHECK(has(errors(two + kBoth + kList + "notes_source: u\n" + kNoSecrets), "`notes_source`"));
  CHECK(good("backend: { type: noted }\n" + kBoth + kList + kNoSecrets).notes->source.empty());
}

TEST_CASE("whoever lets notes count lists their hosts, or says that any will do", "[I17]") {
  CHECK(has(errors(kOne + kBoth + kNoSecrets), "`notes_host_allowlist` is missing"));
  CHECK_FALSE(
      good(kOne + kBoth + "allow_any_notes_host: true\n" + kNoSecrets).notes->allowed.has_value());
  CHECK(has(errors(kOne + kBoth + "allow_any_notes_host: false\n" + kNoSecrets), "is missing"));
  CHECK(has(errors(kOne + kBoth + kList + "allow_any_notes_host: true\n" + kNoSecrets),
            "contradict"));
  CHECK(good(kOne + kBoth + "notes_host_allowlist: []\n" + kNoSecrets).notes->allowed->empty());
}

TEST_CASE("I38 I39 an entry of the list is a host, and a wildcard only where they are allowed") {
  for (const auto* const entry :
       {"http://a.example", "a.example:443", "a.example/x", "'*'", "''", "' '", "[a.example]"}) {
    INFO(entry);
    CHECK_FALSE(
        errors(kOne + kBoth + "notes_host_allowlist: [" + entry + "]\n" + kNoSecrets).empty());
  }
  CHECK_FALSE(errors(kOne + kBoth + "notes_host_allowlist: a.example\n" + kNoSecrets).empty());
  const std::string wild = "notes_host_allowlist: ['*.example.com']\n";
  CHECK(has(errors(kOne + kBoth + wild + kNoSecrets), "`allow_wildcard_hosts: true`"));
  CHECK(good("allow_wildcard_hosts: true\n" + kOne + kBoth + wild + kNoSecrets)
            .notes->allowed->front()
            .is_wildcard);
}

TEST_CASE("numbers and words that are none are errors") {
  for (const auto* const line : {"binding_source: maybe",
                                 "notes_refresh_seconds: -1",
                                 "notes_refresh_seconds: 86401",
                                 "install_salt_path: []",
                                 "allow_any_notes_host: yes"}) {
    INFO(line);
    CHECK_FALSE(errors(kOne + std::string(line) + "\n" + kNoSecrets).empty());
  }
}

TEST_CASE("who is asked to approve is told what notes may do", "[I17]") {
  const auto said = permissions_of(good(kOne + kBoth + kList + kNoSecrets));
  CHECK(std::ranges::find(said, "notes of the source s may send its secrets to api.example.com") !=
        said.end());
}

TEST_CASE("K22 a note's secret stands beside those of the file, and comes from the notes' source") {
  const std::string yaml = kOne + kBoth + kList + "secrets:\n" + secret("F");
  const auto file = good(yaml);
  const auto notes = merged(file, "K", "api.example.com");
  const auto bindings = good(yaml, &notes);
  REQUIRE(bindings.rules.size() == 2);
  CHECK(bindings.match(0, test::at_host("file.example.com"), {"GET", "/"}) == Match::matched);
  CHECK(bindings.match(1, test::at_host("api.example.com"), {"GET", "/"}) == Match::matched);
  REQUIRE(bindings.sources->find(bindings.rules[1].name) != nullptr);
  CHECK(bindings.sources->find(bindings.rules[1].name)->key == "K");
  CHECK(bindings.sha256 == file.sha256);
}

TEST_CASE("a note takes the place of what the file says of its secret, and others still name it") {
  const std::string yaml = kOne + kBoth + kList + "secrets:\n" + secret("K", kOfS) +
                           secret("L", "    together_with: [K]\n");
  const auto notes = merged(good(yaml), "K", "api.example.com");
  const auto bindings = good(yaml, &notes);
  REQUIRE(bindings.rules.size() == 2);
  CHECK(bindings.rules[1].name.text() == "K");
  CHECK(bindings.rules[1].scopes.size() == 1);
  CHECK(bindings.rules[1].scopes.front().host.host == "api.example.com");
  CHECK(bindings.may_go_together(0, 1));
}

TEST_CASE("K21 what a bad note takes out of force goes nowhere, and is still known") {
  const std::string yaml = kOne + kBoth + kList + "secrets:\n" + secret("K", kOfS) + secret("L");
  const auto notes = merged(good(yaml), "K", "some prose");
  const auto bindings = good(yaml, &notes);
  REQUIRE(bindings.rules.size() == 3);
  CHECK(bindings.rules[0].is_out_of_force());
  CHECK(bindings.rules[2].kind == RuleKind::unbound);  // by the placeholder that its name makes
  CHECK(bindings.rules[2].out_of_force == OutOfForce::invalid_note);
  CHECK(bindings.match(0, test::at_host("file.example.com"), {"GET", "/"}) ==
        Match::other_destination);
  CHECK(bindings.binds(test::at_host("file.example.com")));  // it is looked into all the same
  CHECK(bindings.match(1, test::at_host("file.example.com"), {"GET", "/"}) == Match::matched);
}

TEST_CASE("where notes alone count, what the file says of secrets is in force for none") {
  const std::string yaml = kOne + "binding_source: notes\n" + kList + "secrets:\n" + secret("F");
  const auto file = good(yaml);
  CHECK(file.rules.front().is_out_of_force());
  const auto notes = merged(file, "K", "api.example.com");
  const auto bindings = good(yaml, &notes);
  const auto in_file = test::at_host("file.example.com");
  CHECK(bindings.match(0, in_file, {"GET", "/"}) == Match::other_destination);
  CHECK(bindings.binds(test::at_host("api.example.com")));
}

TEST_CASE(
    "D14 D15 D16 what no note binds is known behind the rules of the file, and goes nowhere") {
  const std::string yaml =
      kOne + "binding_source: notes\n" + kList + "secrets:\n" + secret("F") +
      "  BAIT: { honeytoken: true, placeholder: bait-PLACEHOLDER-000000001 }\n" +
      "custom:\n  svc: { base_url: https://svc.example.com, credential: S }\n";
  const auto why_of = [&](const std::string& body) {
    const auto notes = merged(good(yaml), "K", body);
    const auto bindings = good(yaml, &notes);
    REQUIRE(bindings.rules.size() == 4);
    const SecretRule& known = bindings.rules[3];
    CHECK(known.kind == RuleKind::unbound);
    CHECK(known.name.text() == "K");
    CHECK(known.placeholder == "avp-PLACEHOLDER-aaaaaaaaaaaaaaaaaaaaa");
    CHECK(bindings.match(3, test::at_host("api.example.com"), {"GET", "/"}) ==
          Match::other_destination);
    std::vector<std::uint32_t> found;
    bindings.find_placeholders("x" + known.placeholder, found);
    CHECK(found == std::vector<std::uint32_t>{3});
    // A secret of the file alone has no note, and bait is bound nowhere in any case.
    CHECK(bindings.rules[0].out_of_force == OutOfForce::no_note);
    CHECK(bindings.rules[1].out_of_force == OutOfForce::no);
    return known.out_of_force;
  };
  CHECK(why_of("") == OutOfForce::invalid_note);
  CHECK(why_of("host: 7") == OutOfForce::invalid_note);
  CHECK(why_of("header: X-Key") == OutOfForce::no_note);
  CHECK(why_of("other.example.com") == OutOfForce::host_not_listed);
}

TEST_CASE(
    "where notes alone count, a secret of the file that is out of force has its note's reason") {
  const std::string yaml =
      kOne + "binding_source: notes\n" + kList + "secrets:\n" + secret("K", kOfS);
  const auto why_of = [&](const std::string& body) {
    const auto notes = merged(good(yaml), "K", body);
    return good(yaml, &notes).rules[0].out_of_force;
  };
  CHECK(good(yaml).rules[0].out_of_force == OutOfForce::no_note);
  CHECK(why_of("host: 7") == OutOfForce::invalid_note);
  CHECK(why_of("other.example.com") == OutOfForce::host_not_listed);
}

TEST_CASE("what a bad note takes out of force goes on to guard its hosts, and has no route") {
  const std::string yaml = kOne + kBoth + kList +
                           "secrets:\n  K:\n    source: s\n"
                           "    placeholder: avp-PLACEHOLDER-file-0000000000001\n"
                           "    inject: { header: X-Key, format: \"{secret}\", require: true }\n"
                           "    bindings:\n      - { host: file.example.com, route: svc,\n"
                           "          allow_addresses: [10.0.0.0/8], blocked: [\"* /closed\"] }\n";
  const auto notes = merged(good(yaml), "K", "some prose");
  const auto bindings = good(yaml, &notes);
  REQUIRE(bindings.rules[0].is_out_of_force());
  const auto host = test::at_host("file.example.com");
  CHECK(bindings.forbidding_rule(host, {"GET", "/closed"}, Bindings::Purpose::request) == 0U);
  CHECK(bindings.missing_rule(host, {"GET", "/open"}, {}) == 0U);
  CHECK(bindings.find_route("proxy/svc") == nullptr);
  CHECK(bindings.allowed_addresses(host).empty());
  const auto said = permissions_of(bindings);
  CHECK(std::ranges::count(said, "requests to file.example.com pass, and are searched for K") == 1);
  CHECK(std::ranges::none_of(said, [](const auto& one) { return one.starts_with("K may go"); }));
}

TEST_CASE("secrets that no note binds are known up to the bound of all rules", "[I10]") {
  const std::string yaml = kOne + kBoth + kList + "secrets:\n" + secret("F");
  MergedNotes notes;
  for (std::size_t i = 0; i < base::bounds::kSecretRulesMax + 5; ++i) {
    const std::string number = std::to_string(100'000 + i);
    notes.unbound.push_back({vault::SecretName::parse("U" + number).value(),
                             "avp-PLACEHOLDER-aaaaaaaaaaaaaaa" + number,
                             OutOfForce::no_note});
  }
  const auto bindings = good(yaml, &notes);
  CHECK(bindings.rules.size() == base::bounds::kSecretRulesMax);
  CHECK(bindings.match(0, test::at_host("file.example.com"), {"GET", "/"}) == Match::matched);
}

}  // namespace keyswap::bindings
