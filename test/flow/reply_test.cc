// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/reply.h"

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"
#include "proxy/base/limits.h"

namespace keyswap::flow {

namespace {

std::string health(std::optional<audit::Reason> failing) {
  base::Buffer out(base::limits::kHeadBytesMax);
  REQUIRE(encode_health(out, failing, Persistence::keep_alive));
  return std::string(out.view());
}

}  // namespace

TEST_CASE("N07 health is good while requests are served") {
  const std::string answer = health(std::nullopt);
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("\r\n\r\n{\"status\":\"ok\"}"));
}

TEST_CASE("AU-02 health tells why every request is refused", "[I13]") {
  const std::string answer = health(audit::Reason::audit_unavailable);
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.ends_with("\r\n\r\n{\"status\":\"failing\",\"reason\":\"audit_unavailable\"}"));
}

}  // namespace keyswap::flow
