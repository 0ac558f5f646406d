// SPDX-License-Identifier: Apache-2.0
//
// models, tools, max_prompt and budget of an entry of `bindings:`.
#include <array>
#include <memory>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/model_rules.h"
#include "bindings/parse_sections.h"
#include "bindings/prices.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 4> kModelKeys = {"models", "tools", "max_prompt", "budget"};
constexpr std::array<std::string_view, 5> kBudgetKeys = {
    "usd_per_day", "tokens_per_min", "on_exceed", "unknown_model", "prices"};
constexpr std::array<std::string_view, 2> kOnExceed = {"refuse", "alert"};
constexpr std::array<std::string_view, 2> kUnknownModel = {"refuse", "allow"};

std::vector<std::string> parse_models(const YamlNode& node, ConfigIssues& issues) {
  std::vector<std::string> models;
  const auto* const list = read_list(node, "models", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "models", issues);
    if (!text) {
      continue;
    }
    const auto star = text->find('*');
    if (*text == "*" || (star != std::string::npos && star + 1 != text->size())) {
      issues.error((*list)[i].place,
                   "a `*` may stand at the end of a model's name alone",
                   "as in gpt-4o*; leave `models` out if you mean any");
    } else if (text->size() > bounds::kWalkTextBytesMax || models.size() >= bounds::kModelsMax) {
      issues.error((*list)[i].place, "at most 1000 models, of at most 256 bytes each");
      return models;
    } else {
      models.push_back(*text);
    }
  }
  return models;
}

// An empty list means none.
std::vector<std::string> parse_tools(const YamlNode& node, ConfigIssues& issues) {
  std::vector<std::string> tools;
  if (node.kind == YamlNode::Kind::sequence && node.items.empty()) {
    return tools;
  }
  const auto* const list = read_list(node, "tools", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "tools", issues);
    if (!text) {
      continue;
    }
    if (hosted_tool_name(*text) != *text) {
      issues.error(
          (*list)[i].place,
          "tools are named without their version, in lower case",
          "as in web_search, for all of web_search_20250305, web_search_preview, webSearch");
    } else if (tools.size() >= bounds::kHostedToolsMax) {
      issues.error((*list)[i].place, "at most 64 tools");
      return tools;
    } else {
      tools.push_back(*text);
    }
  }
  return tools;
}

void parse_usd(const YamlNode& node, ConfigIssues& issues, Budget& budget) {
  const auto text = read_text(node, "usd_per_day", issues);
  if (!text) {
    return;
  }
  const auto micro_usd = parse_micro_usd(*text, bounds::kBudgetMicroUsdMax);
  if (!micro_usd || *micro_usd == 0) {
    issues.error(node.place,
                 "`usd_per_day` must be an amount in USD above 0 and at most 1000000, with at "
                 "most 6 decimals",
                 "as in 20 or 0.50");
    return;
  }
  budget.micro_usd_per_day = *micro_usd;
}

std::optional<Budget> parse_budget(const YamlNode& node, ConfigIssues& issues) {
  const YamlSection section(node, "budget", kBudgetKeys, issues);
  if (!section.is_mapping()) {
    return std::nullopt;
  }
  Budget budget;
  if (const auto* const usd = section.find("usd_per_day")) {
    parse_usd(*usd, issues, budget);
  }
  if (const auto* const tokens = section.find("tokens_per_min")) {
    budget.tokens_per_min =
        read_number(*tokens, "tokens_per_min", {1, bounds::kBudgetTokensMax}, issues);
  }
  if (section.find("usd_per_day") == nullptr && section.find("tokens_per_min") == nullptr) {
    issues.error(node.place,
                 "a `budget` needs `usd_per_day` or `tokens_per_min`, or both",
                 "as in budget: { usd_per_day: 20 }");
  }
  if (const auto* const choice = section.find("on_exceed")) {
    budget.is_alert = read_choice(*choice, "on_exceed", kOnExceed, issues).value_or(0) == 1;
  }
  if (const auto* const choice = section.find("unknown_model")) {
    budget.allows_unknown_model =
        read_choice(*choice, "unknown_model", kUnknownModel, issues).value_or(0) == 1;
  }
  if (const auto* const prices = section.find("prices")) {
    budget.own_prices = parse_prices(*prices, issues);
  }
  return budget;
}

// What nobody could judge is an error: nobody would notice that it is not judged.
void check_use(Place place, const SecretRule& rule, const Scope& scope, ConfigIssues& issues) {
  constexpr std::string_view kWhat = "`models`, `tools`, `max_prompt` and `budget` do not go with ";
  if (rule.signer() != nullptr) {
    issues.error(place,
                 std::string(kWhat) + "the scheme " + std::string(rule.injection().scheme()),
                 "requests that are signed are not judged by what they ask a model");
  }
  if (rule.has_place_in_body()) {
    issues.error(place, std::string(kWhat) + "a secret that has its place in bodies");
  }
  if (scope.websocket) {
    issues.error(place,
                 std::string(kWhat) + "`websocket: true`",
                 "messages of WebSockets are not held to them: give WebSockets an entry of their "
                 "own");
  }
}

}  // namespace

std::span<const std::string_view> model_keys() {
  return kModelKeys;
}

void parse_scope_models(const YamlSection& section,
                        const SecretRule& rule,
                        ParseContext& context,
                        Scope& scope) {
  const YamlNode* first = nullptr;
  for (const std::string_view key : kModelKeys) {
    first = first == nullptr ? section.find(key) : first;
  }
  if (first == nullptr) {
    return;
  }
  check_use(first->place, rule, scope, context.issues);
  auto rules = std::make_shared<ModelRules>();
  if (const auto* const node = section.find("models")) {
    rules->models = parse_models(*node, context.issues);
  }
  if (const auto* const node = section.find("tools")) {
    rules->tools = parse_tools(*node, context.issues);
  }
  if (const auto* const node = section.find("max_prompt")) {
    rules->max_prompt_bytes = read_size(*node, "max_prompt", context.issues);
  }
  if (const auto* const node = section.find("budget")) {
    rules->budget = parse_budget(*node, context.issues);
  }
  scope.models = std::move(rules);
}

}  // namespace keyswap::bindings
