// SPDX-License-Identifier: Apache-2.0
#include "bindings/model_rules.h"

#include <catch2/catch.hpp>

#include "bindings/model_request.h"

namespace keyswap::bindings {

namespace {

ModelRequest asking(std::vector<std::string> models, std::vector<std::string> tools = {}) {
  ModelRequest asked;
  asked.has_body = true;
  asked.is_readable = true;
  asked.models = std::move(models);
  asked.tools = std::move(tools);
  asked.prompt_bytes = 100;
  return asked;
}

ModelRules only(std::vector<std::string> models) {
  ModelRules rules;
  rules.models = std::move(models);
  return rules;
}

}  // namespace

TEST_CASE("F44 a model on the list may be asked, and no other") {
  const ModelRules rules = only({"gpt-4o", "claude-*"});
  CHECK_FALSE(refusal_of(rules, asking({"gpt-4o"})));
  CHECK_FALSE(refusal_of(rules, asking({"claude-sonnet-4-5"})));
  CHECK_FALSE(refusal_of(rules, asking({"claude-", "gpt-4o"})));
  CHECK(refusal_of(rules, asking({"gpt-4o-mini"})) == ModelRefusal::model);
  CHECK(refusal_of(rules, asking({"GPT-4o"})) == ModelRefusal::model);
  CHECK(refusal_of(rules, asking({"gpt-4o", "o3"})) == ModelRefusal::model);
  CHECK(refusal_of(rules, asking({})) == ModelRefusal::model);
}

TEST_CASE("what is not clear is refused by whoever asks for it, and what asks nothing is not") {
  ModelRequest unclear = asking({"gpt-4o"});
  unclear.is_readable = false;
  CHECK(refusal_of(only({"gpt-4o"}), unclear) == ModelRefusal::model);
  ModelRules rules;
  CHECK_FALSE(refusal_of(rules, unclear));
  rules.tools.emplace();
  CHECK(refusal_of(rules, unclear) == ModelRefusal::tool);
  CHECK_FALSE(refusal_of(rules, ModelRequest()));
  CHECK_FALSE(refusal_of(only({"gpt-4o"}), ModelRequest()));
}

TEST_CASE("F44 a tool of the provider is allowed by its name") {
  ModelRules rules;
  CHECK_FALSE(refusal_of(rules, asking({"m"}, {"web_search"})));
  rules.tools = {"web_search"};
  CHECK_FALSE(refusal_of(rules, asking({"m"}, {"web_search"})));
  CHECK(refusal_of(rules, asking({"m"}, {"web_search", "mcp"})) == ModelRefusal::tool);
  rules.tools->clear();
  CHECK(refusal_of(rules, asking({"m"}, {"web_search"})) == ModelRefusal::tool);
  CHECK_FALSE(refusal_of(rules, asking({"m"})));
}

TEST_CASE("F44 a prompt may be so long and no longer") {
  ModelRules rules;
  rules.max_prompt_bytes = 100;
  CHECK_FALSE(refusal_of(rules, asking({"m"})));
  rules.max_prompt_bytes = 99;
  CHECK(refusal_of(rules, asking({"m"})) == ModelRefusal::prompt);
}

TEST_CASE("a tool has one name, whatever its version and its vendor's spelling") {
  CHECK(hosted_tool_name("web_search") == "web_search");
  CHECK(hosted_tool_name("web_search_20250305") == "web_search");
  CHECK(hosted_tool_name("web_search_preview") == "web_search");
  CHECK(hosted_tool_name("web_search_preview_2025_03_11") == "web_search");
  CHECK(hosted_tool_name("webSearch") == "web_search");
  CHECK(hosted_tool_name("web-search") == "web_search");
  CHECK(hosted_tool_name("googleSearchRetrieval") == "google_search_retrieval");
  CHECK(hosted_tool_name("computer-use-preview") == "computer_use");
  CHECK(hosted_tool_name("20250305") == "20250305");
  CHECK(hosted_tool_name("_1") == "_1");
  CHECK(hosted_tool_name("").empty());
}

TEST_CASE("rules on models are told in words") {
  ModelRules rules = only({"gpt-4o", "o3*"});
  rules.tools.emplace();
  rules.max_prompt_bytes = 1024;
  CHECK(describe(rules) == std::vector<std::string>{"the models gpt-4o o3* alone",
                                                    "no tools that the provider runs",
                                                    "prompts of at most 1024 bytes"});
  rules.tools->emplace_back("web_search");
  CHECK(describe(rules)[1] == "of the provider's tools web_search alone");
  CHECK(describe(ModelRules()).empty());
}

TEST_CASE(
    "what is paid for has to have a price, its own or the program's, unless the file says so") {
  ModelRules rules;
  rules.budget.emplace();
  rules.budget->micro_usd_per_day = 1'000'000;
  CHECK_FALSE(refusal_of(rules, asking({"gpt-4o"})));
  CHECK(refusal_of(rules, asking({"mine"})) == ModelRefusal::no_price);
  CHECK(refusal_of(rules, asking({"gpt-4o", "mine"})) == ModelRefusal::no_price);
  CHECK(refusal_of(rules, asking({})) == ModelRefusal::no_price);
  rules.budget->own_prices = {{"mine", {1, 1, 1, 1, 1}, 0, {}}};
  CHECK_FALSE(refusal_of(rules, asking({"gpt-4o", "mine"})));
  CHECK(rules.budget->cost_of("mine", {.input = 1'000'000}) == 1);
  CHECK_FALSE(rules.budget->cost_of("other", {.input = 1}));
  rules.budget->allows_unknown_model = true;
  CHECK_FALSE(refusal_of(rules, asking({"other"})));
  ModelRules of_tokens;
  of_tokens.budget.emplace();
  of_tokens.budget->tokens_per_min = 5;
  CHECK_FALSE(refusal_of(of_tokens, asking({"other"})));
}

TEST_CASE("a budget is told in words") {
  ModelRules rules;
  rules.budget.emplace();
  rules.budget->micro_usd_per_day = 20'500'000;
  rules.budget->tokens_per_min = 1000;
  CHECK(describe(rules) ==
        std::vector<std::string>{"at most 20.5 USD a day for each caller",
                                 "at most 1000 tokens a minute for each caller"});
  rules.budget->is_alert = true;
  rules.budget->tokens_per_min.reset();
  rules.budget->allows_unknown_model = true;
  CHECK(describe(rules) ==
        std::vector<std::string>{"at most 20.5 USD a day for each caller, and an alert past it",
                                 "models without a price cost nothing"});
}

}  // namespace keyswap::bindings
