// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/import_avp.h"

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/cli/policy.h"

namespace keyswap::cli {

namespace {

const char* const kFile = R"(version: 1
secrets:
  ANTHROPIC_API_KEY:
    placeholder: "sk-ant-PLACEHOLDER-01HXY1234567890ABCDEFGH"
    inject: { header: Authorization, format: "Bearer {ANTHROPIC_API_KEY}" }
    bindings:
      - { host: api.anthropic.com, methods: [POST], paths: ["/v1/messages"] }
      - { host: "*.claude.com", methods: [GET] }
  WEBHOOK_DUAL:
    placeholder: "wh_PLACEHOLDER_01HXY1234567890ABCDEF"
    inject:
      type: multi
      injectors:
        - { type: header, header: X-Webhook-Token, format: "{WEBHOOK_DUAL}" }
        - { type: body, content_type: application/json, format: "{WEBHOOK_DUAL}" }
    bindings: [ { host: webhook.example.com, methods: [POST] } ]
  JIRA:
    placeholder: "jira_PLACEHOLDER_01HXY1234567890AB"
    inject: { header: Authorization, template: "Basic {{ (JIRA_EMAIL + ':' + JIRA_TOKEN) | b64encode }}" }
    compose: [JIRA_EMAIL, JIRA_TOKEN]
    bindings: [ { host: tenant.atlassian.net } ]
  CLOUD:
    placeholder: "cloud_PLACEHOLDER_01HXY1234567890AB"
    inject: { type: sigv4, region: us-east-1 }
    bindings: [ { host: s3.example.com } ]
unmatched_destination_policy: deny
cache: { ttl_seconds: 300 }
audit: { path: /var/log/agent-vault-proxy/audit.jsonl, fail_on_unwritable: true }
backend: { type: other, config: { type: other, organization_id: x } }
)";

}  // namespace

TEST_CASE("agent-vault-proxy's bindings become ours, and our parser takes them") {
  auto imported = import_avp(kFile);
  REQUIRE(imported);
  INFO(imported->bindings);
  const auto parsed = parse_bindings(imported->bindings, "/etc");
  for (const auto& error : parsed.errors) {
    INFO(error.text);
    CHECK(error.text.empty());
  }
  REQUIRE(parsed.errors.empty());
  REQUIRE(parsed.bindings.rules.size() == 3);
  // The webhook's two places may be used by one request.
  CHECK(imported->bindings.find("max_occurrences: 2") != std::string::npos);
  CHECK(parsed.bindings.audit_path == "/var/log/agent-vault-proxy/audit");
  std::string report;
  for (const auto& line : imported->report) {
    report += line + "\n";
  }
  for (const char* const part : {"to do: keyswap secret add ANTHROPIC_API_KEY\n",
                                 "to do: keyswap secret add JIRA_EMAIL\n",
                                 "to do: keyswap secret add JIRA_TOKEN\n",
                                 "left out: secrets.CLOUD: ",
                                 "left out: backend: other ",
                                 "left out: cache: ",
                                 "changed: audit.path: ",
                                 "changed: allow_wildcard_hosts: "}) {
    CHECK(report.find(part) != std::string::npos);
  }
  CHECK(report.find("secret add JIRA\n") == std::string::npos);
}

TEST_CASE(
    "I41 a backend that is known here is asked here, with its cache, and nothing is to be added") {
  auto imported = import_avp(R"(
secrets:
  K:
    placeholder: "k_PLACEHOLDER_01HXY1234567890ABCDEF"
    inject: { header: Authorization, format: "Bearer {K}" }
    bindings: [ { host: api.example.com } ]
cache: { ttl_seconds: 60 }
backend: { type: bws, config: { organization_id: f4e44a7f-1190-432a-9d4a-af96013127cb,
                                access_token_path: /run/bws } }
)");
  REQUIRE(imported);
  const auto parsed = parse_bindings(imported->bindings, "/etc");
  INFO(imported->bindings);
  REQUIRE(parsed.errors.empty());
  REQUIRE(parsed.bindings.sources != nullptr);
  REQUIRE(parsed.bindings.sources->specs().size() == 1);
  CHECK(parsed.bindings.sources->specs()[0].kind == "bitwarden");
  CHECK(parsed.bindings.sources->specs()[0].cache.ttl_ms == 60'000);
  CHECK(parsed.bindings.is_elsewhere(*vault::SecretName::parse("K")));
  CHECK(imported->report ==
        std::vector<std::string>{
            "changed: backend: bws is asked by this proxy itself, for all secrets"});
}

TEST_CASE("what is no file of agent-vault-proxy is refused with its line") {
  for (const char* const text : {"", "a", "- a\n", "secrets: 1\n", "version: 1\n", "a: &b c\n"}) {
    INFO(text);
    auto imported = import_avp(text);
    REQUIRE_FALSE(imported);
    CHECK(imported.failure().exit == Exit::usage);
    CHECK_FALSE(imported.failure().what.empty());
  }
}

TEST_CASE("notes may name no host until they are listed, and the report says so") {
  const std::string rest = "secrets: {}\n";
  auto made = import_avp("binding_source: both\n" + rest);
  CHECK(made->bindings.find("notes_host_allowlist: []") != std::string::npos);
  REQUIRE(made->report.size() == 1);
  CHECK(made->report.front().starts_with("changed: notes_host_allowlist: "));
  auto listed = import_avp("binding_source: both\nnotes_host_allowlist: [a.example]\n" + rest);
  CHECK(listed->report.empty());
  auto file = import_avp("binding_source: file\n" + rest);
  CHECK(file->report.empty());
}

}  // namespace keyswap::cli
