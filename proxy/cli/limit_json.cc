// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/limit_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "proxy/cli/limit_text.h"
#include "proxy/cli/time_text.h"

namespace keyswap::cli {

namespace {

std::string_view name_of(LimitKind kind) {
  switch (kind) {
    case LimitKind::rate_limit:
      return "rate_limit";
    case LimitKind::quota:
      return "quota";
    case LimitKind::daily_volume:
      return "daily_volume";
  }
  return "";
}

// A number of requests, or a decimal text of USD: no program then rounds it.
nlohmann::ordered_json json_amount(LimitKind kind, std::int64_t amount) {
  if (kind != LimitKind::daily_volume) {
    return amount;
  }
  const std::string text = format_usd(amount);
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
  json["unit"] = row.kind == LimitKind::daily_volume ? "USD" : "requests";
  json["per_day"] = json_amount(row.kind, row.limit);
  json["used"] = json_amount(row.kind, row.used);
  json["left"] = json_amount(row.kind, std::max<std::int64_t>(row.limit - row.used, 0));
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
