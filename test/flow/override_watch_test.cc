// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/override_watch.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/method_overrides.h"

namespace keyswap::flow {

namespace {

bindings::MethodOverrides of(std::string_view body, std::size_t piece) {
  OverrideWatch watch;
  for (; body.size() > piece; body.remove_prefix(piece)) {
    watch.look(body.substr(0, piece));
  }
  watch.look(body);
  watch.end();
  bindings::MethodOverrides found;
  bindings::read_body_overrides(watch.said(), found);
  return found;
}

}  // namespace

TEST_CASE("what a body says of methods is the same however it is cut", "[I5][I15]") {
  const std::string text(2000, 'x');
  for (const std::string& body : {std::string("key=1&_method=DELETE"),
                                  std::string("_method=DELETE&_method=put;x=1"),
                                  text + "?x%5Fhttp%5Fmethod=DELETE&" + text,
                                  std::string("{\"_method\": \"DELETE\"}"),
                                  text + "=_method=DELETE",
                                  text,
                                  std::string()}) {
    bindings::MethodOverrides whole;
    bindings::read_body_overrides(body, whole);
    for (const std::size_t piece : {1U, 2U, 7U, 600U, 5000U}) {
      CAPTURE(body.substr(0, 40), piece);
      const auto found = of(body, piece);
      CHECK(found.methods == (whole.are_unclear ? found.methods : whole.methods));
      CHECK(found.are_unclear == whole.are_unclear);
    }
  }
}

TEST_CASE("a name that nobody reads to its end is unclear where it may name a method",
          "[I5][I10]") {
  const std::string many(4000, '+');
  for (const std::string& body : {many + "_method=DELETE",
                                  "a=1&%20%2520" + many + "_method=DELETE",
                                  "_method[" + std::string(4000, 'x') + "]=DELETE",
                                  "_method=" + std::string(4000, 'x')}) {
    CAPTURE(body.substr(0, 40));
    CHECK(of(body, 100).are_unclear);
  }
  CHECK(of("x" + many + "=DELETE", 100).are_none());
  std::string again;
  for (int i = 0; i < 10'000; ++i) {
    again += "_method=POST&";
  }
  CHECK(of(again, 100).are_unclear);
}

TEST_CASE("news are told once", "[I5]") {
  OverrideWatch watch;
  watch.look("_method=POST");
  CHECK_FALSE(watch.take_news());
  watch.look("&");
  CHECK(watch.take_news());
  CHECK_FALSE(watch.take_news());
  CHECK(watch.said() == "_method=POST");
}

}  // namespace keyswap::flow
