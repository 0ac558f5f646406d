// SPDX-License-Identifier: Apache-2.0
//
// `approve` of an entry of `bindings:` (bindings/parse_approval.cc).
#include <catch2/catch.hpp>

#include "bindings/approval_rule.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::with_binding;

namespace {

std::string scope(const std::string& rest) {
  return with_binding("{ host: a.example.com, " + rest + " }");
}

std::shared_ptr<const ApprovalRule> rule_of(const std::string& rest) {
  return accepted(scope(rest)).rules[0].scopes[0].approval;
}

bool says(const std::string& errors, const std::string& text) {
  INFO(errors);
  return errors.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("without `approve`, or with `false`, nobody is asked") {
  CHECK(rule_of("methods: [GET]") == nullptr);
  CHECK(rule_of("approve: false") == nullptr);
}

TEST_CASE("of two rules that concern a request each counts where it asks for more") {
  ApprovalRule one = *rule_of("approve: { headers: [X-B], hold: 0, expires: 3m, on_timeout: 202 }");
  const auto other = rule_of("approve: { headers: [X-A, X-B], hold: 20s, expires: 2m, retry: 1m }");
  one.narrow(*other);
  CHECK(one.headers == std::vector<std::string>{"x-a", "x-b"});
  CHECK(one.hold_ms == 20'000);
  CHECK(one.expires_ms == 120'000);
  CHECK(one.retry_ms == 60'000);
  CHECK(one.on_timeout == OnTimeout::refuse);
  ApprovalRule third = *rule_of("approve: { hold: 9s, on_timeout: 202 }");
  third.narrow(*rule_of("approve: { hold: 0, on_timeout: 202 }"));
  CHECK(third.hold_ms == 0);
  CHECK(third.on_timeout == OnTimeout::accept);
}

TEST_CASE("`approve: true` is every request, with the usual times") {
  const auto rule = rule_of("approve: true");
  REQUIRE(rule != nullptr);
  CHECK(rule->hold_ms == 55'000);
  CHECK(rule->expires_ms == 600'000);
  CHECK(rule->retry_ms == 600'000);
  CHECK(rule->on_timeout == OnTimeout::refuse);
  CHECK(rule->may_concern(RequestReadings("GET", "/anything?x")));
}

TEST_CASE("each key of `approve` is read") {
  const auto rule = rule_of(
      "approve: { methods: [put, DELETE], paths: [/repos/*/merge], headers: [X-Amount], "
      "hold: 2s, expires: 1m, retry: 1h, on_timeout: 202 }");
  REQUIRE(rule != nullptr);
  CHECK(rule->methods == std::vector<std::string>{"PUT", "DELETE"});
  CHECK(rule->headers == std::vector<std::string>{"x-amount"});
  CHECK(rule->hold_ms == 2'000);
  CHECK(rule->expires_ms == 60'000);
  CHECK(rule->retry_ms == 3'600'000);
  CHECK(rule->on_timeout == OnTimeout::accept);
  CHECK(rule_of("approve: { hold: 0, on_timeout: 202 }")->hold_ms == 0);
}

TEST_CASE("no spelling of a request gets around a person's decision", "[I5]") {
  const auto rule = rule_of("approve: { methods: [DELETE], paths: [/admin/*] }");
  REQUIRE(rule != nullptr);
  for (const char* const path :
       {"/admin/x", "/ADMIN/x", "/%61dmin/x", "/a/../admin/x", "//admin/x", "/admin/x?y"}) {
    INFO(path);
    CHECK(rule->may_concern(RequestReadings("DELETE", path)));
  }
  CHECK(rule->may_concern(RequestReadings("POST", "/admin/x?_method=DELETE")));
  CHECK_FALSE(rule->may_concern(RequestReadings("POST", "/admin/x")));
  CHECK_FALSE(rule->may_concern(RequestReadings("DELETE", "/public/x")));
}

TEST_CASE("what cannot be meant is an error at its place") {
  const auto errors = [](const std::string& approve) {
    return errors_of(scope("approve: " + approve));
  };
  CHECK(says(errors("{ hold: 11m }"), "`hold` must be a time from 0s to 10m"));
  CHECK(says(errors("{ hold: 0 }"), "needs `on_timeout: 202`"));
  CHECK(says(errors("{ hold: 50s, expires: 49s }"), "longer than `expires`"));
  for (const char* const time : {"0", "25h", "-1", "1.5h", "01s", "x", "99999999999999999999"}) {
    CHECK(says(errors("{ expires: " + std::string(time) + " }"), "`expires` must be a time"));
    CHECK(says(errors("{ retry: " + std::string(time) + " }"), "`retry` must be a time"));
  }
  CHECK(says(errors("{ on_timeout: 500 }"), "on_timeout"));
  CHECK(says(errors("{ headers: [Authorization] }"), "no part of what is approved"));
  CHECK(says(errors("{ headers: [\"a b\"] }"), "name of a header field"));
  CHECK(says(errors("{ paths: [/a//b] }"), "not found in every reading"));
  CHECK(says(errors("{ whom: me }"), "whom"));
  CHECK(says(errors("maybe"), "approve"));
}

TEST_CASE("messages of an open WebSocket cannot be held") {
  CHECK(says(errors_of(scope("websocket: true, ws_text: true, approve: true")),
             "messages of a WebSocket"));
  CHECK(rule_of("websocket: true, approve: true") != nullptr);
}

}  // namespace keyswap::bindings
