// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/allowance.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bounds.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

const char* const kYaml = R"(
version: 1
callers: [ci]
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.test, methods: [GET, POST], paths: ["/v1/**", "/v2/\"x\""] }
      - { host: files.example.test, port: 8443, callers: [ci], blocked: ["DELETE /repos/*"] }
)";

// Of K, or of no secret.
std::string told(Reason reason,
                 bool is_of_secret = true,
                 std::string_view caller = "ci",
                 const char* yaml = kYaml,
                 const http::Authority& there = {"api.example.test", 443, http::HostKind::name}) {
  const auto bindings = test::bindings_of(yaml);
  const auto rule = is_of_secret ? std::optional<std::uint32_t>(0) : std::nullopt;
  return allowance_of(*bindings, {reason, rule, there, caller});
}

}  // namespace

TEST_CASE("a refusal out of scope says what the binding of that host allows") {
  CHECK(told(Reason::binding_scope_violation) ==
        "Secret: K. Allowed: GET, POST of /v1/**, /v2/?x? on api.example.test.");
}

TEST_CASE("a placeholder for another host is told the hosts that it is for, to this caller alone") {
  const http::Authority elsewhere{"x.test", 443, http::HostKind::name};
  CHECK(told(Reason::destination_not_in_binding, true, "ci", kYaml, elsewhere) ==
        "Secret: K. Allowed: GET, POST of /v1/**, /v2/?x? on api.example.test; any method of any "
        "path on files.example.test:8443.");
  CHECK(told(Reason::destination_not_in_binding, true, "", kYaml, elsewhere) ==
        "Secret: K. Allowed: GET, POST of /v1/**, /v2/?x? on api.example.test.");
}

TEST_CASE("a placeholder at the wrong place is told its place") {
  CHECK(told(Reason::untargeted_location)
            .starts_with("Secret: K. Its place: header authorization. Allowed: "));
}

TEST_CASE("a blocked endpoint is told what is blocked there") {
  CHECK(told(Reason::endpoint_blocked,
             true,
             "ci",
             kYaml,
             {"files.example.test", 8443, http::HostKind::name}) ==
        "Secret: K. Blocked: DELETE /repos/*.");
}

TEST_CASE("who asks a model that is not listed is told those that are") {
  const char* const yaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.test, paths: [/a] }
      - { host: api.example.test, models: [gpt-4o, o3*], max_prompt: 1KiB }
)";
  for (const Reason reason :
       {Reason::model_not_allowed, Reason::tool_not_allowed, Reason::prompt_too_large}) {
    CHECK(told(reason, true, "", yaml) ==
          "Secret: K. Allowed: the models gpt-4o o3* alone; prompts of at most 1024 bytes.");
  }
}

TEST_CASE("who wants a host in no binding is told the hosts that are in one") {
  CHECK(told(Reason::unmatched_destination, false) ==
        "Hosts of your bindings: api.example.test, files.example.test:8443.");
  CHECK(told(Reason::unmatched_destination, false, "") ==
        "Hosts of your bindings: api.example.test.");
}

TEST_CASE("what a bad note took out of force is told as that, and not as allowed") {
  auto bindings = bindings::parse(kYaml, "/nowhere", {}).bindings;
  bindings.rules.front().out_of_force = bindings::OutOfForce::invalid_note;
  const http::Authority there{"api.example.test", 443, http::HostKind::name};
  CHECK(allowance_of(bindings, {Reason::destination_not_in_binding, 0, there, "ci"}) ==
        "Secret: K. Allowed: nothing, for its note cannot be used.");
  CHECK(allowance_of(bindings, {Reason::invalid_binding_metadata, 0, there, "ci"}) ==
        "Secret: K. Allowed: nothing, for its note cannot be used.");
  bindings.rules.front().out_of_force = bindings::OutOfForce::no_note;
  CHECK(allowance_of(bindings, {Reason::no_binding_in_notes, 0, there, "ci"}) ==
        "Secret: K. Allowed: nothing, for no note binds it.");
  bindings.rules.front().out_of_force = bindings::OutOfForce::host_not_listed;
  CHECK(allowance_of(bindings, {Reason::host_not_in_allowlist, 0, there, "ci"}) ==
        "Secret: K. Allowed: nothing, for its note names no host that notes may name.");
  CHECK(allowance_of(bindings, {Reason::unmatched_destination, std::nullopt, there, "ci"}).empty());
}

TEST_CASE("what has nothing to do with bindings, and who may not come, is told nothing of them") {
  CHECK(told(Reason::upstream_tls_failed).empty());
  CHECK(told(Reason::malformed_request, false).empty());
  CHECK(told(Reason::caller_required, false).empty());
  CHECK(told(Reason::caller_not_allowed) == "Secret: K.");
}

TEST_CASE("however much a policy says, a refusal tells of a bounded part", "[I10]") {
  std::string yaml =
      "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
      "    inject: { header: Authorization, format: \"{secret}\" }\n    bindings:\n";
  for (int i = 0; i < 100; ++i) {
    yaml += "      - { host: h" + std::to_string(i) + ".test, paths: [\"/" + std::string(300, 'a') +
            "\"] }\n";
  }
  const auto text = told(Reason::destination_not_in_binding, true, "", yaml.c_str());
  CHECK(text.starts_with("Secret: K. Allowed: any method of /aaa"));
  CHECK(text.size() <= base::bounds::kFactsBytesMax);
  CHECK(told(Reason::unmatched_destination, false, "", yaml.c_str()).ends_with("h7.test, ..."));
}

}  // namespace keyswap::flow
