// SPDX-License-Identifier: Apache-2.0
#include "bindings/note_merge.h"

#include <array>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "bindings/add_secret.h"
#include "bindings/host_pattern.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

const std::string kMark = "# avp-binding\n";
const std::string kBegin = "avp-PLACEHOLDER-";

// As a name makes it: 21 letters that are its own.
std::string derived(char letter) {
  return kBegin + std::string(21, letter);
}

SourceNote noted(const std::string& name, const std::string& text, char letter) {
  return {name, text, derived(letter)};
}

SourceNote bound(const std::string& name, const std::string& body, char letter) {
  return noted(name, kMark + body, letter);
}

std::vector<HostPattern> hosts_of(const std::vector<std::string>& texts) {
  std::vector<HostPattern> hosts;
  for (const std::string& text : texts) {
    hosts.push_back(std::get<ParsedHost>(parse_host_pattern(text)).pattern);
  }
  return hosts;
}

NotesRule any_host() {
  return {};
}

NotesRule listed(const std::vector<std::string>& hosts) {
  NotesRule rule;
  rule.allowed = hosts_of(hosts);
  return rule;
}

std::string file_secret(const std::string& name,
                        const std::string& placeholder,
                        const std::string& host) {
  return "  " + name + ":\n    placeholder: \"" + placeholder +
         "\"\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
         "    bindings: [ { host: " +
         host + " } ]\n";
}

Bindings file_of(const std::string& secrets) {
  return test::accepted("secrets:\n" + secrets);
}

Bindings no_file() {
  return test::accepted("secrets: {}\n");
}

std::string texts(const std::vector<HostPattern>& hosts) {
  std::string text;
  for (const HostPattern& host : hosts) {
    text += (text.empty() ? "" : ",") + text_of(host);
  }
  return text;
}

// "K bound a.example.com" or "K bound a.example.com but b.example.com", "K invalid", a line each.
std::string shown(const MergedNotes& merged) {
  constexpr std::array<const char*, 5> kWords = {
      "bound", "no_note", "invalid", "host_not_listed", "file_counts"};
  std::string text;
  for (const NoteState& state : merged.states) {
    text += state.name + " " + kWords.at(static_cast<std::size_t>(state.standing));
    text += state.hosts.empty() ? "" : " " + texts(state.hosts);
    text += state.refused_hosts.empty() ? "" : " but " + texts(state.refused_hosts);
    text += "\n";
  }
  return text;
}

std::string names(const std::vector<vault::SecretName>& all) {
  std::string text;
  for (const vault::SecretName& name : all) {
    text += (text.empty() ? "" : ",") + name.text();
  }
  return text;
}

// "K avp-PLACEHOLDER-… invalid_note", a line each.
std::string unbound(const MergedNotes& merged) {
  constexpr std::array<const char*, 4> kWords = {
      "no", "no_note", "invalid_note", "host_not_listed"};
  std::string text;
  for (const UnboundSecret& secret : merged.unbound) {
    text += secret.name.text() + " " + secret.placeholder + " " +
            kWords.at(static_cast<std::size_t>(secret.why)) + "\n";
  }
  return text;
}

// What a bindings file says with that entry.
Bindings in_file(const NoteEntry& entry) {
  const auto text =
      add_secret("allow_wildcard_hosts: true\nsecrets: {}\n", entry.name.text(), entry.entry, "");
  REQUIRE(text.has_value());
  return test::accepted(*text);
}

}  // namespace

TEST_CASE("a note binds its secret, known by what its name makes") {
  const auto merged =
      merge_notes(no_file(), any_host(), std::vector{bound("K", "api.example.com", 'k')});
  CHECK(shown(merged) == "K bound api.example.com\n");
  CHECK(merged.states.front().placeholder == derived('k'));
  REQUIRE(merged.entries.size() == 1);
  const auto bindings = in_file(merged.entries.front());
  CHECK(bindings.rules.front().placeholder == derived('k'));
  CHECK(test::match_of(bindings, "GET", "/x") == Match::matched);
  CHECK(merged.out_of_force.empty());
}

TEST_CASE("K01 K06 of a source's secrets those without a note stay unbound, and are told apart") {
  const auto merged = merge_notes(no_file(),
                                  any_host(),
                                  std::vector{noted("B", "my own text", 'b'),
                                              noted("A", kMark + "my own text", 'a'),
                                              noted("no name of ours", kMark + "a.example", 'c')});
  CHECK(shown(merged) == "A invalid\nB no_note\n");
  CHECK(merged.entries.empty());
}

TEST_CASE(
    "K21 a note that cannot be used takes what the file says of its secret out of force, however "
    "much that is") {
  const auto file = file_of(file_secret("K", "file-PLACEHOLDER-0123456789k", "api.example.com") +
                            file_secret("L", "file-PLACEHOLDER-0123456789l", "api.example.com"));
  const auto merged = merge_notes(file,
                                  any_host(),
                                  std::vector{bound("K", "methods: [GET]\nhost: http://x", 'k'),
                                              noted("L", "my own text", 'l')});
  CHECK(shown(merged) == "K invalid\nL no_note\n");
  CHECK(names(merged.out_of_force) == "K");
  CHECK(merged.entries.empty());
  const auto guarded = test::accepted(
      "secrets:\n  K:\n    placeholder: file-PLACEHOLDER-0123456789k\n"
      "    inject: { header: X-Key, format: \"{secret}\" }\n"
      "    bindings: [ { host: k.example.com, blocked: [\"DELETE /*\"] } ]\n");
  CHECK(names(merge_notes(guarded, any_host(), std::vector{bound("K", "host: http://x", 'k')})
                  .out_of_force) == "K");
}

TEST_CASE("D14 D15 D16 a secret that no note binds is known by its placeholder, and so is why") {
  const auto stored = kBegin + std::string(26, 'x');
  const std::vector notes = {
      noted("A", "my own text", 'a'),
      bound("B", "host: 7", 'b'),
      bound("C", "host: evil.example\nplaceholder: " + stored, 'c'),
      bound("D", "api.example.com", 'd'),
  };
  const auto merged = merge_notes(no_file(), listed({"api.example.com"}), notes);
  CHECK(unbound(merged) == "A " + derived('a') + " no_note\nB " + derived('b') +
                               " invalid_note\nC " + derived('c') + " host_not_listed\nC " +
                               stored + " host_not_listed\n");
  CHECK(why_unbound(merged, merged.unbound[0].name) == OutOfForce::no_note);
  CHECK(why_unbound(merged, merged.unbound[1].name) == OutOfForce::invalid_note);
  CHECK(why_unbound(merged, merged.unbound[2].name) == OutOfForce::host_not_listed);
  // Without a salt there is nothing that it could be known by.
  CHECK(merge_notes(no_file(), any_host(), std::vector{SourceNote{"K", "", ""}}).unbound.empty());
}

TEST_CASE("what the file says of a secret counts where no note does, unless notes alone count") {
  const auto file = file_of(file_secret("K", "file-PLACEHOLDER-0123456789k", "k.example.com"));
  const std::vector silent = {noted("K", "my own text", 'k')};
  CHECK(merge_notes(file, any_host(), silent).unbound.empty());
  auto alone = any_host();
  alone.is_with_file = false;
  CHECK(unbound(merge_notes(file, alone, silent)) == "K " + derived('k') + " no_note\n");
  // A bad note takes the file's word, too, and is in the way of whoever goes by the note.
  CHECK(unbound(merge_notes(file, any_host(), std::vector{bound("K", "host: 7", 'k')})) ==
        "K " + derived('k') + " invalid_note\n");
  const auto guarded = test::accepted(
      "secrets:\n  K:\n    placeholder: file-PLACEHOLDER-0123456789k\n"
      "    inject: { header: X-Key, format: \"{secret}\" }\n"
      "    bindings: [ { host: k.example.com, blocked: [\"DELETE /*\"] } ]\n");
  const std::vector good = {bound("K", "k.example.com", 'k')};
  CHECK(merge_notes(guarded, any_host(), good).unbound.empty());
  CHECK(unbound(merge_notes(guarded, alone, good)) == "K " + derived('k') + " no_note\n");
}

TEST_CASE("a note takes no rule on bodies or models away, and no person's word", "[I13]") {
  for (const std::string rule : {"graphql: { operations: [query] }",
                                 "json: [ { pointer: /a, in: [b] } ]",
                                 "models: [small]",
                                 "budget: { usd_per_day: 5 }",
                                 "approve: { methods: [DELETE] }"}) {
    INFO(rule);
    const auto file = test::accepted(
        "secrets:\n  K:\n    placeholder: file-PLACEHOLDER-0123456789k\n"
        "    inject: { header: X-Key, format: \"{secret}\" }\n"
        "    bindings: [ { host: k.example.com, " +
        rule + " } ]\n");
    const auto merged =
        merge_notes(file, any_host(), std::vector{bound("K", "k.example.com", 'k')});
    CHECK(shown(merged) == "K file_counts\n");
    CHECK(merged.entries.empty());
    CHECK(merged.out_of_force.empty());
  }
}

TEST_CASE("the placeholder of an unbound secret gives way to whatever else is known by it") {
  const auto theirs = kBegin + std::string(30, 'z');
  const auto file = file_of(file_secret("F", theirs, "f.example.com"));
  const auto fenced = [](const std::string& placeholder) {
    return bound("E", "host: evil.example\nplaceholder: " + placeholder, 'e');
  };
  const auto some = listed({"api.example.com"});
  const auto own = "E " + derived('e') + " host_not_listed\n";
  for (const std::string& taken : {theirs,
                                   theirs + "zz",
                                   derived('k'),
                                   derived('k') + "k",
                                   derived('n'),
                                   derived('n') + "n"}) {
    INFO(taken);
    const auto merged = merge_notes(
        file,
        some,
        std::vector{fenced(taken), bound("K", "api.example.com", 'k'), noted("N", "", 'n')});
    CHECK(merged.entries.size() == 1);
    CHECK(unbound(merged) == own + "N " + derived('n') + " no_note\n");
  }
  // What its name makes may be what the file has for it already.
  const auto same = file_of(file_secret("K", derived('k'), "k.example.com"));
  CHECK(merge_notes(same, any_host(), std::vector{bound("K", "host: 7", 'k')}).unbound.empty());
}

TEST_CASE("K22 what the file alone binds, and what a note binds in its place") {
  const auto file = file_of(file_secret("F", "file-PLACEHOLDER-0123456789f", "f.example.com") +
                            file_secret("K", "file-PLACEHOLDER-0123456789k", "k.example.com"));
  const auto merged =
      merge_notes(file, any_host(), std::vector{bound("K", "other.example.com", 'k')});
  CHECK(names(merged.out_of_force).empty());
  REQUIRE(merged.entries.size() == 1);
  CHECK(merged.entries.front().name.text() == "K");
}

TEST_CASE("K23 a wildcard is not bound unless the file allows wildcards") {
  const std::vector notes = {bound("K", "'*.example.com'", 'k')};
  CHECK(shown(merge_notes(no_file(), any_host(), notes)) ==
        "K host_not_listed but *.example.com\n");
  NotesRule rule;
  rule.allows_wildcards = true;
  CHECK(shown(merge_notes(no_file(), rule, notes)) == "K bound *.example.com\n");
  // A note does not make an entry of the list wider.
  rule.allowed = hosts_of({"a.example.com"});
  CHECK(shown(merge_notes(no_file(), rule, notes)) == "K host_not_listed but *.example.com\n");
  rule.allowed = hosts_of({"*.example.com"});
  CHECK(shown(merge_notes(no_file(), rule, notes)) == "K bound *.example.com\n");
  CHECK(shown(merge_notes(no_file(), rule, std::vector{bound("K", "a.example.com", 'k')})) ==
        "K bound a.example.com\n");
  CHECK(shown(merge_notes(no_file(), rule, std::vector{bound("K", "a.b.example.com", 'k')})) ==
        "K host_not_listed but a.b.example.com\n");
  CHECK(shown(merge_notes(no_file(), rule, std::vector{bound("K", "example.com", 'k')})) ==
        "K host_not_listed but example.com\n");
}

TEST_CASE("K24 of several hosts those in the list are bound, and the others are told") {
  const std::vector notes = {
      bound("K", "hosts: [a.example, evil.example]\nformat: \"Bearer {secret}\"", 'k')};
  const auto merged = merge_notes(no_file(), listed({"a.example"}), notes);
  CHECK(shown(merged) == "K bound a.example but evil.example\n");
  REQUIRE(merged.entries.size() == 1);
  const auto bindings = in_file(merged.entries.front());
  CHECK(test::match_of(bindings, "GET", "/", "a.example") == Match::matched);
  CHECK(test::match_of(bindings, "GET", "/", "evil.example") == Match::other_destination);
}

TEST_CASE("K25 with an empty list no note binds anything, and the file stays as it is") {
  const auto file = file_of(file_secret("K", "file-PLACEHOLDER-0123456789k", "k.example.com"));
  const auto merged = merge_notes(
      file,
      listed({}),
      std::vector{bound("K", "other.example.com", 'k'), bound("L", "l.example.com", 'l')});
  CHECK(shown(merged) ==
        "K host_not_listed but other.example.com\nL host_not_listed but l.example.com\n");
  CHECK(merged.entries.empty());
  CHECK(merged.out_of_force.empty());
}

TEST_CASE("a host that the file binds the same secret to needs no entry in the list") {
  const auto file = file_of(file_secret("K", "file-PLACEHOLDER-0123456789k", "k.example.com"));
  const std::vector notes = {bound("K", "host: k.example.com\nmethods: [GET]", 'k')};
  const auto some = listed({"other.example.com"});
  CHECK(shown(merge_notes(file, some, notes)) == "K bound k.example.com\n");
  CHECK(shown(merge_notes(file, listed({}), notes)) == "K host_not_listed but k.example.com\n");
  CHECK(shown(merge_notes(file, some, std::vector{bound("L", "k.example.com", 'l')})) ==
        "L host_not_listed but k.example.com\n");
  auto alone = some;
  alone.is_with_file = false;
  CHECK(shown(merge_notes(file, alone, notes)) == "K host_not_listed but k.example.com\n");
}

TEST_CASE("K27 the placeholder that a note says counts before the one its name makes") {
  const auto stored = kBegin + std::string(26, 'x');
  const auto merged =
      merge_notes(no_file(),
                  any_host(),
                  std::vector{bound("K", "host: api.example.com\nplaceholder: " + stored, 'k')});
  CHECK(merged.states.front().placeholder == stored);
  CHECK(in_file(merged.entries.front()).rules.front().placeholder == stored);
}

TEST_CASE("a note that says no placeholder needs a salt") {
  auto note = bound("K", "api.example.com", 'k');
  note.derived.clear();
  const auto merged = merge_notes(no_file(), any_host(), std::vector{note});
  CHECK(shown(merged) == "K invalid\n");
  CHECK(merged.states.front().why.find("salt") != std::string::npos);
}

TEST_CASE("K31 a note that says a placeholder of the file loses it, and the file keeps it") {
  const auto theirs = kBegin + std::string(30, 'z');
  const auto file = file_of(file_secret("F", theirs, "f.example.com"));
  for (const std::string& taken : {theirs, kBegin + std::string(25, 'z'), theirs + "zz"}) {
    INFO(taken);
    const auto merged =
        merge_notes(file,
                    any_host(),
                    std::vector{bound("K", "host: api.example.com\nplaceholder: " + taken, 'k'),
                                bound("L", "api.example.com", 'l')});
    CHECK(shown(merged) == "K invalid\nL bound api.example.com\n");
    CHECK(merged.out_of_force.empty());
  }
}

TEST_CASE("of two notes with one placeholder the one that its name makes stays, else neither") {
  const auto with = [](const std::string& name, const std::string& placeholder, char letter) {
    return bound(name, "host: api.example.com\nplaceholder: " + placeholder, letter);
  };
  const auto stored = kBegin + std::string(26, 'x');
  CHECK(shown(merge_notes(
            no_file(), any_host(), std::vector{with("A", stored, 'a'), with("B", stored, 'b')})) ==
        "A invalid\nB invalid\n");
  CHECK(shown(merge_notes(no_file(),
                          any_host(),
                          std::vector{with("A", stored + "q", 'a'), with("B", stored, 'b')})) ==
        "A invalid\nB invalid\n");
  CHECK(shown(merge_notes(
            no_file(),
            any_host(),
            std::vector{with("A", derived('b'), 'a'), bound("B", "api.example.com", 'b')})) ==
        "A invalid\nB bound api.example.com\n");
  // Also where the other has no binding, or says another placeholder.
  CHECK(
      shown(merge_notes(
          no_file(), any_host(), std::vector{with("A", derived('b'), 'a'), noted("B", "", 'b')})) ==
      "A invalid\nB no_note\n");
  CHECK(shown(merge_notes(no_file(),
                          any_host(),
                          std::vector{with("A", derived('b'), 'a'), with("B", stored, 'b')})) ==
        "A invalid\nB bound api.example.com\n");
}

TEST_CASE("two secrets of one name are bound nowhere") {
  const auto file = file_of(file_secret("K", "file-PLACEHOLDER-0123456789k", "k.example.com"));
  const auto merged =
      merge_notes(file,
                  any_host(),
                  std::vector{bound("K", "a.example.com", 'k'), bound("K", "b.example.com", 'k')});
  CHECK(shown(merged) == "K invalid\n");
  CHECK(names(merged.out_of_force) == "K");
}

TEST_CASE("a honeytoken of the file stays one") {
  const auto file = test::accepted(
      "secrets:\n  BAIT: { honeytoken: true, placeholder: \"bait-PLACEHOLDER-0123456789\" }\n");
  const auto merged =
      merge_notes(file, any_host(), std::vector{bound("BAIT", "api.example.com", 'b')});
  CHECK(shown(merged) == "BAIT invalid\n");
  CHECK(merged.out_of_force.empty());
}

TEST_CASE("where notes alone count, too, a placeholder of the file is no other secret's") {
  const auto theirs = kBegin + std::string(30, 'z');
  const auto file = file_of(file_secret("F", theirs, "f.example.com"));
  auto alone = any_host();
  alone.is_with_file = false;
  const auto merged =
      merge_notes(file,
                  alone,
                  std::vector{bound("K", "host: api.example.com\nplaceholder: " + theirs, 'k'),
                              bound("F", "host: 7", 'f')});
  CHECK(shown(merged) == "F invalid\nK invalid\n");
  CHECK(merged.out_of_force.empty());
}

TEST_CASE("what a note cannot say of a secret no note takes away") {
  const auto says = [](const std::string& more) {
    const auto file = test::accepted(
        "callers: [a]\nsecrets:\n  K:\n"
        "    placeholder: file-PLACEHOLDER-0123456789k\n" +
        more);
    return shown(merge_notes(
        file, listed({"k.example.com"}), std::vector{bound("K", "k.example.com", 'k')}));
  };
  const std::string plain = "    inject: { header: X-Key, format: \"{secret}\" }\n";
  CHECK(says(plain + "    bindings: [ { host: k.example.com } ]\n") == "K bound k.example.com\n");
  for (const auto* const guard : {"callers: [a]",
                                  "blocked: [\"DELETE /*\"]",
                                  "max_body: 1KiB",
                                  "quota: { requests: 5, per: day }",
                                  "real_value: refuse",
                                  "port: 8443"}) {
    INFO(guard);
    CHECK(says(plain + "    bindings: [ { host: k.example.com, " + guard + " } ]\n") ==
          "K file_counts\n");
  }
  for (const auto* const inject :
       {"inject: { header: X-Key, format: \"{secret}\", require: true }",
        "inject: { header: X-Key, template: \"{{ A | b64encode }}\" }\n    compose: [A]",
        "inject: { type: hmac, header: X-Sig, template: \"{body}\" }"}) {
    INFO(inject);
    CHECK(says(std::string("    ") + inject + "\n    bindings: [ { host: k.example.com } ]\n") ==
          "K file_counts\n");
  }
  CHECK(says("    inject: { basic: password }\n"
             "    bindings: [ { host: k.example.com } ]\n") == "K bound k.example.com\n");
}

TEST_CASE("a secret that others of the file are made with is no note's") {
  const auto file = test::accepted(
      "secrets:\n  F:\n    placeholder: file-PLACEHOLDER-0123456789f\n"
      "    inject: { header: X-Key, template: \"{{ A + K }}\" }\n    compose: [A, K]\n"
      "    bindings: [ { host: f.example.com } ]\n");
  const auto merged =
      merge_notes(file, any_host(), std::vector{bound("K", "api.example.com", 'k')});
  CHECK(shown(merged) == "K file_counts\n");
  CHECK(merged.entries.empty());
  CHECK(merged.out_of_force.empty());
}

TEST_CASE("a credential of a custom service is no note's") {
  const auto file =
      test::accepted("custom:\n  svc: { base_url: https://svc.example.com, credential: K }\n");
  CHECK(shown(merge_notes(file, any_host(), std::vector{bound("K", "api.example.com", 'k')})) ==
        "K file_counts\n");
}

TEST_CASE("of two secrets of one name a note has to be told of, not their being two") {
  const auto file = file_of(file_secret("K", "file-PLACEHOLDER-0123456789k", "k.example.com"));
  const auto of = [&](const SourceNote& one, const SourceNote& other) {
    return shown(merge_notes(file, any_host(), std::vector{one, other}));
  };
  const auto silent = noted("K", "my own text", 'k');
  const auto marked = bound("K", "a.example.com", 'k');
  CHECK(of(silent, silent) == "K no_note\n");
  CHECK(of(silent, marked) == "K invalid\n");
  CHECK(of(marked, silent) == "K invalid\n");
  const auto with_part = test::accepted(
      "secrets:\n  F:\n    placeholder: file-PLACEHOLDER-0123456789f\n"
      "    inject: { header: X-Key, template: \"{{ A + K }}\" }\n    compose: [A, K]\n"
      "    bindings: [ { host: f.example.com } ]\n");
  for (const auto& [one, other] :
       std::vector<std::pair<SourceNote, SourceNote>>{{marked, marked}, {silent, marked}}) {
    CHECK(shown(merge_notes(with_part, any_host(), std::vector{one, other})) == "K file_counts\n");
  }
}

}  // namespace keyswap::bindings
