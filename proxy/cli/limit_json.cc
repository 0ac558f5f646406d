// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/limit_json.h"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "proxy/cli/time_text.h"

namespace keyswap::cli {

namespace {

// A number of requests or tokens, or a decimal text of USD: no program then rounds it.
nlohmann::ordered_json json_amount(LimitKind kind, std::int64_t amount) {
  if (!is_money(kind)) {
    return amount;
  }
  const std::string text = format_amount(kind, amount);
  return text.substr(0, text.find(' '));
}

nlohmann::ordered_json to_json(const LimitRow& row) {
  nlohmann::ordered_json json = {
      {"secret", row.secret}, {"host", row.host}, {"limit", name_of(row.kind)}};
  if (row.rate) {
    json["requests"] = row.rate->requests;
    json["per_seconds"] = row.rate->per_ms / 1000;
    return json;
  }
  if (is_budget(row.kind)) {
    json["caller"] =
        row.caller.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(row.caller);
  }
  json["unit"] = unit_of(row.kind);
  json[row.kind == LimitKind::budget_tokens ? "per_minute" : "per_day"] =
      json_amount(row.kind, row.limit);
  json["used"] = json_amount(row.kind, row.used);
  json["left"] = json_amount(row.kind, left_of(row));
  if (is_budget(row.kind)) {
    json["tokens_today"] = row.tokens;
  }
  return json;
}

}  // namespace

std::string limits_json(const LimitReport& report) {
  nlohmann::ordered_json json;
  json["resets"] = format_time(report.resets_s);
  json["limits"] = nlohmann::ordered_json::array();
  for (const LimitRow& row : report.rows) {
    json["limits"].push_back(to_json(row));
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace keyswap::cli
