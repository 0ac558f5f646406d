// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include <catch2/catch.hpp>

#include "proxy/approvals/operation.h"

namespace keyswap::approvals::test {

inline constexpr std::int64_t kSecond = 1'000'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;

// Asked for at 0; ten minutes for the decision, and as many for the sending.
inline Operation waiting(std::string id = "op_1", std::string caller = "agent") {
  Operation made;
  made.id = std::move(id);
  made.caller = std::move(caller);
  made.digest = "digest";
  made.secret = "K";
  made.host = "api.example.test:443";
  made.method = "POST";
  made.path = "/pay";
  made.expires_us = 10 * kMinute;
  made.retry_us = 10 * kMinute;
  return made;
}

inline Operation taken(Step step) {
  REQUIRE(std::holds_alternative<Operation>(step));
  return std::get<Operation>(std::move(step));
}

inline Refused refusal_of(const Step& step) {
  REQUIRE(std::holds_alternative<Refused>(step));
  return std::get<Refused>(step);
}

}  // namespace keyswap::approvals::test
