// SPDX-License-Identifier: Apache-2.0
//
// What is recorded of budgets (docs/budgets.md): what a call of a language model came to, and that
// a budget which only alerts was passed. Like the others of audit/record.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::audit {

// What one request spent of one binding's budget (type "model_usage"). It follows the record of how
// the request ended.
struct ModelUsageRecord {
  std::int64_t ts_us = 0;
  std::string_view request_id;
  std::string_view secret;  // the vault entry's name
  std::string_view caller;  // "": did not say who it is
  std::string_view model;   // "": the request did not say
  std::uint64_t input = 0;  // tokens that were in no cache
  std::uint64_t cached = 0;
  std::uint64_t cache_write = 0;
  std::uint64_t output = 0;                // with those of `reasoning`
  std::uint64_t reasoning = 0;             // that nobody sees
  std::optional<std::uint64_t> micro_usd;  // nothing: the model has no price
  bool is_estimated = false;               // the answer did not say it, or not to its end
};

// A request is past a budget, and is sent all the same (type "budget_passed"); once a day.
struct BudgetPassedRecord {
  std::int64_t ts_us = 0;
  std::string_view request_id;
  std::string_view secret;
  std::string_view caller;
  std::string_view budget;  // "usd_per_day", "tokens_per_min"
};

void encode_body(const ModelUsageRecord& record, std::string& out);
void encode_body(const BudgetPassedRecord& record, std::string& out);

}  // namespace keyswap::audit
