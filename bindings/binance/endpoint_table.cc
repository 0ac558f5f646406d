// SPDX-License-Identifier: Apache-2.0
//
// The table of endpoints as docs/binance.md shows it.
#include "bindings/binance/endpoints.h"

namespace keyswap::bindings::binance {

namespace {

std::string_view number_of(Tier tier) {
  switch (tier) {
    case Tier::value_out:
      return "1";
    case Tier::internal:
      return "2";
    case Tier::order:
      return "3";
  }
  return "";
}

std::string_view rule_of(const Endpoint& endpoint) {
  if (endpoint.is_open_by_default) {
    return "open";
  }
  return endpoint.tier == Tier::value_out ? "never" : "when named";
}

std::string_view value_of(const Endpoint& endpoint) {
  switch (endpoint.form) {
    case OrderForm::none:
      return "";
    case OrderForm::single:
      return "price × quantity, or quoteOrderQty";
    case OrderForm::conditional:
    case OrderForm::modify:
      return "price × quantity";
    case OrderForm::amend:
      return "0";
    case OrderForm::batch:
    case OrderForm::modify_batch:
      return "sum of the orders";
    case OrderForm::oco_by_price:
    case OrderForm::oco:
    case OrderForm::oto:
    case OrderForm::otoco:
    case OrderForm::opo:
    case OrderForm::opoco:
      return "sum of the legs";
    case OrderForm::unvaluable:
      return "not known";
  }
  return "";
}

// Contracts count in a coin there, and quantity says nothing of USD.
std::string_view value_in_market(const Endpoint& endpoint) {
  const bool is_futures =
      endpoint.market == Market::usd_futures || endpoint.market == Market::options;
  if (endpoint.market == Market::coin_futures) {
    return "not known";
  }
  return is_futures && endpoint.form == OrderForm::single ? "price × quantity" : value_of(endpoint);
}

void append_row(const Endpoint& endpoint, std::string& text) {
  text += "| ";
  text += number_of(endpoint.tier);
  text += " | ";
  text += endpoint.group;
  text += " | ";
  text += endpoint.method.empty() ? "any but GET, HEAD" : endpoint.method;
  text += " | `";
  text += endpoint.path;
  text += "` | ";
  text += rule_of(endpoint);
  text += " | ";
  text += value_in_market(endpoint);
  text += endpoint.is_test ? " (a test: not counted for the day) |\n" : " |\n";
}

}  // namespace

std::string endpoint_table_markdown() {
  std::string text =
      "| Tier | Group | Method | Path | Let through | Value of an order |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto& endpoint : endpoints()) {
    append_row(endpoint, text);
  }
  return text;
}

}  // namespace keyswap::bindings::binance
