// SPDX-License-Identifier: Apache-2.0
//
// rate_limit, quota, blocked, max_body of an entry of `bindings:` (bindings/parse_limits.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::with_binding;

namespace {

std::string scope(const std::string& rest) {
  return with_binding("{ host: a.example.com, " + rest + " }");
}

Scope accepted_scope(const std::string& rest) {
  return accepted(scope(rest)).rules[0].scopes[0];
}

bool says(const std::string& errors, const std::string& text) {
  INFO(errors);
  return errors.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a rate limit is so many requests in a time with a unit") {
  const auto limit_of = [](const std::string& per) {
    return accepted_scope("rate_limit: { requests: 100, per: " + per + " }").rate_limit;
  };
  CHECK(limit_of("10s")->requests == 100);
  CHECK(limit_of("10s")->per_ms == 10'000);
  CHECK(limit_of("1m")->per_ms == 60'000);
  CHECK(limit_of("1h")->per_ms == 3'600'000);
  CHECK(limit_of("1d")->per_ms == 86'400'000);
  CHECK(limit_of("3600")->per_ms == 3'600'000);
  CHECK(limit_of("31d")->per_ms == std::int64_t{31} * 86'400'000);
  CHECK(limit_of("second")->per_ms == 1'000);
  CHECK(limit_of("minute")->per_ms == 60'000);
  CHECK(limit_of("hour")->per_ms == 3'600'000);
  CHECK(limit_of("day")->per_ms == 86'400'000);
  CHECK_FALSE(accepted_scope("methods: [GET]").rate_limit);
}

TEST_CASE("F35: a rate limit of 0 requests is none") {
  CHECK_FALSE(accepted_scope("rate_limit: { requests: 0, per: 1h }").rate_limit);
}

TEST_CASE("a rate limit that says anything else is an error at its place") {
  const auto errors = [](const std::string& limit) {
    return errors_of(scope("rate_limit: " + limit));
  };
  for (const auto* const per : {"0",
                                "0s",
                                "-1",
                                "1.5h",
                                "10ms",
                                "1 h",
                                "h",
                                "32d",
                                "01m",
                                "1H",
                                "2hour",
                                "hours",
                                "Day",
                                "99999999999999999999",
                                "\"\""}) {
    INFO(per);
    CHECK(says(errors("{ requests: 1, per: " + std::string(per) + " }"), "`per`"));
  }
  CHECK(says(errors("{ requests: 1 }"), "`per`"));
  CHECK(says(errors("{ per: 1h }"), "`requests`"));
  CHECK(says(errors("{ requests: -1, per: 1h }"), "a number from 0 to 1000000"));
  CHECK(says(errors("{ requests: 1000001, per: 1h }"), "a number from 0 to 1000000"));
  CHECK(says(errors("{ requests: 1, per: 1h, burst: 5 }"), "'burst' is no key of `rate_limit`"));
  CHECK_FALSE(errors("100").empty());
  CHECK_FALSE(errors("[100, 1h]").empty());
  CHECK(says(errors("{ requests: 1, per: x }"), "5:"));
}

TEST_CASE("a quota counts days") {
  CHECK(accepted_scope("quota: { requests: 1000, per: day }").quota_per_day == 1000U);
  CHECK(accepted_scope("quota: { requests: 1000, per: 1d }").quota_per_day == 1000U);
  CHECK_FALSE(accepted_scope("methods: [GET]").quota_per_day);
  CHECK(says(errors_of(scope("quota: { requests: 1, per: hour }")), "`per` must be one of: day"));
  CHECK(says(errors_of(scope("quota: { requests: 1, per: 2d }")), "`per` must be one of: day"));
  CHECK(says(errors_of(scope("quota: { requests: 0, per: day }")), "a number from 1 to"));
  CHECK(says(errors_of(scope("quota: { requests: 1 }")), "`per`"));
}

TEST_CASE("a bound of bodies is a number of bytes, with or without a unit") {
  CHECK(accepted_scope("max_body: 1MiB").max_body_bytes == 1024U * 1024U);
  CHECK(accepted_scope("max_body: 512KiB").max_body_bytes == 512U * 1024U);
  CHECK(accepted_scope("max_body: 2GiB").max_body_bytes == 2ULL * 1024 * 1024 * 1024);
  CHECK(accepted_scope("max_body: 1000000").max_body_bytes == 1'000'000U);
  CHECK(accepted_scope("max_body: 0").max_body_bytes == 0U);
  for (const auto* const size :
       {"1MB", "-1", "1.5MiB", "1mib", "x", "2048GiB", "9999999999999999999GiB", "[1]", "\"\""}) {
    INFO(size);
    CHECK(says(errors_of(scope("max_body: " + std::string(size))), "`max_body`"));
  }
}

TEST_CASE("response_timeout is a time up to a day") {
  CHECK_FALSE(accepted_scope("methods: [GET]").response_timeout_ms);
  CHECK(accepted_scope("response_timeout: 30s").response_timeout_ms == 30'000);
  CHECK(accepted_scope("response_timeout: 45").response_timeout_ms == 45'000);
  CHECK(accepted_scope("response_timeout: 20m").response_timeout_ms == 1'200'000);
  CHECK(accepted_scope("response_timeout: 24h").response_timeout_ms == 86'400'000);
  for (const auto* const time : {"0",
                                 "0s",
                                 "-1s",
                                 "1.5h",
                                 "25h",
                                 "2d",
                                 "1 h",
                                 "x",
                                 "[1s]",
                                 "\"\"",
                                 "99999999999999999999s"}) {
    INFO(time);
    CHECK(says(errors_of(scope("response_timeout: " + std::string(time))), "`response_timeout`"));
  }
}

TEST_CASE("F33: a blocked endpoint is a method in any case, or none, and a path") {
  const auto blocked =
      accepted_scope(
          R"(blocked: ["DELETE /repos/*", "put  /repos/*/admin/*", "* */admin/*", "/x*", "*"])")
          .blocked;
  REQUIRE(blocked.size() == 5);
  CHECK(blocked[0].method == "DELETE");
  CHECK(blocked[0].path == "/repos/*");
  CHECK(blocked[1].method == "PUT");
  CHECK(blocked[1].path == "/repos/*/admin/*");
  CHECK(blocked[2].method == "*");
  CHECK(blocked[2].path == "*/admin/*");
  CHECK(blocked[3].method == "*");
  CHECK(blocked[3].path == "/x*");
  CHECK(blocked[4].method == "*");
  CHECK(blocked[4].path == "*");
}

TEST_CASE("F33: a blocked endpoint that would not block is an error") {
  const auto errors = [](const std::string& entry) {
    return errors_of(scope("blocked: [\"" + entry + "\"]"));
  };
  CHECK(says(errors("DELTE /repos/*"), "did you mean DELETE?"));
  CHECK(says(errors("TRACE /x"), "never carries a secret"));
  CHECK(errors("BREW /pot").empty());
  CHECK(says(errors("DELETE repos/*"), "must begin with '/' or '*'"));
  CHECK(says(errors("DELETE "), "must begin with '/' or '*'"));
  CHECK(says(errors("DELETE"), "must begin with '/' or '*'"));
  CHECK(says(errors("DELETE /a?b=c"), "would never be blocked"));
  CHECK(says(errors("DELETE /a%2fb"), "write the plain path"));
  CHECK(says(errors("DELETE /a//b"), "write the plain path"));
  CHECK(says(errors("DELETE /a b"), "without spaces"));
  CHECK(says(errors("GET /" + std::string(512, 'a')), "at most 512 bytes"));
  CHECK(says(errors_of(scope("blocked: []")), "`blocked` is an empty list"));
  CHECK(says(errors_of(scope("blocked: DELETE /x")), "put it in brackets"));
}

TEST_CASE("the number of blocked endpoints is bounded", "[I10]") {
  std::string list;
  for (int i = 0; i < 1000; ++i) {
    list += "\"/a" + std::to_string(i) + "\", ";
  }
  CHECK(accepted_scope("blocked: [" + list + "]").blocked.size() == 1000);
  CHECK(says(errors_of(scope("blocked: [" + list + "/b]")), "more than 1000"));
}

TEST_CASE("hosts that one entry lists stay one entry, so that they share its limits") {
  const auto bindings = accepted(
      test::one_secret("    placeholder: \"" + test::kPlaceholder +
                           "\"\n    inject: { header: Authorization, format: \"{secret}\" }\n"
                           "    bindings:\n"
                           "      - { host: a.example.com }\n"
                           "      - { host: \"*.example.org\", subdomains: [b, c],"
                           " rate_limit: { requests: 1, per: 1h } }\n"
                           "      - { host: d.example.com }\n",
                       "allow_wildcard_hosts: true\n"));
  const auto& scopes = bindings.rules[0].scopes;
  REQUIRE(scopes.size() == 4);
  CHECK(scopes[0].entry == 0);
  CHECK(scopes[1].entry == 1);
  CHECK(scopes[2].entry == 1);
  CHECK(scopes[2].rate_limit->requests == 1);
  CHECK(scopes[3].entry == 2);
}

}  // namespace keyswap::bindings
