// SPDX-License-Identifier: Apache-2.0
#include "bindings/graphql_request.h"

#include <catch2/catch.hpp>

#include "bindings/digest.h"
#include "bindings/percent_text.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

struct Sent {
  std::string body;
  std::string type = "application/json";
  std::string method = "POST";
  std::string target = "/graphql";
};

// "": it may go; else the rule and why.
std::string broken(const std::string& rules, const Sent& sent) {
  const auto bindings =
      test::accepted(test::with_binding("{ host: api.example.com, graphql: " + rules + " }"));
  http::HeaderList fields;
  if (!sent.type.empty()) {
    fields.add("Content-Type", sent.type);
  }
  const auto found = find_broken(*bindings.rules[0].scopes[0].body_rules,
                                 {sent.method, sent.target, fields, sent.body});
  return found ? found->rule + ": " + found->why.text() : "";
}

bool goes(const std::string& rules, const Sent& sent) {
  const auto why = broken(rules, sent);
  INFO(why);
  return why.empty();
}

Sent get(const std::string& query) {
  return {"", "", "GET", "/graphql?" + query};
}

const std::string kReadOnly = "{ operations: [query] }";
const std::string kAll = "{ operations: [query, mutation, subscription] }";

}  // namespace

TEST_CASE("who may only read cannot mutate, however it is sent") {
  CHECK(goes(kReadOnly, {R"({"query":"{ a }"})"}));
  CHECK(
      goes(kReadOnly, {R"({"query":"query Q {\n a\n}","operationName":"Q","variables":{"x":1}})"}));
  CHECK(goes(kReadOnly, {"{ a }", "application/graphql"}));
  CHECK(goes(kReadOnly, get("query=" + percent_encoded("{ a }", UrlPart::parameter))));
  for (const Sent& sent :
       {Sent{R"({"query":"mutation { a }"})"},
        Sent{R"({"query":"\u006dutation { a }"})"},
        Sent{R"({"query":"query Q { a } mutation M { b }","operationName":"Q"})"},
        Sent{R"([{"query":"{ a }"},{"query":"mutation { b }"}])"},
        Sent{"mutation { a }", "application/graphql"},
        get("query=mutation%7Ba%7D")}) {
    INFO(sent.body << sent.target);
    CHECK(broken(kReadOnly, sent) ==
          "graphql operations: an operation of this type is not allowed");
  }
  CHECK(goes(kAll, {R"({"query":"mutation { a }"})"}));
  CHECK(broken(kAll, get("query=mutation%7Ba%7D")) ==
        "graphql operations: a mutation may not come by GET");
  CHECK(broken("{ fields: [a] }", {R"({"query":"mutation { a }"})"}) ==
        "graphql operations: an operation of this type is not allowed");
}

TEST_CASE("fields, names, depth and introspection are held to what is listed") {
  const std::string fields = "{ operations: [query, mutation], fields: [viewer, mutation.add*] }";
  CHECK(goes(fields, {R"({"query":"{ viewer { secrets } __typename }"})"}));
  CHECK(goes(fields, {R"({"query":"mutation { addIt viewer }"})"}));
  for (const auto* const query : {"{ viewer: other }",
                                  "{ addIt }",
                                  "mutation { remove }",
                                  "{ ...F } fragment F on Q { b }"}) {
    INFO(query);
    CHECK(broken(fields, {R"({"query":")" + std::string(query) + "\"}"}) ==
          "graphql fields: a field is asked for that is not listed");
  }
  CHECK(broken(fields, {R"({"query":"{ __schema { x } }"})"}) ==
        "graphql introspection: the schema may not be asked for");
  // A payload may lead back to the root, and a fragment may be reached by another operation.
  for (const auto* const query : {"{ viewer { query { s: __schema { x } } } }",
                                  "{ viewer { ...F } } fragment F on Q { __type { x } }",
                                  "{ viewer } fragment F on Q { __schema { x } }"}) {
    INFO(query);
    CHECK(broken(fields, {R"({"query":")" + std::string(query) + "\"}"}) ==
          "graphql introspection: the schema may not be asked for");
  }
  CHECK(goes("{ introspection: true, fields: [a] }", {R"({"query":"{ __type { x } }"})"}));
  CHECK(goes("{ names: [Get*] }", {R"({"query":"query GetIt { a }"})"}));
  CHECK(broken("{ names: [Get*] }", {R"({"query":"{ a }"})"}) ==
        "graphql names: an operation has another name, or none");
  CHECK(goes("{ max_depth: 2 }", {R"({"query":"{ a { b } }"})"}));
  CHECK(broken("{ max_depth: 2 }", {R"({"query":"{ a { b { c } } }"})"}) ==
        "graphql max_depth: the fields lie too deep in each other");
}

TEST_CASE("a document that comes by its hash is listed, or comes along") {
  const std::string text = "{ a }";
  const std::string hash = sha256_hex(text);
  const auto extensions = [](const std::string& value) {
    return R"("extensions":{"persistedQuery":{"version":1,"sha256Hash":")" + value + "\"}}";
  };
  const std::string listed = "{ persisted: [" + hash + ", getUser] }";
  CHECK(goes(listed, {"{" + extensions(hash) + "}"}));
  CHECK(goes(listed, {R"({"documentId":"getUser","variables":null})"}));
  CHECK(goes(listed, {R"({"id":"getUser"})"}));
  CHECK(goes(kReadOnly, {R"({"query":"{ a }",)" + extensions(hash) + "}"}));
  const std::string alone = "graphql persisted: a document comes by its hash or id alone";
  CHECK(broken(kReadOnly, {"{" + extensions(hash) + "}"}) == alone);
  CHECK(broken(listed, {R"({"documentId":"getUser","id":"other"})"}) == alone);
  CHECK(broken(kReadOnly, {R"({"query":"{ b }",)" + extensions(hash) + "}"}) ==
        "graphql persisted: a hash or id is not that of the document beside it");
  CHECK(broken(kReadOnly, {R"({"extensions":{"persistedQuery":{"sha256hash":"x"}}})"}) != "");
  CHECK(goes(
      listed,
      get("extensions=" + percent_encoded("{\"persistedQuery\":{\"sha256Hash\":\"" + hash + "\"}}",
                                          UrlPart::parameter))));
  CHECK(broken(kReadOnly, {R"({"variables":{}})"}) == "graphql: there is no document");
}

TEST_CASE("what servers read in more than one way is refused, not judged") {
  for (const Sent& sent :
       {Sent{R"({"query":"{ a }","query":"mutation { b }"})"},
        Sent{R"({"query":"{ a }","Query":"mutation { b }"})"},
        Sent{R"({"query":"{ a }","doc_id":"1"})"},
        Sent{R"({"query":["{ a }"]})"},
        Sent{R"({"query":"{ a }","operationName":"B"})"},
        Sent{R"({"query":"query A { a } query B { b }"})"},
        Sent{R"({"query":"{ a }","variables":"{}"})"},
        Sent{R"("{ a }")"},
        Sent{"[]"},
        Sent{R"([[{"query":"{ a }"}]])"},
        Sent{""},
        Sent{"query={a}", "application/x-www-form-urlencoded"},
        Sent{"--x\r\n", "multipart/form-data; boundary=x"},
        Sent{"{\"query\":\"{ a }\"}\n{\"query\":\"{ b }\"}", "application/x-ndjson"},
        Sent{"\xEF\xBB\xBF{ a }", "application/graphql"},
        Sent{"{ a #\r b }", "application/graphql"},
        Sent{R"({"query":"{ a #\u2028 b }"})"},
        Sent{R"({"query":"{ a }\u0000 mutation { b }"})"},
        Sent{R"({"query":"{ a }","variables":{"x":NaN}})"},
        Sent{R"({"query":"{ a }"})", "application/x-www-form-urlencoded+json"},
        Sent{R"({"query":"{ a }"})", ""},
        Sent{R"({"query":"{ a }"})", "application/json; charset=utf-16"},
        Sent{R"({"query":"{ a }"})", "application/json", "POST", "/graphql?query={b}"},
        Sent{R"({"query":"{ a }"})", "application/json", "POST", "/graphql?%71uery={b}"},
        Sent{R"({"query":"{ a }"})", "application/json", "POST", "/graphql?%2571uery={b}"},
        Sent{R"({"query":"{ a }"})", "application/json", "POST", "/graphql?queryId=1"},
        Sent{R"({"query":"{ a }"})", "application/json", "POST", "/graphql?x=1;query={b}"},
        Sent{R"({"query":"{ a }"})", "application/json", "GET", "/graphql?query={a}"},
        get(""),
        get("query={a}&query={b}"),
        get("query[]={a}"),
        get("query={a}&%20query={b}"),
        get("query={a}&+query={b}"),
        get("query={a}&query%00x={b}"),
        get("query={a}&_query={b}"),
        get("query={a}&operation_name=B"),
        get("Query={a}"),
        get("query={a}&id=1"),
        get("query={a(x:%22%2522%22)}"),
        get("query={a};query={b}")}) {
    INFO(sent.method << " " << sent.target << " " << sent.body);
    CHECK_FALSE(goes(kAll, sent));
  }
  CHECK(goes(kAll, {R"({"query":"{ a }"})", "application/json", "POST", "/graphql?trace=1"}));
}

TEST_CASE("both kinds of rules go together") {
  const auto bindings = test::accepted(test::with_binding(
      "{ host: api.example.com, graphql: { operations: [mutation] }, json: [ { pointer: "
      "/variables/repo, equals: mine } ] }"));
  http::HeaderList fields;
  fields.add("Content-Type", "application/json");
  const auto& rules = *bindings.rules[0].scopes[0].body_rules;
  const auto may_go = [&](const std::string& body) {
    return !find_broken(rules, {"POST", "/graphql", fields, body});
  };
  CHECK(may_go(R"({"query":"mutation M($repo: ID) { a }","variables":{"repo":"mine"}})"));
  CHECK_FALSE(may_go(R"({"query":"mutation M($repo: ID) { a }","variables":{"repo":"other"}})"));
  CHECK_FALSE(may_go(R"({"query":"{ a }","variables":{"repo":"mine"}})"));
}

TEST_CASE("a batch is bounded", "[I10]") {
  std::string batch = R"([{"query":"{ a }"})";
  for (int i = 1; i < 32; ++i) {
    batch += R"(,{"query":"{ a }"})";
  }
  CHECK(goes(kReadOnly, {batch + "]"}));
  CHECK_FALSE(goes(kReadOnly, {batch + R"(,{"query":"{ a }"}])"}));
}

}  // namespace keyswap::bindings
