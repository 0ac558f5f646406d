// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_models.h"

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.test, paths: [/v1/**], models: [small], tools: [], max_prompt: 20 }
      - { host: api.example.test }
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Other, format: "{secret}" }
    bindings: [ { host: api.example.test, models: ["s*"], budget: { tokens_per_min: 5 } } ]
  K3:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: X-Third, format: "{secret}" }
    bindings:
      - host: api.example.test
        budget:
          usd_per_day: 5
          prices: { cheap: { input: 1, output: 1 }, dear: { input: 10, output: 50 } }
)";

struct Asked {
  Asked() {
    head.method = "POST";
    head.fields.add("Content-Type", "application/json");
  }

  [[nodiscard]] Request request() const { return {head, "/v1/x", destination, *bindings, ""}; }

  [[nodiscard]] std::optional<Reason> check(std::vector<Use> uses, std::string_view body) const {
    return check_models(request(), uses, body).refusal;
  }

  std::shared_ptr<const bindings::Bindings> bindings = test::bindings_of(kYaml);
  http::RequestHead head;
  Destination destination;
};

}  // namespace

TEST_CASE("a body is judged where a scope that is used has rules on models") {
  const Asked asked;
  CHECK(judges_models(asked.request(), std::vector<Use>{{.rule = 0, .scope = 0}}));
  CHECK_FALSE(judges_models(asked.request(), std::vector<Use>{{.rule = 0, .scope = 1}}));
  CHECK_FALSE(judges_models(asked.request(), {}));
  CHECK(judges_models(asked.request(),
                      std::vector<Use>{{.rule = 0, .scope = 1}, {.rule = 1, .scope = 0}}));
}

TEST_CASE("F44 each rule has a reason of its own") {
  const Asked asked;
  const Use use{.rule = 0, .scope = 0};
  CHECK_FALSE(asked.check({use}, R"({"model":"small"})"));
  CHECK(asked.check({use}, R"({"model":"large"})") == Reason::model_not_allowed);
  CHECK(asked.check({use}, R"({"model":"small","tools":[{"type":"mcp"}]})") ==
        Reason::tool_not_allowed);
  CHECK(asked.check({use}, R"({"model":"small","prompt":"0123456789abcdef"})") ==
        Reason::prompt_too_large);
  CHECK_FALSE(asked.check({use}, ""));
  CHECK_FALSE(asked.check({{.rule = 0, .scope = 1}}, R"({"model":"large"})"));
}

TEST_CASE("F44 the rules of all scopes that are used count") {
  const Asked asked;
  CHECK(asked.check({{.rule = 0, .scope = 1}, {.rule = 1, .scope = 0}}, R"({"model":"large"})") ==
        Reason::model_not_allowed);
  CHECK(asked.check({{.rule = 1, .scope = 0}, {.rule = 0, .scope = 0}}, R"({"model":"smaller"})") ==
        Reason::model_not_allowed);
}

TEST_CASE("what is asked is told where a budget is charged for it, and nowhere else") {
  const Asked asked;
  const auto spent = [&](std::vector<Use> uses, std::string_view body) {
    return check_models(asked.request(), uses, body).spent;
  };
  const auto paid =
      spent({{.rule = 0, .scope = 0}, {.rule = 1, .scope = 0}}, R"({"model":"small"})");
  REQUIRE(paid);
  CHECK(paid->model() == "small");
  CHECK_FALSE(spent({{.rule = 0, .scope = 0}}, R"({"model":"small"})"));
  CHECK_FALSE(spent({{.rule = 1, .scope = 0}}, R"({"model":"large"})"));
  CHECK_FALSE(spent({{.rule = 1, .scope = 0}}, ""));
}

TEST_CASE("of several models the dearest is paid for, wherever it is named") {
  const Asked asked;
  const auto paid_for = [&](std::string_view target, std::string_view body) {
    const Request request{asked.head, target, asked.destination, *asked.bindings, ""};
    const auto verdict = check_models(request, std::vector<Use>{{.rule = 2, .scope = 0}}, body);
    CHECK_FALSE(verdict.refusal);
    return verdict.spent ? std::string(verdict.spent->model()) : std::string();
  };
  CHECK(paid_for("/v1/x", R"({"model":"cheap"})") == "cheap");
  CHECK(paid_for("/v1/x", R"({"model":"dear"})") == "dear");
  CHECK(paid_for("/v1/x?model=cheap", R"({"model":"dear"})") == "dear");
  CHECK(paid_for("/v1/x?model=dear", R"({"model":"cheap"})") == "dear");
  CHECK(paid_for("/v1/x", R"({"models":["cheap"],"model":"dear"})") == "dear");
  CHECK(paid_for("/v1/x", R"({"model":"cheap","models":["cheap","dear"]})") == "dear");
  CHECK(paid_for("/v1/x", R"({"model":"cheap","tools":[{"type":"t","model":"dear"}]})") == "dear");
}

TEST_CASE("where money is counted an answer without a bound is taken for a long one") {
  const Asked asked;
  const auto tokens = [&](std::size_t rule, std::string_view body) {
    const std::vector<Use> uses{{.rule = static_cast<std::uint32_t>(rule), .scope = 0}};
    return check_models(asked.request(), uses, body).spent.value().answer_tokens;
  };
  CHECK(tokens(2, R"({"model":"cheap"})") == 32'768);
  CHECK(tokens(2, R"({"model":"cheap","n":2})") == 65'536);
  CHECK(tokens(2, R"({"model":"cheap","max_tokens":5})") == 5);
  CHECK(tokens(1, R"({"model":"small"})") == 4096);
}

}  // namespace keyswap::flow
