// SPDX-License-Identifier: Apache-2.0
//
// `capture:` of a secret (bindings/parse_capture.cc), and which answers it means.
#include <algorithm>

#include <catch2/catch.hpp>

#include "test/bindings/sample_kinds.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

using Catch::Matchers::Contains;
using test::accepted;
using test::errors_of;

namespace {

std::string with_capture(const std::string& capture,
                         const std::string& placeholder = "kswp_PLACEHOLDER_000000000001",
                         const std::string& more = "",
                         const std::string& top = "") {
  return top + "secrets:\n  K:\n    placeholder: " + placeholder +
         "\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
         "    bindings: [ { host: api.example.com } ]\n" +
         more + "    capture: " + capture + "\n";
}

std::string with_entry(const std::string& entry) {
  return with_capture("[ { host: login.example.com, " + entry + " } ]");
}

const http::Authority kLogin{"login.example.com", 443, http::HostKind::name};

// How many entries mean this request of this caller.
std::size_t captures(const Bindings& bindings,
                     const std::string& method,
                     const std::string& target,
                     const std::string& caller = "") {
  const auto found = bindings.captures_of(kLogin, RequestReadings(method, target), caller);
  return static_cast<std::size_t>(std::ranges::count_if(found, &CaptureUse::is_theirs));
}

}  // namespace

TEST_CASE("An entry says where in which answers the value of its secret comes") {
  const auto bindings = accepted(with_capture(
      "[ { host: login.example.com, methods: [POST], paths: [/token], json_pointer: /a~1b/0 }, "
      "{ host: login.example.com, port: 8443, paths: [\"/f/**\"], form_field: access_token }, "
      "{ host: login.example.com, paths: [/h], header: X-Subject-Token }, "
      "{ host: login.example.com, paths: [/c], cookie: sid, claims_readable: true } ]",
      "kswp_PLACEHOLDER_00000000001"));
  const auto& found = bindings.rules[0].captures;
  REQUIRE(found.size() == 4);
  CHECK(found[0].from == Capture::From::json);
  CHECK(found[0].pointer == JsonPointer{"a/b", "0"});
  CHECK(found[0].where.methods == std::vector<std::string>{"POST"});
  CHECK(found[1].from == Capture::From::form);
  CHECK(found[1].name == "access_token");
  CHECK(found[1].where.port == 8443);
  CHECK(found[2].from == Capture::From::header);
  CHECK(found[2].name == "x-subject-token");
  CHECK(found[3].from == Capture::From::cookie);
  CHECK(found[3].name == "sid");
  CHECK(found[3].is_signature);
  CHECK_FALSE(found[0].is_signature);
  CHECK(bindings.is_captured(bindings.rules[0].name));
}

TEST_CASE("An entry may say where its answer says how long the value is good") {
  const auto bindings = accepted(with_capture(
      "[ { host: login.example.com, paths: [/t], json_pointer: /t, expires: /a/expires_in }, "
      "{ host: login.example.com, paths: [/f], form_field: token, expires: expires_in }, "
      "{ host: login.example.com, paths: [/h], header: X-Subject-Token } ]",
      "kswp_PLACEHOLDER_00000000001"));
  const auto& found = bindings.rules[0].captures;
  REQUIRE(found.size() == 3);
  CHECK(found[0].life_pointer == JsonPointer{"a", "expires_in"});
  CHECK(found[0].life_name.empty());
  CHECK(found[1].life_name == "expires_in");
  CHECK(found[1].life_pointer.empty());
  CHECK((found[2].life_name.empty() && found[2].life_pointer.empty()));
  for (const char* wrong : {"json_pointer: /t, expires: expires_in",
                            "json_pointer: /t, expires: 3600",
                            "form_field: t, expires: \"a b\"",
                            "form_field: t, expires: \"\"",
                            "header: X-Token, expires: /expires_in",
                            "cookie: c, expires: c"}) {
    CHECK_THAT(errors_of(with_entry("paths: [/t], " + std::string(wrong))), Contains("`expires`"));
  }
}

TEST_CASE("A host whose answers are captured is decrypted, and gets nothing by that", "[I3]") {
  const auto bindings = accepted(with_entry("paths: [/token], json_pointer: /t"));
  CHECK(bindings.binds(kLogin));
  CHECK(bindings.match(0, kLogin, {"GET", "/token"}) == Match::other_destination);
  CHECK_FALSE(accepted(test::with_top("")).binds(kLogin));
}

TEST_CASE("No spelling of a request gets its answer around an entry", "[I5]") {
  const auto bindings =
      accepted(with_entry("methods: [POST], paths: [/oauth/token], json_pointer: /t"));
  CHECK(captures(bindings, "POST", "/oauth/token?x=1") == 1);
  CHECK(captures(bindings, "POST", "/oauth/%74oken") == 1);
  CHECK(captures(bindings, "POST", "/a/../oauth/token") == 1);
  CHECK(captures(bindings, "POST", "//oauth//token") == 1);
  CHECK(captures(bindings, "GET", "/oauth/token?_method=POST") == 1);
  CHECK(captures(bindings, "POST", "/oauth/tokens") == 0);
  CHECK(captures(bindings, "GET", "/oauth/token") == 0);
  const http::Authority other{"api.example.com", 443, http::HostKind::name};
  CHECK(bindings.captures_of(other, {"POST", "/oauth/token"}, "").empty());
}

TEST_CASE("Only a request that no server reads otherwise may replace an entry", "[I5]") {
  const auto bindings =
      accepted(with_entry("methods: [POST], paths: [/oauth/token], json_pointer: /t"));
  const auto is_certain = [&](const std::string& method, const std::string& target) {
    const auto found = bindings.captures_of(kLogin, RequestReadings(method, target), "");
    REQUIRE(found.size() == 1);
    return found[0].is_certain;
  };
  CHECK(is_certain("POST", "/oauth/token?x=1"));
  CHECK_FALSE(is_certain("POST", "/echo/../oauth/token"));
  CHECK_FALSE(is_certain("POST", "/echo/..%2foauth/token"));
  CHECK_FALSE(is_certain("GET", "/oauth/token?_method=POST"));
}

TEST_CASE("Who may not use a secret does not replace it, if an entry does not say who may") {
  const auto entry_with = [](const std::string& more) {
    return accepted(
        "callers: [ci, agent]\nsecrets:\n  K:\n"
        "    placeholder: kswp_PLACEHOLDER_000000000001\n"
        "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
        "    bindings: [ { host: api.example.com, callers: [ci] }" +
        more + " ]\n    capture: [ { host: login.example.com, paths: [/t], cookie: t } ]\n");
  };
  CHECK(captures(entry_with(""), "GET", "/t", "ci") == 1);
  CHECK(captures(entry_with(""), "GET", "/t", "agent") == 0);
  CHECK(captures(entry_with(""), "GET", "/t") == 0);
  CHECK(captures(entry_with(", { host: b.example.com }"), "GET", "/t", "agent") == 1);
}

TEST_CASE("An entry for some callers is for no others") {
  const auto bindings = accepted(
      with_capture("[ { host: login.example.com, paths: [/t], json_pointer: /t, callers: [ci] } ]",
                   "kswp_PLACEHOLDER_000000000001",
                   "",
                   "callers: [ci, agent]\n"));
  CHECK(captures(bindings, "GET", "/t", "ci") == 1);
  CHECK(captures(bindings, "GET", "/t", "agent") == 0);
  CHECK(captures(bindings, "GET", "/t") == 0);
}

TEST_CASE("An entry that does not say what to keep of what is an error with its place") {
  CHECK_THAT(errors_of(with_capture("[]")), Contains("`capture` is an empty list"));
  CHECK_THAT(errors_of(with_capture("{ host: login.example.com }")),
             Contains("`capture` must be a list"));
  CHECK_THAT(errors_of(with_entry("json_pointer: /t")), Contains("`paths`"));
  CHECK_THAT(errors_of(with_entry("paths: [/t]")), Contains("says where in the answer"));
  CHECK_THAT(errors_of(with_entry("paths: [/t], json_pointer: /t, cookie: c")),
             Contains("names one place in an answer"));
  CHECK_THAT(errors_of(with_capture("[ { paths: [/t], cookie: c } ]")), Contains("`host`"));
  CHECK_THAT(errors_of(with_entry("paths: [/t], json_pointer: t")), Contains("JSON pointer"));
  CHECK_THAT(errors_of(with_entry("paths: [/t], form_field: \"a b\"")), Contains("visible ASCII"));
  CHECK_THAT(errors_of(with_entry("paths: [/t], cookie: \"a=b\"")), Contains("name of a cookie"));
  CHECK_THAT(errors_of(with_entry("paths: [/t], header: Set-Cookie")), Contains("by `cookie`"));
  CHECK_THAT(errors_of(with_entry("paths: [/t], header: Content-Length")), Contains("6:"));
  CHECK_THAT(errors_of(with_entry("paths: [/t], json_pointer: /t, jsonpointer: /t")),
             Contains("jsonpointer"));
  std::string many = "[";
  for (int i = 0; i < 9; ++i) {
    many += " { host: login.example.com, paths: [/t], json_pointer: /t },";
  }
  CHECK_THAT(errors_of(with_capture(many + " ]")), Contains("more than 8 entries"));
}

TEST_CASE("A placeholder that would end the text around it cannot stand for what is captured") {
  const std::string entry = "[ { host: login.example.com, paths: [/t], json_pointer: /t } ]";
  CHECK_THAT(errors_of(with_capture(entry, "kswp_PLACEHOLDER+000000000001")),
             Contains("letters, digits, '-', '_', '.' and '~'"));
  accepted(with_capture(entry, "kswp_PLACEHOLDER.0000000~0001"));
}

TEST_CASE("In a JWT the placeholder stands for a signature, and looks like one") {
  const std::string entry =
      "[ { host: login.example.com, paths: [/t], json_pointer: /t, claims_readable: true } ]";
  accepted(with_capture(entry, "kswp_PLACEHOLDER_00000000001"));
  CHECK_THAT(errors_of(with_capture(entry, "kswp_PLACEHOLDER.00000000001")),
             Contains("a JWT's signature"));
  CHECK_THAT(errors_of(with_capture(entry, "kswp_PLACEHOLDER_000000000001")),
             Contains("a JWT's signature"));
}

TEST_CASE("What is captured is kept in the vault of this machine, under a name that is used") {
  const std::string entry = "[ { host: login.example.com, paths: [/t], json_pointer: /t } ]";
  const std::string yaml = with_capture(entry,
                                        "kswp_PLACEHOLDER_000000000001",
                                        "    source: far\n",
                                        "sources: { far: { type: remote, address: x } }\n");
  const auto parsed = parse(yaml, test::kFolder, {}, test::kKinds);
  CHECK(std::ranges::any_of(parsed.errors, [](const auto& issue) {
    return issue.text.find("kept in the vault of this machine") != std::string::npos;
  }));
  CHECK_THAT(errors_of("secrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
                       "    inject: { header: X, template: \"{{ A + B }}\" }\n"
                       "    compose: [A, B]\n"
                       "    bindings: [ { host: api.example.com } ]\n    capture: " +
                       entry + "\n"),
             Contains("no place of the secret needs that"));
  CHECK_THAT(errors_of("secrets:\n  K:\n    honeytoken: true\n"
                       "    placeholder: kswp_PLACEHOLDER_000000000001\n    capture: " +
                       entry + "\n"),
             Contains("a honeytoken has no `capture`"));
}

}  // namespace keyswap::bindings
