// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/exchange_io.h"

#include <optional>

#include <catch2/catch.hpp>

#include "test/support/memory_net.h"

namespace keyswap::test {

TEST_CASE("an answer of the limits is taken once, by who waits for it") {
  MemoryNet net;
  std::optional<limits::ChargeOutcome> told;
  net::charge(
      net.context, net.context.policy, "", flow::Charge{}, [&](limits::ChargeAnswer& answer) {
        told = answer.outcome;
        return true;
      });
  net.settle();
  CHECK_FALSE(told);
  REQUIRE(net.meter.answer(limits::ChargeOutcome::rate_limited));
  net.settle();
  CHECK(told == limits::ChargeOutcome::rate_limited);
}

TEST_CASE("what the limits refuse has its reason") {
  using audit::Reason;
  limits::ChargeAnswer answer;
  answer.outcome = limits::ChargeOutcome::granted;
  CHECK_FALSE(net::charged_by(answer).refusal);
  answer.outcome = limits::ChargeOutcome::quota_exceeded;
  CHECK(net::charged_by(answer).refusal == Reason::quota_exceeded);
  answer.outcome = limits::ChargeOutcome::unavailable;
  CHECK(net::charged_by(answer).refusal == Reason::limits_unavailable);
}

}  // namespace keyswap::test
