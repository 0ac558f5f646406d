// SPDX-License-Identifier: Apache-2.0
//
// models, tools, max_prompt of an entry of `bindings:` (bindings/parse_models.cc).
#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "bindings/model_rules.h"
#include "bindings/permissions.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;

namespace {

using Words = std::vector<std::string>;

std::string entry(const std::string& rest) {
  return test::with_binding("{ host: a.example.com, " + rest + " }");
}

ModelRules rules_of(const std::string& rest) {
  const auto rules = accepted(entry(rest)).rules[0].scopes[0].models;
  REQUIRE(rules != nullptr);
  return *rules;
}

bool says(const std::string& errors, const std::string& text) {
  INFO(errors);
  return errors.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("rules on models are what the file says, and none without it") {
  const auto rules = rules_of("models: [gpt-4o, claude-*], tools: [web_search], max_prompt: 64KiB");
  CHECK(rules.models == Words{"gpt-4o", "claude-*"});
  CHECK(rules.tools == Words{"web_search"});
  CHECK(rules.max_prompt_bytes == 65536);
  CHECK(accepted(entry("methods: [POST]")).rules[0].scopes[0].models == nullptr);
  CHECK(rules_of("tools: []").tools == Words{});
  CHECK_FALSE(rules_of("tools: []").models);
  CHECK(rules_of("max_prompt: 0").max_prompt_bytes == 0);
}

TEST_CASE("rules on models that say anything else are errors at their place") {
  const auto errors = [](const std::string& rest) {
    return errors_of(entry(rest));
  };
  CHECK(says(errors("models: []"), "`models` is an empty list"));
  CHECK(says(errors("models: gpt-4o"), "put it in brackets"));
  CHECK(says(errors("models: [\"*\"]"), "at the end of a model's name alone"));
  CHECK(says(errors("models: [\"gpt-*-mini\"]"), "at the end of a model's name alone"));
  CHECK(says(errors("models: [" + std::string(bounds::kWalkTextBytesMax + 1, 'x') + "]"),
             "at most 1000 models, of at most 256 bytes each"));
  CHECK(says(errors("tools: [web_search_20250305]"), "without their version, in lower case"));
  CHECK(says(errors("tools: [webSearch]"), "without their version, in lower case"));
  CHECK(says(errors("tools: web_search"), "put it in brackets"));
  CHECK(says(errors("max_prompt: 1MB"), "`max_prompt` must be a size"));
  CHECK(says(errors("model: [gpt-4o]"), "models"));
}

TEST_CASE("the numbers of models and of tools are bounded", "[I10]") {
  const auto list = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "t" : ", t") + std::string(i % 60, 'x');
    }
    return "[" + text + "]";
  };
  CHECK(rules_of("models: " + list(bounds::kModelsMax)).models->size() == bounds::kModelsMax);
  CHECK(says(errors_of(entry("models: " + list(bounds::kModelsMax + 1))), "at most 1000 models"));
  CHECK(rules_of("tools: " + list(bounds::kHostedToolsMax)).tools->size() ==
        bounds::kHostedToolsMax);
  CHECK(says(errors_of(entry("tools: " + list(bounds::kHostedToolsMax + 1))), "at most 64 tools"));
}

TEST_CASE("where nobody would judge what a model is asked, rules on it are an error") {
  CHECK(says(errors_of(entry("websocket: true, models: [a]")), "do not go with `websocket: true`"));
  const std::string rest = "\n    bindings: [ { host: a.example.com, max_prompt: 1KiB } ]\n";
  CHECK(says(errors_of(test::one_secret("    placeholder: \"" + test::kPlaceholder +
                                        "\"\n    inject: { body: text }" + rest)),
             "do not go with a secret that has its place in bodies"));
  CHECK(says(errors_of(test::one_secret("    placeholder: \"" + test::kPlaceholder +
                                        "\"\n    inject: { type: oauth1, consumer_key: KEY, "
                                        "consumer_secret: SECRET }" +
                                        rest)),
             "do not go with the scheme oauth1"));
}

TEST_CASE("rules on models are part of what is approved", "[I17]") {
  const auto said = permissions_of(accepted(entry("models: [gpt-4o], tools: []")));
  CHECK(std::find_if(said.begin(), said.end(), [](const std::string& line) {
          return line.find("the models gpt-4o alone, no tools that the provider runs") !=
                 std::string::npos;
        }) != said.end());
}

TEST_CASE("a budget is what the file says") {
  const auto rules = rules_of(
      "budget: { usd_per_day: 20.5, tokens_per_min: 1000, on_exceed: alert, unknown_model: allow,"
      " prices: { mine: { input: 1, output: 2 } } }");
  REQUIRE(rules.budget);
  CHECK(rules.budget->micro_usd_per_day == 20'500'000);
  CHECK(rules.budget->tokens_per_min == 1000);
  CHECK(rules.budget->is_alert);
  CHECK(rules.budget->allows_unknown_model);
  REQUIRE(rules.budget->own_prices.size() == 1);
  const auto plain = rules_of("budget: { tokens_per_min: 1 }").budget;
  CHECK_FALSE(plain->micro_usd_per_day);
  CHECK_FALSE(plain->is_alert);
  CHECK_FALSE(plain->allows_unknown_model);
}

TEST_CASE("a budget that says anything else is an error at its place") {
  const auto errors = [](const std::string& rest) {
    return errors_of(entry("budget: " + rest));
  };
  CHECK(says(errors("20"), "budget"));
  CHECK(says(errors("{ on_exceed: alert }"), "needs `usd_per_day` or `tokens_per_min`"));
  CHECK(says(errors("{ usd_per_day: 0 }"), "an amount in USD above 0"));
  CHECK(says(errors("{ usd_per_day: -1 }"), "an amount in USD above 0"));
  CHECK(says(errors("{ usd_per_day: 1000001 }"), "an amount in USD above 0"));
  CHECK(says(errors("{ usd_per_day: 0.0000001 }"), "an amount in USD above 0"));
  CHECK(says(errors("{ tokens_per_min: 0 }"), "tokens_per_min"));
  CHECK(says(errors("{ usd_per_day: 1, on_exceed: ignore }"), "on_exceed"));
  CHECK(says(errors("{ usd_per_day: 1, per_day: 2 }"), "per_day"));
  CHECK(says(errors("{ usd_per_day: 1, prices: {} }"), "from 1 to 1000 models"));
}

}  // namespace keyswap::bindings
