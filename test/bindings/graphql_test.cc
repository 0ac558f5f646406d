// SPDX-License-Identifier: Apache-2.0
#include "bindings/graphql.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

// "query Q(a b)2": type, name, outermost fields, depth; or "! and why not".
std::string read(const std::string& text) {
  const auto operations = read_graphql(text);
  if (!operations) {
    return std::string("! ") + operations.error().note.text();
  }
  std::string shown;
  for (const GraphqlOperation& one : *operations) {
    shown += (shown.empty() ? "" : " ") + std::string(to_string(one.type)) +
             (one.name.empty() ? "" : " " + std::string(one.name)) + "(";
    for (std::size_t i = 0; i < one.fields.size(); ++i) {
      shown += (i == 0 ? "" : " ") + std::string(one.fields[i]);
    }
    shown += ")" + std::to_string(one.depth);
  }
  return shown;
}

std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

}  // namespace

TEST_CASE("a document's operations have a type, a name, fields and a depth") {
  CHECK(read("{ viewer { login } }") == "query(viewer)2");
  CHECK(read("query Q { b a b }") == "query Q(a b)1");
  CHECK(read("mutation M($x: [Int!]! = [1] @d(a: 2)) @d { add(input: {x: $x, e: RED}) { id } }") ==
        "mutation M(add)2");
  CHECK(read("subscription { s } ") == "subscription(s)1");
  CHECK(read("query A { a } mutation B { b }") == "query A(a)1 mutation B(b)1");
  CHECK(read("query query { query { mutation } }") == "query query(query)2");
}

TEST_CASE("an alias hides no field, and neither does a fragment or a directive") {
  CHECK(read("{ viewer: deleteAll }") == "query(deleteAll)1");
  CHECK(read("{ ... { a } ... on Query @skip(if: true) { b } ...F } fragment F on Query { c ...G }"
             " fragment G on Query { d { e } }") == "query(a b c d)2");
  CHECK(read("{ a { ...F } } fragment F on T { b { c } }") == "query(a)3");
  CHECK(read("mutation { a @include(if: false) }") == "mutation(a)1");
  CHECK(read("{ a } # mutation { b }\n") == "query(a)1");
  CHECK(read("{ a(x: \"} mutation { b\") }") == "query(a)1");
  CHECK(read("{ a(x: \"\"\"} mutation { \\\"\"\" b\"\"\") }") == "query(a)1");
}

TEST_CASE("what is no executable document that all servers read in one way is none") {
  for (const auto* const text : {"",
                                 "{",
                                 "{}",
                                 "{ a } }",
                                 "{ a ",
                                 "query",
                                 "query { a { } }",
                                 "type T { a: Int }",
                                 "schema { query: Q }",
                                 "extend type T { a: Int }",
                                 "\"described\" query Q { a }",
                                 "{ a } type T { a: Int }",
                                 "fragment F on T { a }",
                                 "fragment on on T { a } { a }",
                                 "fragment F($x: Int) on T { a } { ...F }",
                                 "{ ...F }",
                                 "{ ...F } fragment F on T { ...F }",
                                 "{ ...F } fragment F on T { a { ...G } } fragment G on T { ...F }",
                                 "{ a } fragment F on T { ...F }",
                                 "{ a } fragment F on T { ...G }",
                                 "{ a } fragment F on T { b } fragment F on T { c }",
                                 "{ a } { b }",
                                 "{ a } query Q { b }",
                                 "query Q { a } mutation Q { b }",
                                 "query($x: Int = $y) { a }",
                                 "query() { a }",
                                 "{ a() }",
                                 "{ a(x: ) }",
                                 "{ a(x: [1) }",
                                 "{ a(x: {1: 2}) }",
                                 "{ a: }",
                                 "{ a: b: c }",
                                 "{ ... }",
                                 "{ a(x: $) }",
                                 "query Q on T { a }",
                                 "QUERY { a }"}) {
    INFO(text);
    CHECK(read(text).starts_with("! "));
  }
}

TEST_CASE("a document's nesting and definitions are bounded", "[I10]") {
  const auto depth = bounds::kGraphqlDepthMax;
  const auto nested = [](std::size_t levels) {
    return times(levels, "{ a ") + times(levels, "}");
  };
  CHECK(read(nested(depth)) == "query(a)" + std::to_string(depth));
  CHECK(read(nested(depth + 1)) == "! the document is nested too deeply");
  CHECK(read("{ a(x: " + times(depth + 2, "[") + times(depth + 2, "]") + ") }") ==
        "! the document is nested too deeply");
  CHECK(read(times(4000, "{ a(x: [")).starts_with("! "));
  CHECK(read("{ " + times(depth + 1, "... { ") + "a" + times(depth + 1, "}") + "}") ==
        "! the document is nested too deeply");
  std::string chain = "{ ...F0 }";
  const auto most = bounds::kGraphqlDefinitionsMax;
  for (std::size_t i = 0; i < most; ++i) {
    const bool is_last = i + 2 == most;
    chain += " fragment F" + std::to_string(i) + " on T { " +
             (is_last ? std::string("a") : "...F" + std::to_string(i + 1)) + " }";
    if (is_last) {
      CHECK(read(chain) == "query(a)1");
    }
  }
  CHECK(read(chain) == "! the document has too many definitions");
}

TEST_CASE("operations that share fragments are no more work than the document is long", "[I10]") {
  std::string fragments = " fragment F on T { ";
  for (std::size_t i = 0; i < 5000; ++i) {
    fragments += "a" + std::to_string(i) + " ";
  }
  fragments += "}";
  const auto shared_by = [&](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += "query Q" + std::to_string(i) + " { ...F } ";
    }
    return read_graphql(text + fragments);
  };
  CHECK(shared_by(3));
  const auto refused = shared_by(4);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Errc::limit_exceeded);
}

}  // namespace keyswap::bindings
