// SPDX-License-Identifier: Apache-2.0
//
// `upstream:` (bindings/parse_upstream.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::with_top;

namespace {

std::string upstream(const std::string& text) {
  return with_top("upstream: { " + text + " }\n");
}

}  // namespace

TEST_CASE("ca_file is one file or several, relative to the folder") {
  CHECK(accepted(upstream("ca_file: a.pem")).upstream.ca_files ==
        std::vector<std::string>{"/etc/keyswap/a.pem"});
  CHECK(accepted(upstream("ca_file: [/x/a.pem, b.pem]")).upstream.ca_files ==
        std::vector<std::string>{"/x/a.pem", "/etc/keyswap/b.pem"});
  CHECK_FALSE(errors_of(upstream("ca_file: []")).empty());
  CHECK_FALSE(errors_of(upstream("ca_file: {}")).empty());
  CHECK_FALSE(errors_of(upstream("ca_file: \"\"")).empty());
}

TEST_CASE("resolve maps a host and port to an address or name and port") {
  const auto bindings = accepted(upstream(
      "resolve: { \"API.example.test:443\": \"127.0.0.1:9443\", \"b.test:1\": \"[::1]:2\", "
      "\"c.test:1\": \"d.test:2\" }"));
  const auto& resolve = bindings.upstream.resolve;
  REQUIRE(resolve.size() == 3);
  CHECK(resolve.at("api.example.test:443") ==
        http::Authority{"127.0.0.1", 9443, http::HostKind::ipv4});
  CHECK(resolve.at("b.test:1").host == "::1");
  CHECK(resolve.at("c.test:1").kind == http::HostKind::name);
}

TEST_CASE("resolve refuses what has no port, and what says two things of one host") {
  const auto* const text = GENERATE("{ a.test: \"127.0.0.1:1\" }",
                                    "{ \"a.test:1\": 127.0.0.1 }",
                                    "{ \"a.test:1\": [x] }",
                                    "{ \"a.test:1\": \"b.test:1\", \"A.test.:1\": \"c.test:1\" }",
                                    "{ \"http://a.test:1\": \"127.0.0.1:1\" }",
                                    "[a]",
                                    "a");
  INFO(text);
  CHECK_FALSE(errors_of(upstream("resolve: " + std::string(text))).empty());
}

TEST_CASE("proxy is an http URL of a host and port") {
  const auto bindings = accepted(upstream("proxy: http://Corp:3128"));
  REQUIRE(bindings.upstream.proxy);
  CHECK(bindings.upstream.proxy->host == "corp");
  CHECK(bindings.upstream.proxy->port == 3128);
  CHECK(accepted(upstream("proxy: \"http://corp:3128/\"")).upstream.proxy->port == 3128);
  CHECK_FALSE(accepted(with_top("")).upstream.proxy);
  const auto* const text = GENERATE("corp:3128",
                                    "https://corp:3128",
                                    "socks5://corp:1",
                                    "\"http://u:p@corp:1\"",
                                    "http://corp:1/x",
                                    "\"http://\"");
  INFO(text);
  CHECK_FALSE(errors_of(upstream("proxy: " + std::string(text))).empty());
}

TEST_CASE(
    "what is reached through the proxy is judged by addresses unless names alone are asked for") {
  CHECK(accepted(upstream("proxy: http://corp:3128")).upstream.proxy->guard == ProxyGuard::resolve);
  CHECK(accepted(upstream("proxy: { url: http://corp:3128 }")).upstream.proxy->guard ==
        ProxyGuard::resolve);
  const auto bindings = accepted(upstream("proxy: { url: http://corp:3128, guard: names }"));
  CHECK(bindings.upstream.proxy->host == "corp");
  CHECK(bindings.upstream.proxy->port == 3128);
  CHECK(bindings.upstream.proxy->guard == ProxyGuard::names);
  CHECK(accepted(upstream("proxy: { url: http://corp:3128, guard: resolve }"))
            .upstream.proxy->guard == ProxyGuard::resolve);
  const auto* const text = GENERATE("{ guard: names }",
                                    "{ url: http://corp:3128, guard: none }",
                                    "{ url: http://corp:3128, guard: false }",
                                    "{ url: https://corp:3128 }",
                                    "{ url: http://corp:3128, user: x }",
                                    "[http://corp:3128]",
                                    "{}");
  INFO(text);
  CHECK_FALSE(errors_of(upstream("proxy: " + std::string(text))).empty());
}

}  // namespace keyswap::bindings
