// SPDX-License-Identifier: Apache-2.0
#include "bindings/url_query.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

// "a=1|b=2".
std::string read(const std::string& target, const std::string& separators = "&") {
  std::string shown;
  for (const UrlParameter& one : read_url_query(target, separators)) {
    shown += (shown.empty() ? "" : "|") + one.name + "=" + one.value;
  }
  return shown;
}

}  // namespace

TEST_CASE("the parameters of a URL are decoded once, as a form's are") {
  CHECK(read("/x").empty());
  CHECK(read("/x?").empty());
  CHECK(read("/x?a=1&b=%7Ba+b%7D&c&=d&e=f=g") == "a=1|b={a b}|c=|=d|e=f=g");
  CHECK(read("/x?%61=%2561%zz") == "a=%61%zz");
  CHECK(read("/x?a=1;b=2") == "a=1;b=2");
  CHECK(read("/x?a=1;b=2", "&;") == "a=1|b=2");
  CHECK(read("/x?a=b?c=d") == "a=b?c=d");
}

TEST_CASE("a parameter may mean a name in every spelling that some server takes for it") {
  for (const auto* const parameter : {"query",
                                      "Query",
                                      " query",
                                      "\tquery",
                                      "query ",
                                      "query[]",
                                      "query[x]",
                                      "query.x",
                                      "[query]",
                                      "_query",
                                      "%71uery",
                                      "%20query"}) {
    INFO(parameter);
    CHECK(may_mean(parameter, "query"));
  }
  CHECK(may_mean(std::string("query\0x", 7), "query"));
  CHECK(may_mean("operation_name", "operationName"));
  for (const auto* const parameter : {"", "quer", "queries", "x.query", "xquery", "%2571uery"}) {
    INFO(parameter);
    CHECK_FALSE(may_mean(parameter, "query"));
  }
}

}  // namespace keyswap::bindings
