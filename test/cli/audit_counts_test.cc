// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_counts.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

constexpr std::size_t kDecision = 0;
constexpr std::size_t kHost = 3;
constexpr std::size_t kCaller = 4;

std::string decision(const std::string& decision,
                     const std::string& host,
                     const std::string& more) {
  return R"({"seq":1,"ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision","decision":")" +
         decision + R"(","reason":"x","destination":{"host":")" + host + R"("})" + more + "}";
}

}  // namespace

TEST_CASE("requests are counted by each kind, those that share a record too") {
  AuditCounts counts;
  CHECK(counts.requests() == 0);
  CHECK(counts.first().empty());
  counts.take(decision("allowed", "a.example", R"(,"client":{"caller":"agent"})"));
  counts.take(decision("refused", "b.example", R"(,"client":{"addr":"x"},"count":5)"));
  counts.take(R"({"seq":2,"ts":"2027-01-01T00:00:00.000000Z","type":"start"})");
  counts.take("not json");
  CHECK(counts.requests() == 6);
  CHECK(counts.first() == "2026-11-22T02:25:09.123456Z");
  CHECK(counts.last() == counts.first());
  using Rows = std::vector<AuditCounts::Row>;
  CHECK(counts.rows(kDecision) == Rows{{"refused", 5}, {"allowed", 1}});
  CHECK(counts.rows(kHost) == Rows{{"b.example", 5}, {"a.example", 1}});
  CHECK(counts.rows(kCaller) == Rows{{"", 5}, {"agent", 1}});
}

TEST_CASE("hosts that clients make up do not fill the memory") {
  AuditCounts counts;
  for (std::size_t i = 0; i < AuditCounts::kValuesMax + 10; ++i) {
    counts.take(decision("refused", "h" + std::to_string(i), ""));
  }
  const auto rows = counts.rows(kHost);
  CHECK(rows.size() == AuditCounts::kValuesMax + 1);
  CHECK(rows.front() == AuditCounts::Row{AuditCounts::kOther, 10});
}

}  // namespace keyswap::cli
