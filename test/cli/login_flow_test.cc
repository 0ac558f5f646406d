// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_flow.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

Failure failure_of(vault::FetchFault fault, std::string outcome) {
  vault::Failed failed;
  failed.fault = fault;
  failed.outcome = std::move(outcome);
  return login_failure(failed);
}

}  // namespace

TEST_CASE("why a log-in did not work is told by words of ours, with what to do") {
  using vault::FetchFault;
  const Failure none = failure_of(FetchFault::bad_answer, "no_refresh_token");
  CHECK(none.exit == Exit::no);
  CHECK(none.hint.find("offline_access") != std::string::npos);
  CHECK(failure_of(FetchFault::needs_login, "token_endpoint_error:expired_token")
            .what.find("before the code ended") != std::string::npos);
  const Failure away = failure_of(FetchFault::unavailable, "network");
  CHECK(away.exit == Exit::cannot);
  CHECK(away.what == "the log-in did not work: network");
  CHECK(failure_of(FetchFault::auth_lost, "token_endpoint_error:invalid_client")
            .hint.find("client's id") != std::string::npos);
}

}  // namespace keyswap::cli
