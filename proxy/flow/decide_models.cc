// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_models.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "bindings/bounds.h"
#include "bindings/model_rules.h"
#include "proxy/base/assert.h"

namespace keyswap::flow {

namespace {

using audit::Reason;
using bindings::Budget;
using bindings::ModelRefusal;
using bindings::ModelRequest;
using bindings::ModelRules;

const ModelRules* rules_of(const Request& request, const Use& use) {
  return request.bindings.rules[use.rule].scopes[use.scope].models.get();
}

Reason reason_for(ModelRefusal refusal) {
  switch (refusal) {
    case ModelRefusal::model:
    case ModelRefusal::no_price:
      return Reason::model_not_allowed;
    case ModelRefusal::tool:
      return Reason::tool_not_allowed;
    case ModelRefusal::prompt:
      return Reason::prompt_too_large;
  }
  KS_UNREACHABLE();
}

// Where money is counted, an answer that the request does not bound is taken for a long one: what a
// model thinks is paid for, and often nobody says how much that was.
void assume_long_answer(ModelRequest& asked) {
  constexpr std::int64_t kTokens = 32'768;
  if (!asked.has_answer_tokens) {
    const std::int64_t answers = asked.answer_tokens / bindings::bounds::kAnswerTokensAssumed;
    asked.answer_tokens = std::min(answers, bindings::bounds::kBudgetTokensMax / kTokens) * kTokens;
  }
}

// Which of those that it names answers is the server's to say, and what it names first the
// caller's: what is charged is what the dearest of them costs. One without a price costs nothing.
void put_dearest_first(const Budget& budget, ModelRequest& asked) {
  constexpr bindings::TokenUsage kOfEach{.input = 1'000'000, .output = 1'000'000};
  const auto costs_less = [&](const std::string& one, const std::string& other) {
    return budget.cost_of(one, kOfEach).value_or(0) < budget.cost_of(other, kOfEach).value_or(0);
  };
  const auto dearest = std::max_element(asked.models.begin(), asked.models.end(), costs_less);
  if (dearest != asked.models.end()) {
    std::iter_swap(asked.models.begin(), dearest);
  }
}

}  // namespace

bool judges_models(const Request& request, std::span<const Use> uses) {
  return std::any_of(
      uses.begin(), uses.end(), [&](const Use& use) { return rules_of(request, use) != nullptr; });
}

ModelVerdict check_models(const Request& request,
                          std::span<const Use> uses,
                          std::string_view body) {
  std::optional<ModelRequest> asked;
  bool is_paid = false;
  bool is_in_usd = false;
  for (const Use& use : uses) {
    const ModelRules* const rules = rules_of(request, use);
    if (rules == nullptr) {
      continue;
    }
    if (!asked) {
      asked = bindings::read_model_request(request.head.fields, request.target, body);
    }
    if (const auto refusal = bindings::refusal_of(*rules, *asked)) {
      return {reason_for(*refusal), std::nullopt};
    }
    if (rules->budget) {
      put_dearest_first(*rules->budget, *asked);
      is_paid = true;
      is_in_usd = is_in_usd || rules->budget->micro_usd_per_day;
    }
  }
  if (is_in_usd) {
    assume_long_answer(*asked);
  }
  return is_paid && asked->asks_model() ? ModelVerdict{std::nullopt, std::move(asked)}
                                        : ModelVerdict{};
}

}  // namespace keyswap::flow
