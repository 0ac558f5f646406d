// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/health_probe.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

std::string health_of(const std::string& body) {
  return health_in("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body);
}

}  // namespace

TEST_CASE("an answer to a health check is read, and anything else is no health") {
  CHECK(health_of(R"({"status":"ok"})") == "ok");
  CHECK(health_of(R"({"status":"ok","policy":"unapproved"})") == "ok, policy unapproved");
  CHECK(health_of(R"({"status":"failing","reason":"vault_locked"})") == "failing: vault_locked");
  CHECK(health_of(R"({"status":7})") == "failing");
  CHECK(health_of("ok") == "no answer to GET /healthz");
  CHECK(health_in("") == "no answer to GET /healthz");
}

TEST_CASE("a proxy that is not there is told of, whatever its address looks like") {
  CHECK(probe_health("127.0.0.1:1").starts_with("cannot be reached"));
  CHECK(probe_health("[::1]:1").starts_with("cannot be reached"));
  CHECK(probe_health("unix:/nowhere/socket").starts_with("cannot be reached"));
  CHECK(probe_health("nonsense").starts_with("its address is not one"));
  CHECK(probe_health("unix:" + std::string(200, 'x')).starts_with("its address is not one"));
}

}  // namespace keyswap::cli
