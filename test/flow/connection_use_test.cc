// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/connection_use.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap {

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

template <typename Head>
Head with(const Fields& fields) {
  Head head;
  for (const auto& [name, value] : fields) {
    head.fields.add(name, value);
  }
  return head;
}

bool request_logs_in(const Fields& fields) {
  return flow::carries_connection_login(with<http::RequestHead>(fields));
}

bool response_logs_in(const Fields& fields) {
  return flow::speaks_of_connection_login(with<http::ResponseHead>(fields));
}

std::optional<std::int64_t> rest(const Fields& fields) {
  return flow::rest_ms(with<http::ResponseHead>(fields));
}

}  // namespace

TEST_CASE("a request that logs its connection in is known by its scheme, in any case", "[I16]") {
  for (const std::string value : {"NTLM TlRMTVNTUAAB",
                                  "ntlm\tTlRMTVNTUAAB",
                                  "Negotiate YIIJvwYG",
                                  "NEGOTIATE",
                                  "Kerberos YIIJ",
                                  "Nego2 x",
                                  "Basic eDp5, NTLM TlRM"}) {
    INFO(value);
    CHECK(request_logs_in({{"Authorization", value}}));
    CHECK(request_logs_in({{"X", "1"}, {"aUTHORIZATION", "Basic eDp5"}, {"authorization", value}}));
    CHECK(request_logs_in({{"Proxy-Authorization", value}}));
  }
}

TEST_CASE("of a head as it is sent the same is known", "[I16]") {
  const auto sent = [](std::string_view name, std::string_view value) {
    http::OutgoingFields fields;
    fields.add({"Host", "a.test"});
    fields.add({name, value, true});
    return flow::carries_connection_login(fields);
  };
  CHECK(sent("authorization", "negotiate YII="));
  CHECK(sent("Authorization", "NTLM TlRM"));
  CHECK(!sent("Authorization", "Bearer NTLM"));
  CHECK(!sent("X-Authorization", "NTLM TlRM"));
  CHECK(!sent("Cookie", "Authorization: NTLM"));
}

TEST_CASE("other schemes, and other fields, log no connection in", "[I16]") {
  for (const std::string value : {"Bearer NTLM",
                                  "Basic bnRsbQ==",
                                  "NTLMv2 x",
                                  "XNTLM x",
                                  "NTLM2",
                                  "NTLM=x",
                                  "Digest username=\"a, NTLM x\", realm=\"Negotiate\"",
                                  ""}) {
    INFO(value);
    CHECK(!request_logs_in({{"Authorization", value}}));
    CHECK(!response_logs_in({{"WWW-Authenticate", value}}));
  }
  CHECK(!request_logs_in({{"X-Authorization", "NTLM x"}, {"Cookie", "NTLM x"}}));
  CHECK(!response_logs_in({{"Authorization", "NTLM x"}, {"X", "Negotiate"}}));
}

TEST_CASE("a response speaks of a login in a list, in several lines, at any place", "[I16]") {
  CHECK(response_logs_in({{"WWW-Authenticate", "NTLM"}}));
  CHECK(response_logs_in({{"www-authenticate", "Negotiate oYG2MIGzoAMKAQChCwYJ"}}));
  CHECK(response_logs_in({{"WWW-Authenticate", "Basic realm=\"a\", ntlm"}}));
  CHECK(response_logs_in(
      {{"WWW-Authenticate", "Basic realm=\"a \\\", b\" ,\tNegotiate, Digest x=y"}}));
  CHECK(response_logs_in({{"WWW-Authenticate", ",, NTLM"}}));
  CHECK(response_logs_in(
      {{"Server", "x"}, {"WWW-Authenticate", "Basic realm=\"a\""}, {"WWW-Authenticate", "NTLM"}}));
  CHECK(response_logs_in({{"Proxy-Authenticate", "NTLM"}}));
  CHECK(response_logs_in({{"Persistent-Auth", "true"}}));
  CHECK(response_logs_in({{"persistent-auth", "False, TRUE"}}));
  CHECK(response_logs_in({{"Proxy-Support", "Session-Based-Authentication"}}));
  CHECK(response_logs_in({{"PROXY-SUPPORT", "x, session-based-authentication"}}));
  CHECK(!response_logs_in({{"Persistent-Auth", "false"}}));
  CHECK(!response_logs_in({{"Proxy-Support", "Session-Based"}}));
  CHECK(!response_logs_in({{"WWW-Authenticate", "Basic realm=\"NTLM, Negotiate\""}}));
}

TEST_CASE("a list longer than any challenge counts as a login", "[I10][I16]") {
  const auto elements = [](std::size_t count) {
    std::string list = "Digest a=b";
    for (std::size_t i = 1; i < count; ++i) {
      list += ", x=y";
    }
    return list;
  };
  CHECK(!request_logs_in({{"Authorization", elements(64)}}));
  CHECK(request_logs_in({{"Authorization", elements(65)}}));
  CHECK(!request_logs_in({{"Authorization", "Basic " + std::string(30'000, 'x')}}));
  CHECK(!request_logs_in({{"Authorization", "negotiator x, ntlmx, nego3, ntl"}}));
}

TEST_CASE("a connection rests for less time than its server said that it keeps it") {
  constexpr std::int64_t kMargin = base::bounds::kKeepAliveMarginMs;
  CHECK(!rest({}));
  CHECK(!rest({{"Connection", "keep-alive"}, {"X", "timeout=5"}}));
  CHECK(rest({{"Keep-Alive", "timeout=5"}}) == 5000 - kMargin);
  CHECK(rest({{"keep-alive", "max=100, Timeout = \"5\""}}) == 5000 - kMargin);
  CHECK(rest({{"Keep-Alive", "timeout=60"}, {"Keep-Alive", "timeout=5"}}) == 5000 - kMargin);
  CHECK(rest({{"Keep-Alive", "timeout=1"}}) == 0);
  CHECK(rest({{"Keep-Alive", "timeout=0"}}) == 0);
  CHECK(rest({{"Keep-Alive", "timeout=5, max=0"}}) == 0);
  CHECK(rest({{"Keep-Alive", "timeout=99999999999999999999999999"}}) > 900'000'000);
}

TEST_CASE("what is no number of seconds says nothing") {
  for (const std::string value : {"timeout",
                                  "timeout=",
                                  "timeout=-1",
                                  "timeout=5s",
                                  "timeouts=5",
                                  "300",
                                  "\"timeout=5\"",
                                  "timeout=\"",
                                  "max=100",
                                  ","}) {
    INFO(value);
    CHECK(!rest({{"Keep-Alive", value}}));
  }
}

}  // namespace keyswap
