// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_rules.h"

#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

// "": it may go; else the rule and why.
std::string broken(const std::string& rules,
                   const std::string& body,
                   const std::string& type = "application/json",
                   const std::string& target = "/v1/x") {
  const auto bindings =
      test::accepted(test::with_binding("{ host: api.example.com, json: " + rules + " }"));
  http::HeaderList fields;
  fields.add("Content-Type", type);
  const auto found =
      find_broken(*bindings.rules[0].scopes[0].body_rules, {"POST", target, fields, body});
  return found ? found->rule + ": " + found->why.text() : "";
}

const std::string kOther = ": it is not what the rule says";
const std::string kMissing = ": it is not there";

}  // namespace

TEST_CASE("equals and in compare kinds and values exactly") {
  const std::string in = "[ { pointer: /model, in: [small, \"5\", 7, true, null] } ]";
  for (const auto* const value :
       {"\"small\"", "\"sm\\u0061ll\"", "\"5\"", "7", "7.0", "70e-1", "true", "null"}) {
    INFO(value);
    CHECK(broken(in, R"({"model":)" + std::string(value) + "}").empty());
  }
  for (const auto* const value : {"\"Small\"",
                                  "\"small \"",
                                  "5",
                                  "\"7\"",
                                  "7.0000000000000000000001",
                                  "false",
                                  "\"null\"",
                                  "[\"small\"]",
                                  "{}"}) {
    INFO(value);
    CHECK(broken(in, R"({"model":)" + std::string(value) + "}") == "json /model, in" + kOther);
  }
  CHECK(broken(in, "{}") == "json /model, in" + kMissing);
  CHECK(broken("[ { pointer: /a/b, equals: x } ]", R"({"a":{"b":"x"}})").empty());
  CHECK(broken("[ { pointer: /a/b, equals: x } ]", R"({"a":"x"})") ==
        "json /a/b, equals: a single value stands where the pointer leads on");
}

TEST_CASE("a range is kept by numbers, and by strings that are plain ones") {
  const std::string range = "[ { pointer: /amount, range: { min: 0, max: 100 } } ]";
  for (const auto* const value : {"0", "-0", "100", "1e2", "99.99", "\"100\"", "\"5.50\""}) {
    INFO(value);
    CHECK(broken(range, R"({"amount":)" + std::string(value) + "}").empty());
  }
  for (const auto* const value : {"101",
                                  "100.00000000000000000001",
                                  "-0.00000000001",
                                  "1e400",
                                  "\"1e1\"",
                                  "\"010\"",
                                  "\"0x10\"",
                                  "\" 5\"",
                                  "\"\"",
                                  "null",
                                  "[5]"}) {
    INFO(value);
    CHECK(broken(range, R"({"amount":)" + std::string(value) + "}") ==
          "json /amount, range" + kOther);
  }
}

TEST_CASE("a glob's star takes in no second value, and two stars no control character") {
  const std::string matches = R"([ { pointer: /to, matches: "*@example.com" } ])";
  CHECK(broken(matches, R"({"to":"ann@example.com"})").empty());
  for (const auto* const value : {"ann@example.org",
                                  "ann@example.com.evil.test",
                                  "bob@evil.test,ann@example.com",
                                  "bob@evil.test; ann@example.com",
                                  "<bob@evil.test> ann@example.com",
                                  "bob@evil.test\\nann@example.com",
                                  "bob@evil.test\\\"@example.com"}) {
    INFO(value);
    CHECK(broken(matches, R"({"to":")" + std::string(value) + "\"}") ==
          "json /to, matches" + kOther);
  }
  CHECK(broken(matches, R"({"to":["ann@example.com"]})") == "json /to, matches" + kOther);
  const std::string wide = R"([ { pointer: /a, matches: ["**, ok", "none"] } ])";
  CHECK(broken(wide, R"({"a":"x, y, ok"})").empty());
  CHECK(broken(wide, R"({"a":"none"})").empty());
  CHECK(broken(wide, R"({"a":"x\ny, ok"})") == "json /a, matches" + kOther);
}

TEST_CASE("a star in a pointer means each, and nothing is not each") {
  const std::string each = R"([ { pointer: "/to/*/email", matches: "*@example.com" } ])";
  CHECK(broken(each, R"({"to":[{"email":"a@example.com"},{"email":"b@example.com"}]})").empty());
  CHECK(broken(each, R"({"to":{"x":{"email":"a@example.com"}}})").empty());
  CHECK(broken(each, R"({"to":[{"email":"a@example.com"},{"email":"b@evil.test"}]})") ==
        "json /to/*/email, matches" + kOther);
  CHECK(broken(each, R"({"to":[{"email":"a@example.com"},{}]})") ==
        "json /to/*/email, matches" + kMissing);
  CHECK(broken(each, R"({"to":[]})") == "json /to/*/email, matches" + kMissing);
  CHECK(broken("[ { pointer: /a/1, equals: y } ]", R"({"a":["x","y"]})").empty());
  CHECK(broken("[ { pointer: /a/01, equals: y } ]", R"({"a":["x","y"]})") ==
        "json /a/01, equals: a list stands where the pointer has a name");
}

TEST_CASE("what servers take for a list of one, or for what stands in a list, is not missing") {
  const auto optional = [](const std::string& pointer) {
    return "[ { pointer: \"" + pointer + "\", equals: ok, optional: true } ]";
  };
  CHECK(broken(optional("/to/*"), R"({"to":null})").empty());
  CHECK(broken(optional("/to/*"), R"({"to":[]})").empty());
  CHECK(broken(optional("/to/0/a"), R"({"to":[]})").empty());
  CHECK(broken(optional("/to/0/a"), R"({"to":{"0":{"a":"ok"}}})").empty());
  CHECK(broken(optional("/to/*"), R"({"to":"evil"})") ==
        "json /to/*, equals: a single value stands where the pointer leads on");
  CHECK(broken(optional("/to/*/a"), R"({"to":{"a":"evil"}})") ==
        "json /to/*/a, equals: a single value stands where the pointer leads on");
  CHECK(broken(optional("/to/0/a"), R"({"to":{"a":"evil"}})") ==
        "json /to/0/a, equals: an object stands where the pointer has a number");
  CHECK(broken(optional("/a"), R"([{"a":"evil"}])") ==
        "json /a, equals: a list stands where the pointer has a name");
  CHECK(broken("[ { pointer: /a/b, absent: true } ]", R"({"a":[{"b":1}]})") ==
        "json /a/b, absent: a list stands where the pointer has a name");
}

TEST_CASE("what a body lacks is not looked for in the URL, whatever the server does") {
  const std::string rules =
      "[ { pointer: /bcc, absent: true }, { pointer: /max_n, equals: 1, optional: true } ]";
  const std::string json = "application/json";
  CHECK(broken(rules, "{}", json, "/x?a=1&to.bcc=2").empty());
  for (const auto* const query : {"bcc=1", "a=1&Bcc[]=2", "a=1;bcc=2", "%62cc", "%2562cc=1"}) {
    INFO(query);
    CHECK(broken(rules, "{}", json, "/x?" + std::string(query)) ==
          "json /bcc, absent: a parameter of the URL is named like it");
  }
  CHECK(broken(rules, "{}", json, "/x?maxN=5") ==
        "json /max_n, equals: a parameter of the URL is named like it");
}

TEST_CASE("a value may be asked to be there, not to be there, or to be right if it is there") {
  CHECK(broken("[ { pointer: /a, present: true } ]", R"({"a":null})").empty());
  CHECK(broken("[ { pointer: /a, present: true } ]", "{}") == "json /a, present" + kMissing);
  CHECK(broken("[ { pointer: /a, absent: true } ]", "{}").empty());
  CHECK(broken("[ { pointer: /a, absent: true } ]", R"({"a":null})") ==
        "json /a, absent: it is there");
  for (const auto* const name : {"A", "_a", "a-"}) {
    CHECK(broken("[ { pointer: /a, absent: true } ]", "{\"" + std::string(name) + "\":1}") ==
          "json /a, absent: a name in the body is nearly the one that is meant");
  }
  const std::string optional = "[ { pointer: /n, range: { max: 3 }, optional: true } ]";
  CHECK(broken(optional, "{}").empty());
  CHECK(broken(optional, "").empty());
  CHECK(broken(optional, R"({"n":4})") == "json /n, range" + kOther);
}

TEST_CASE("all conditions have to hold, and no body has nothing in it") {
  const std::string two = "[ { pointer: /a, equals: 1 }, { pointer: /b, equals: 2 } ]";
  CHECK(broken(two, R"({"a":1,"b":2})").empty());
  CHECK(broken(two, R"({"a":1,"b":3})") == "json /b, equals" + kOther);
  CHECK(broken(two, "") == "json /a, equals" + kMissing);
}

TEST_CASE("what is not JSON in one reading breaks every rule, and no byte of it is told") {
  const std::string rule = "[ { pointer: /a, equals: 1 } ]";
  CHECK(broken(rule, R"({"a":1,"a":2})") ==
        "json: the body is no JSON that all servers read in one way");
  CHECK(broken(rule, R"({"a":1})", "text/plain") == "json: the body's Content-Type is not JSON");
  CHECK(broken(rule, "a=1", "application/x-www-form-urlencoded") ==
        "json: its Content-Type is none that a body under rules may have");
}

TEST_CASE("rules are told in people's words") {
  const auto bindings = test::accepted(test::with_binding(
      "{ host: api.example.com, graphql: { operations: [query, mutation], fields: [viewer, "
      "mutation.add*], names: [Get*], max_depth: 9, introspection: true, persisted: [abc] }, json: "
      "[ { pointer: /m, in: [a, 1] }, { pointer: /n, range: { min: 1, max: 2 }, optional: true }, "
      "{ pointer: /x, absent: true } ] }"));
  CHECK(describe(*bindings.rules[0].scopes[0].body_rules) ==
        std::vector<std::string>{
            "it is GraphQL, query, mutation alone, of the fields viewer, mutation.add*, by the "
            "names Get*, at most 9 deep, with introspection, and the stored documents abc",
            "/m is one of \"a\", 1",
            "/n is a number of at least 1 and of at most 2, if it is there",
            "/x is not there"});
}

}  // namespace keyswap::bindings
