// SPDX-License-Identifier: Apache-2.0
#include "proxy/services/metrics.h"

#include <catch2/catch.hpp>

#include "proxy/services/management.h"

namespace keyswap::services {

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

audit::DecisionRecord decided(audit::Decision decision, audit::Reason reason) {
  audit::DecisionRecord record;
  record.decision = decision;
  record.reason = reason;
  return record;
}

audit::ResponseRecord answered(int status, std::int64_t took_us) {
  audit::ResponseRecord record;
  record.status = status;
  record.bytes = 10;
  record.duration_us = took_us;
  return record;
}

class Fixed final : public LocalService {
 public:
  [[nodiscard]] flow::Reply answer(const http::RequestHead& /*head*/,
                                   std::string_view /*body*/) const override {
    return {.head = {299, "Fixed"}, .body = {}};
  }
};

}  // namespace

TEST_CASE("the counts of all loops are told together, each family with its kind") {
  Counts first;
  Counts second;
  first.add(decided(audit::Decision::allowed, audit::Reason::binding_matched));
  second.add(decided(audit::Decision::allowed, audit::Reason::binding_matched));
  auto repeated = decided(audit::Decision::refused, audit::Reason::too_busy);
  repeated.count = 40;
  second.add(repeated);
  first.add(answered(204, 5'000));      // 5 ms: at the end of a bucket
  first.add(answered(404, 5'001));      // behind it
  second.add(answered(0, 20'000'000));  // longer than any
  second.add_record();
  static constexpr std::array<std::int64_t, 2> kEndsUs = {100, 1'000'000};
  const std::string text = render_metrics(
      {&first, &second},
      {.client_connections = 3,
       .locked_bytes = 4096,
       .is_vault_locked = true,
       .audit_syncs = {.ends_us = kEndsUs, .buckets = {4, 1, 1}, .took_us = 2'500'000},
       .leaves = {{"requests", 1, 20, 2, 3, 4}, {"refusals", 5, 6, 7, 8, 9}},
       .sources = {{"company", 7, true}, {"near", 0, false}},
       .clocks_apart = 2});
  CHECK(text.starts_with("# TYPE keyswap_requests counter\n# HELP keyswap_requests "));
  CHECK(has_line(text, R"(keyswap_requests_total{decision="allowed",reason="binding_matched"} 2)"));
  CHECK(has_line(text, R"(keyswap_requests_total{decision="refused",reason="too_busy"} 40)"));
  CHECK(has_line(text, R"(keyswap_upstream_responses_total{class="2xx"} 1)"));
  CHECK(has_line(text, R"(keyswap_upstream_responses_total{class="4xx"} 1)"));
  CHECK(has_line(text, R"(keyswap_upstream_responses_total{class="none"} 1)"));
  CHECK(has_line(text, "# UNIT keyswap_response_bytes bytes"));
  CHECK(has_line(text, "keyswap_response_bytes_total 30"));
  CHECK(has_line(text, R"(keyswap_exchange_duration_seconds_bucket{le="0.005"} 1)"));
  CHECK(has_line(text, R"(keyswap_exchange_duration_seconds_bucket{le="0.01"} 2)"));
  CHECK(has_line(text, R"(keyswap_exchange_duration_seconds_bucket{le="1.0"} 2)"));
  CHECK(has_line(text, R"(keyswap_exchange_duration_seconds_bucket{le="10.0"} 2)"));
  CHECK(has_line(text, R"(keyswap_exchange_duration_seconds_bucket{le="+Inf"} 3)"));
  CHECK(has_line(text, "keyswap_exchange_duration_seconds_count 3"));
  CHECK(has_line(text, "keyswap_exchange_duration_seconds_sum 20.010001"));
  CHECK(has_line(text, "keyswap_audit_records_total 7"));
  CHECK(has_line(text, "# UNIT keyswap_audit_sync_duration_seconds seconds"));
  CHECK(has_line(text, R"(keyswap_audit_sync_duration_seconds_bucket{le="0.0001"} 4)"));
  CHECK(has_line(text, R"(keyswap_audit_sync_duration_seconds_bucket{le="1.0"} 5)"));
  CHECK(has_line(text, R"(keyswap_audit_sync_duration_seconds_bucket{le="+Inf"} 6)"));
  CHECK(has_line(text, "keyswap_audit_sync_duration_seconds_count 6"));
  CHECK(has_line(text, "keyswap_audit_sync_duration_seconds_sum 2.5"));
  CHECK(has_line(text, R"(keyswap_leaves{use="requests"} 1)"));
  CHECK(has_line(text, R"(keyswap_leaf_lookups_total{use="requests",result="hit"} 20)"));
  CHECK(has_line(text, R"(keyswap_leaf_lookups_total{use="requests",result="miss"} 2)"));
  CHECK(has_line(text, R"(keyswap_leaf_mints_total{use="refusals",result="made"} 8)"));
  CHECK(has_line(text, R"(keyswap_leaf_mints_total{use="refusals",result="failed"} 9)"));
  CHECK(has_line(text, R"(keyswap_source_down{source="company"} 1)"));
  CHECK(has_line(text, R"(keyswap_source_down{source="near"} 0)"));
  CHECK(has_line(text, R"(keyswap_source_values{source="company"} 7)"));
  CHECK(has_line(text, "keyswap_client_connections 3"));
  CHECK(has_line(text, "keyswap_upstream_clocks_apart 2"));
  CHECK(has_line(text, "keyswap_event_loops 2"));
  CHECK(has_line(text, "keyswap_vault_locked 1"));
  CHECK(has_line(text, "keyswap_audit_dead 0"));
  CHECK(text.ends_with("\n# EOF\n"));
}

TEST_CASE("a proxy that did nothing yet has figures, too") {
  const Counts counts;
  const std::string text = render_metrics({&counts}, {});
  CHECK(text.find("decision=") == std::string::npos);
  CHECK(text.find("keyswap_source") == std::string::npos);
  CHECK(has_line(text, "keyswap_exchange_duration_seconds_sum 0.0"));
  CHECK(text.ends_with("\n# EOF\n"));
}

TEST_CASE("the management listener answers metrics and health, and nothing else") {
  const Fixed health;
  const Management management([] { return std::string("figures"); }, health);
  http::RequestHead head;
  head.method = "GET";
  head.target = "/metrics?x=1";
  const flow::Reply figures = management.answer(head, "");
  CHECK(figures.head.status == 200);
  CHECK(figures.head.keeps_connection);
  CHECK(figures.body == "figures");
  head.framing = {http::Framing::Kind::length, 5};
  CHECK_FALSE(management.answer(head, "").head.keeps_connection);
  for (const char* path : {"/metrics", "/healthz"}) {
    head.target = path;
    head.method = "POST";
    CHECK(management.answer(head, "").head.status == 405);
    head.method = "HEAD";
    CHECK(management.answer(head, "").head.status < 300);
  }
  head.method = "GET";
  CHECK(management.answer(head, "").head.status == 299);
  for (const char* target : {"/", "/metrics/", "/proxy/x/y", "api.example.test:443", "*"}) {
    head.target = target;
    CHECK(management.answer(head, "").head.status == 404);
  }
}

}  // namespace keyswap::services
