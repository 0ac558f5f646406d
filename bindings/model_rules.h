// SPDX-License-Identifier: Apache-2.0
//
// What a binding says of the language models that are asked through it: which ones, with which of
// the tools that their providers run themselves, how long a prompt may be, and for how much money
// (docs/budgets.md). Judged by what a request says (bindings/model_request.h), before a secret is
// asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/prices.h"

namespace keyswap::bindings {

struct ModelRequest;  // bindings/model_request.h

// What a caller may spend. Each caller has one of its own.
struct Budget {
  std::optional<std::int64_t> micro_usd_per_day;  // UTC days
  std::optional<std::int64_t> tokens_per_min;     // minutes of the clock
  bool is_alert = false;                          // what is past it is sent all the same, and told
  bool allows_unknown_model = false;              // one that has no price costs nothing
  std::vector<ModelPrice> own_prices;             // asked before the program's

  // nullptr: nobody knows.
  [[nodiscard]] const ModelPrice* price_of(std::string_view model) const;
  // In micro-dollars; nothing: the model has no price.
  [[nodiscard]] std::optional<std::int64_t> cost_of(std::string_view model,
                                                    const TokenUsage& usage) const;
};

struct ModelRules {
  // Names, or with a `*` at its end what they begin with. Nothing: any model.
  std::optional<std::vector<std::string>> models;
  // Those that the provider runs and that may be asked for, as hosted_tool_name() gives them.
  // Nothing: any.
  std::optional<std::vector<std::string>> tools;
  std::optional<std::uint64_t> max_prompt_bytes;  // of all texts of the body
  std::optional<Budget> budget;
};

enum class ModelRefusal : std::uint8_t { model, tool, prompt, no_price };

// Nothing: it may be sent, as far as this goes.
std::optional<ModelRefusal> refusal_of(const ModelRules& rules, const ModelRequest& asked);

// The name that rules know a hosted tool by, whatever the version that a request names: lower case,
// words joined by '_', without a date or `preview` at the end. "web_search" is what they call
// web_search_20250305, web_search_preview and webSearch.
std::string hosted_tool_name(std::string_view named);

// What it says, a sentence's part each: "the models gpt-4o* alone".
std::vector<std::string> describe(const ModelRules& rules);

}  // namespace keyswap::bindings
