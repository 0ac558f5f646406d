// SPDX-License-Identifier: Apache-2.0
#include "bindings/model_rules.h"

#include <algorithm>

#include "bindings/model_request.h"
#include "bindings/signing_parts.h"

namespace keyswap::bindings {

namespace {

bool is_listed(const std::vector<std::string>& models, std::string_view model) {
  return std::any_of(models.begin(), models.end(), [&](const std::string& entry) {
    return entry.ends_with('*')
               ? model.starts_with(std::string_view(entry).substr(0, entry.size() - 1))
               : model == entry;
  });
}

bool allows_models(const ModelRules& rules, const ModelRequest& asked) {
  return std::all_of(asked.models.begin(), asked.models.end(), [&](const std::string& model) {
    return is_listed(*rules.models, model);
  });
}

bool allows_tools(const ModelRules& rules, const ModelRequest& asked) {
  return std::all_of(asked.tools.begin(), asked.tools.end(), [&](const std::string& tool) {
    return std::find(rules.tools->begin(), rules.tools->end(), tool) != rules.tools->end();
  });
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text.append(text.empty() ? "" : " ").append(word);
  }
  return text;
}

void add_budget(const Budget& budget, std::vector<std::string>& said) {
  const std::string after =
      budget.is_alert ? " for each caller, and an alert past it" : " for each caller";
  if (budget.micro_usd_per_day) {
    said.push_back("at most " + micro_usd_text(*budget.micro_usd_per_day) + " a day" + after);
  }
  if (budget.tokens_per_min) {
    said.push_back("at most " + std::to_string(*budget.tokens_per_min) + " tokens a minute" +
                   after);
  }
  if (budget.allows_unknown_model) {
    said.emplace_back("models without a price cost nothing");
  }
  for (const ModelPrice& price : budget.own_prices) {
    said.push_back(describe(price));
  }
}

// What is paid for must have a price, and say what it is.
bool lacks_price(const Budget& budget, const ModelRequest& asked) {
  if (!budget.micro_usd_per_day || budget.allows_unknown_model || asked.counts_alone) {
    return false;
  }
  return !asked.is_clear() ||
         std::any_of(asked.models.begin(), asked.models.end(), [&](const std::string& model) {
           return budget.price_of(model) == nullptr;
         });
}

}  // namespace

const ModelPrice* Budget::price_of(std::string_view model) const {
  const auto* const own = find_price(own_prices, model);
  return own != nullptr ? own : find_price(known_prices().prices, model);
}

std::optional<std::int64_t> Budget::cost_of(std::string_view model, const TokenUsage& usage) const {
  const auto* const price = price_of(model);
  return price == nullptr ? std::nullopt : std::optional(bindings::cost_of(*price, usage));
}

std::optional<ModelRefusal> refusal_of(const ModelRules& rules, const ModelRequest& asked) {
  if (!asked.asks_model()) {
    return std::nullopt;
  }
  if (rules.models && (!asked.is_clear() || !allows_models(rules, asked))) {
    return ModelRefusal::model;
  }
  if (rules.tools && (!asked.is_readable || !allows_tools(rules, asked))) {
    return ModelRefusal::tool;
  }
  if (rules.max_prompt_bytes && asked.prompt_bytes > *rules.max_prompt_bytes) {
    return ModelRefusal::prompt;
  }
  if (rules.budget && lacks_price(*rules.budget, asked)) {
    return ModelRefusal::no_price;
  }
  return std::nullopt;
}

std::string hosted_tool_name(std::string_view named) {
  std::string name;
  for (std::size_t i = 0; i < named.size(); ++i) {
    const char c = named[i];
    if (is_upper(c)) {
      if (i > 0 && !is_upper(named[i - 1]) && named[i - 1] != '_' && named[i - 1] != '-') {
        name += '_';
      }
      name += static_cast<char>(c - 'A' + 'a');
    } else {
      name += c == '-' ? '_' : c;
    }
  }
  for (auto cut = name.rfind('_'); cut != std::string::npos && cut > 0; cut = name.rfind('_')) {
    const std::string_view last = std::string_view(name).substr(cut + 1);
    if (!is_digits(last) && last != "preview") {
      break;
    }
    name.erase(cut);
  }
  return name;
}

std::vector<std::string> describe(const ModelRules& rules) {
  std::vector<std::string> said;
  if (rules.models) {
    said.push_back("the models " + joined(*rules.models) + " alone");
  }
  if (rules.tools) {
    said.push_back(rules.tools->empty()
                       ? "no tools that the provider runs"
                       : "of the provider's tools " + joined(*rules.tools) + " alone");
  }
  if (rules.max_prompt_bytes) {
    said.push_back("prompts of at most " + std::to_string(*rules.max_prompt_bytes) + " bytes");
  }
  if (rules.budget) {
    add_budget(*rules.budget, said);
  }
  return said;
}

}  // namespace keyswap::bindings
