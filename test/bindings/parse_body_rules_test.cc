// SPDX-License-Identifier: Apache-2.0
//
// graphql and json of an entry of `bindings:` (bindings/parse_body_rules.cc).
#include <catch2/catch.hpp>

#include "bindings/body_rules.h"
#include "bindings/permissions.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::with_binding;

namespace {

std::string scope(const std::string& rest) {
  return with_binding("{ host: a.example.com, " + rest + " }");
}

bool says(const std::string& errors, const std::string& text) {
  INFO(errors);
  return errors.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("without rules nothing is asked of bodies, and graphql alone means queries") {
  CHECK(accepted(scope("port: 443")).rules[0].scopes[0].body_rules == nullptr);
  const auto bindings = accepted(scope("graphql: { max_depth: 5 }"));
  const auto& rules = *bindings.rules[0].scopes[0].body_rules->graphql;
  CHECK(rules.operations == std::vector<GraphqlType>{GraphqlType::query});
  CHECK(rules.max_depth == 5);
  CHECK_FALSE(rules.introspection);
}

TEST_CASE("values of json are what they look like, and text in quotes") {
  const auto bindings =
      accepted(scope(R"(json: [ { pointer: /a, in: [gpt-4, 5, "5", true, null, "true"] } ])"));
  using Kind = JsonValue::Kind;
  std::vector<Kind> kinds;
  for (const JsonScalar& value : bindings.rules[0].scopes[0].body_rules->json[0].values) {
    kinds.push_back(value.kind);
  }
  CHECK(kinds ==
        std::vector<Kind>{
            Kind::string, Kind::number, Kind::string, Kind::boolean, Kind::null, Kind::string});
}

TEST_CASE("rules on bodies that say nothing, or what cannot be, are errors at their place") {
  for (const auto& [rules, text] :
       {std::pair("graphql: { operation: [query] }", "operation"),
        std::pair("graphql: { operations: [read] }", "operations"),
        std::pair("graphql: { operations: [] }", "operations"),
        std::pair("graphql: { fields: [\"a b\"] }", "this is no field of GraphQL"),
        std::pair("graphql: { fields: [table.x] }", "this is no field of GraphQL"),
        std::pair("graphql: { fields: [mutation.x] }", "does not have the type of this field"),
        std::pair("graphql: { names: [\"a-b\"] }", "this is no name of an operation"),
        std::pair("graphql: { max_depth: 65 }", "max_depth"),
        std::pair("graphql: { introspection: 1 }", "introspection"),
        std::pair("graphql: 1", "graphql"),
        std::pair("json: []", "json"),
        std::pair("json: [ { equals: 1 } ]", "pointer"),
        std::pair("json: [ { pointer: a, equals: 1 } ]", "this is no JSON pointer"),
        std::pair("json: [ { pointer: /a } ]", "a condition is one of"),
        std::pair("json: [ { pointer: /a, equals: 1, in: [1] } ]", "a condition is one of"),
        std::pair("json: [ { pointer: /a, equals: [1] } ]", "must be one value"),
        std::pair("json: [ { pointer: /a, equals: 010 } ]", "this is no number that JSON has"),
        std::pair("json: [ { pointer: /a, range: {} } ]", "`range` needs"),
        std::pair("json: [ { pointer: /a, range: { min: 2, max: 1 } } ]", "is greater than"),
        std::pair("json: [ { pointer: /a, range: { max: \"5\" } } ]", "must be a number"),
        std::pair("json: [ { pointer: /a, absent: false } ]", "is true or is left out"),
        std::pair("json: [ { pointer: /a, absent: true, optional: true } ]", "does not go with"),
        std::pair("websocket: true, json: [ { pointer: /a, equals: 1 } ]",
                  "do not go with `websocket: true`")}) {
    INFO(rules);
    CHECK(says(errors_of(scope(rules)), text));
  }
}

TEST_CASE("a condition that goes widens what may be sent, and that is told", "[I17]") {
  const auto said = [](const std::string& rest) {
    return permissions_of(accepted(scope(rest)));
  };
  const auto has_line = [](const std::vector<std::string>& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  const std::string to = "K may go to a.example.com, any method, any path";
  CHECK(has_line(said("json: [ { pointer: /m, in: [a] } ]"),
                 to + ", if of the body /m is one of \"a\""));
  CHECK(has_line(said("port: 443"), to));
  CHECK_FALSE(has_line(said("json: [ { pointer: /m, in: [a] } ]"), to));
}

}  // namespace keyswap::bindings
