// SPDX-License-Identifier: Apache-2.0
#include "bindings/closed_endpoints.h"

#include <array>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

constexpr std::array kEndpoints = {
    ClosedEndpoint{"/v1/requestWithdrawal"},
    ClosedEndpoint{"/v1/keys*", ClosedTo::all},
};

bool is_shut(std::string_view method, std::string_view target) {
  return is_closed(kEndpoints, {method, target});
}

}  // namespace

TEST_CASE("What moves money out is closed to every method that may act") {
  CHECK(is_shut("POST", "/v1/requestWithdrawal"));
  CHECK(is_shut("PUT", "/v1/requestWithdrawal"));
  CHECK(is_shut("get", "/v1/requestWithdrawal"));
  CHECK_FALSE(is_shut("GET", "/v1/requestWithdrawal"));
  CHECK_FALSE(is_shut("HEAD", "/v1/requestWithdrawal"));
  CHECK_FALSE(is_shut("POST", "/v1/requestWithdrawals"));
  CHECK_FALSE(is_shut("POST", "/v1/order"));
}

TEST_CASE("What a GET would open is closed to reading, too") {
  CHECK(is_shut("GET", "/v1/keys"));
  CHECK(is_shut("GET", "/v1/keys/new?a=b"));
  CHECK(is_shut("HEAD", "/v1/keys.json"));
  CHECK_FALSE(is_shut("GET", "/v1/key"));
}

TEST_CASE("No spelling of a path gets around what is closed", "[I5]") {
  const auto* const target = GENERATE("/V1/REQUESTWITHDRAWAL",
                                      "/v1/requestWithdrawal/",
                                      "/v1/requestWithdrawal?a=1",
                                      "/v1/x/../requestWithdrawal",
                                      "/v1//requestWithdrawal",
                                      "/v1/request%57ithdrawal",
                                      "/v1/request%2557ithdrawal",
                                      "/v1%2frequestWithdrawal",
                                      "/v1/requestWithdrawal;a=1",
                                      "/v1/requestWithdrawal%3fa=1",
                                      "/v1\\requestWithdrawal");
  INFO(target);
  CHECK(is_shut("POST", target));
}

TEST_CASE("A path with more readings than anybody can judge is closed", "[I10]") {
  std::string target = "/v1/";
  for (int i = 0; i < 40; ++i) {
    target += "%2525252e/..;a//\\%3b/";
  }
  REQUIRE_FALSE(RequestReadings("POST", target).blocking_paths().has_value());
  CHECK(is_shut("POST", target));
}

}  // namespace keyswap::bindings
