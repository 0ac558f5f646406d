// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_models.h"

#include <algorithm>
#include <utility>

#include "bindings/model_rules.h"
#include "proxy/base/assert.h"

namespace keyswap::flow {

namespace {

using audit::Reason;
using bindings::ModelRefusal;
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

}  // namespace

bool judges_models(const Request& request, std::span<const Use> uses) {
  return std::any_of(
      uses.begin(), uses.end(), [&](const Use& use) { return rules_of(request, use) != nullptr; });
}

ModelVerdict check_models(const Request& request,
                          std::span<const Use> uses,
                          std::string_view body) {
  std::optional<bindings::ModelRequest> asked;
  bool is_paid = false;
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
    is_paid = is_paid || rules->budget;
  }
  return is_paid && asked->asks_model() ? ModelVerdict{std::nullopt, std::move(asked)}
                                        : ModelVerdict{};
}

}  // namespace keyswap::flow
