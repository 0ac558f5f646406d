// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/endpoint_table.h"

#include <algorithm>
#include <array>

namespace keyswap::bindings::binance {

namespace {

constexpr Endpoint value_out(std::string_view group, std::string_view path) {
  return {Tier::value_out, group, "", path};
}

constexpr Endpoint internal(std::string_view group, std::string_view path) {
  return {Tier::internal, group, "", path};
}

// An order of which the request does not say what it is worth.
constexpr Endpoint internal_order(std::string_view group, std::string_view path) {
  return {Tier::internal, group, "", path, OrderForm::unvaluable};
}

constexpr Endpoint order(std::string_view method,
                         std::string_view path,
                         OrderForm form,
                         Market market = Market::spot) {
  constexpr std::array<std::string_view, 4> kGroups = {
      "spot and margin", "USDT-M futures", "COIN-M futures", "options"};
  return {Tier::order, kGroups.at(static_cast<std::size_t>(market)), method, path, form, market};
}

constexpr Endpoint as_test(Endpoint endpoint) {
  endpoint.is_test = true;
  return endpoint;
}

constexpr Endpoint by_default(Endpoint endpoint) {
  endpoint.is_open_by_default = true;
  return endpoint;
}

using enum OrderForm;
using enum Market;

constexpr std::array kValueOut = {
    value_out("withdrawals", "/sapi/v*/capital/withdraw/**"),
    value_out("withdrawals", "/sapi/v*/localentity/withdraw/**"),
    value_out("withdrawals", "/sapi/v*/localentity/broker/withdraw/**"),
    value_out("withdrawals", "/wapi/v*/withdraw.html"),
    value_out("fiat", "/sapi/v*/fiat/withdraw"),
    value_out("fiat", "/sapi/v*/fiat/deposit"),
    value_out("fast-withdraw switch", "/sapi/v*/account/enableFastWithdrawSwitch"),
    value_out("fast-withdraw switch", "/sapi/v*/account/disableFastWithdrawSwitch"),
    value_out("sub-account transfers", "/sapi/v*/sub-account/universalTransfer"),
    value_out("sub-account transfers", "/sapi/v*/sub-account/futures/transfer"),
    value_out("sub-account transfers", "/sapi/v*/sub-account/futures/internalTransfer"),
    value_out("sub-account transfers", "/sapi/v*/sub-account/futures/move-position"),
    value_out("sub-account transfers", "/sapi/v*/sub-account/margin/transfer"),
    value_out("sub-account transfers", "/sapi/v*/sub-account/transfer/**"),
    value_out("sub-account transfers", "/wapi/v*/sub-account/transfer.html"),
    value_out("sub-account keys", "/sapi/v*/sub-account/subAccountApi"),
    value_out("sub-account keys", "/sapi/v*/sub-account/subAccountApi/**"),
    value_out("sub-account keys", "/sapi/v*/sub-account/subAccountApiPermission"),
    value_out("sub-account keys", "/sapi/v*/sub-account/subAccountApiPermission/**"),
    value_out("sub-account keys", "/sapi/v*/sub-account/virtualSubAccount"),
    value_out("managed sub-accounts", "/sapi/v*/managed-subaccount/withdraw"),
    value_out("managed sub-accounts", "/sapi/v*/managed-subaccount/deposit"),
    value_out("margin API keys", "/sapi/v*/margin/apiKey"),
    value_out("margin API keys", "/sapi/v*/margin/apiKey/**"),
    value_out("gift cards", "/sapi/v*/giftcard/createCode"),
    value_out("gift cards", "/sapi/v*/giftcard/buyCode"),
    value_out("gift cards", "/sapi/v*/giftcard/redeemCode"),
    value_out("broker programme", "/sapi/v*/broker/**"),
    value_out("prediction wallet", "/sapi/v*/w3w/wallet/prediction/transfer/outbound"),
    value_out("hash-rate resale", "/sapi/v*/mining/hash-transfer/config"),
    value_out("hash-rate resale", "/sapi/v*/mining/hash-transfer/config/**"),
};

constexpr std::array kInternal = {
    internal("wallet transfers", "/sapi/v*/asset/transfer"),
    internal("wallet transfers", "/sapi/v*/futures/transfer"),
    internal("conversion", "/sapi/v*/asset/convert-transfer"),
    internal("conversion", "/sapi/v*/asset/dust*"),
    internal("conversion", "/sapi/v*/asset/dust*/**"),
    internal_order("conversion", "/sapi/v*/convert/**"),
    internal_order("conversion", "/fapi/v*/convert/**"),
    internal("margin debt", "/sapi/v*/margin/borrow-repay"),
    internal("margin debt", "/sapi/v*/margin/manual-liquidation"),
    internal("margin debt", "/sapi/v*/margin/liquidation-loan/repay"),
    internal("margin debt", "/sapi/v*/margin/max-leverage"),
    internal("loans", "/sapi/v*/loan/flexible/**"),
    internal("loans", "/sapi/v*/loan/vip/**"),
    internal("earn", "/sapi/v*/simple-earn/**"),
    internal("earn", "/sapi/v*/eth-staking/**"),
    internal("earn", "/sapi/v*/sol-staking/**"),
    internal("earn", "/sapi/v*/onchain-yields/**"),
    internal("earn", "/sapi/v*/bfusd/**"),
    internal("earn", "/sapi/v*/rwusd/**"),
    internal("earn", "/sapi/v*/dci/**"),
    internal("portfolio margin", "/sapi/v*/portfolio/**"),
    internal("portfolio margin", "/papi/v*/asset-collection"),
    internal("portfolio margin", "/papi/v*/bnb-transfer"),
    internal("portfolio margin", "/papi/v*/auto-collection"),
    internal("portfolio margin", "/papi/v*/marginLoan"),
    internal("portfolio margin", "/papi/v*/repayLoan"),
    internal("portfolio margin", "/papi/v*/repay-futures-*"),
    internal("portfolio margin", "/papi/v*/margin/repay-debt"),
    internal("prediction wallet", "/sapi/v*/w3w/wallet/prediction/**"),
    internal("algo orders", "/sapi/v*/algo/**"),
    internal("leverage and mode", "/fapi/v*/leverage"),
    internal("leverage and mode", "/fapi/v*/marginType"),
    internal("leverage and mode", "/fapi/v*/positionMargin"),
    internal("leverage and mode", "/fapi/v*/positionSide/**"),
    internal("leverage and mode", "/fapi/v*/multiAssetsMargin"),
    internal("leverage and mode", "/dapi/v*/leverage"),
    internal("leverage and mode", "/dapi/v*/marginType"),
    internal("leverage and mode", "/dapi/v*/positionMargin"),
    internal("leverage and mode", "/dapi/v*/positionSide/**"),
    internal("leverage and mode", "/papi/v*/um/leverage"),
    internal("leverage and mode", "/papi/v*/cm/leverage"),
    internal("leverage and mode", "/papi/v*/um/positionSide/**"),
    internal("leverage and mode", "/papi/v*/cm/positionSide/**"),
    internal("sub-account products", "/sapi/v*/sub-account/futures/enable"),
    internal("sub-account products", "/sapi/v*/sub-account/eoptions/enable"),
    internal("deposits", "/sapi/v*/capital/deposit/credit-apply"),
    internal("deposits", "/sapi/v*/localentity/deposit/**"),
    internal("deposits", "/sapi/v*/localentity/broker/deposit/**"),
    internal("cancel all", "/api/v*/openOrders"),
    internal("cancel all", "/sapi/v*/margin/openOrders"),
    internal("cancel all", "/fapi/v*/allOpenOrders"),
    internal("cancel all", "/fapi/v*/algoOpenOrders"),
    internal("cancel all", "/fapi/v*/countdownCancelAll"),
    internal("cancel all", "/dapi/v*/allOpenOrders"),
    internal("cancel all", "/dapi/v*/countdownCancelAll"),
    internal("cancel all", "/eapi/v*/allOpenOrders*"),
    internal("cancel all", "/eapi/v*/countdownCancelAll*"),
    internal("cancel all", "/papi/v*/um/allOpenOrders"),
    internal("cancel all", "/papi/v*/cm/allOpenOrders"),
    internal("cancel all", "/papi/v*/margin/allOpenOrders"),
    internal("cancel all", "/papi/v*/um/algo/allOpenOrders"),
    internal("cancel all", "/papi/v*/um/conditional/allOpenOrders"),
    internal("cancel all", "/papi/v*/cm/conditional/allOpenOrders"),
};

constexpr std::array kOrders = {
    by_default(order("POST", "/api/v3/order", single)),
    by_default(as_test(order("POST", "/api/v3/order/test", single))),
    by_default(order("DELETE", "/api/v3/order", OrderForm::none)),
    order("POST", "/api/v3/order/cancelReplace", single),
    order("PUT", "/api/v3/order/amend/keepPriority", amend),
    order("POST", "/api/v3/order/oco", oco_by_price),
    order("POST", "/api/v3/orderList/oco", oco),
    order("POST", "/api/v3/orderList/oto", oto),
    order("POST", "/api/v3/orderList/otoco", otoco),
    order("POST", "/api/v3/orderList/opo", opo),
    order("POST", "/api/v3/orderList/opoco", opoco),
    order("POST", "/api/v3/sor/order", single),
    as_test(order("POST", "/api/v3/sor/order/test", single)),
    order("POST", "/sapi/v1/margin/order", single),
    by_default(order("DELETE", "/sapi/v1/margin/order", OrderForm::none)),
    order("POST", "/sapi/v1/margin/order/oco", oco_by_price),
    order("POST", "/sapi/v1/margin/order/oto", oto),
    order("POST", "/sapi/v1/margin/order/otoco", otoco),
    order("POST", "/papi/v1/margin/order", single),
    by_default(order("DELETE", "/papi/v1/margin/order", OrderForm::none)),
    order("POST", "/papi/v1/margin/order/oco", oco_by_price),
    order("POST", "/fapi/v1/order", single, usd_futures),
    order("PUT", "/fapi/v1/order", modify, usd_futures),
    by_default(order("DELETE", "/fapi/v1/order", OrderForm::none, usd_futures)),
    as_test(order("POST", "/fapi/v1/order/test", single, usd_futures)),
    order("POST", "/fapi/v1/batchOrders", batch, usd_futures),
    order("PUT", "/fapi/v1/batchOrders", modify_batch, usd_futures),
    order("POST", "/fapi/v1/algoOrder", single, usd_futures),
    order("POST", "/papi/v1/um/order", single, usd_futures),
    order("PUT", "/papi/v1/um/order", modify, usd_futures),
    by_default(order("DELETE", "/papi/v1/um/order", OrderForm::none, usd_futures)),
    order("POST", "/papi/v1/um/conditional/order", conditional, usd_futures),
    order("POST", "/papi/v1/um/algo/order", single, usd_futures),
    order("POST", "/dapi/v1/order", single, coin_futures),
    order("PUT", "/dapi/v1/order", modify, coin_futures),
    by_default(order("DELETE", "/dapi/v1/order", OrderForm::none, coin_futures)),
    order("POST", "/dapi/v1/batchOrders", batch, coin_futures),
    order("PUT", "/dapi/v1/batchOrders", modify_batch, coin_futures),
    order("POST", "/papi/v1/cm/order", single, coin_futures),
    order("PUT", "/papi/v1/cm/order", modify, coin_futures),
    by_default(order("DELETE", "/papi/v1/cm/order", OrderForm::none, coin_futures)),
    order("POST", "/papi/v1/cm/conditional/order", conditional, coin_futures),
    order("POST", "/eapi/v1/order", single, options),
    by_default(order("DELETE", "/eapi/v1/order", OrderForm::none, options)),
    order("POST", "/eapi/v1/batchOrders", batch, options),
    order("POST", "/eapi/v1/block/order/**", unvaluable, options),
    order("PUT", "/eapi/v1/block/order/**", unvaluable, options),
};

template <std::size_t... kSizes>
constexpr auto joined(const std::array<Endpoint, kSizes>&... arrays) {
  std::array<Endpoint, (kSizes + ...)> all{};
  std::size_t at = 0;
  ((std::copy(arrays.begin(), arrays.end(), all.begin() + at), at += arrays.size()), ...);
  return all;
}

// In the order of tiers.
constexpr auto kEndpoints = joined(kValueOut, kInternal, kOrders);

// --- docs/binance.md ---

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

std::string_view value_of(OrderForm form) {
  switch (form) {
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
  text += order_value_text(endpoint.form, endpoint.market);
  text += endpoint.is_test ? " (a test: not counted for the day) |\n" : " |\n";
}

}  // namespace

std::span<const Endpoint> endpoints() {
  return kEndpoints;
}

// Contracts count in a coin there, and quantity says nothing of USD.
std::string_view order_value_text(OrderForm form, Market market) {
  const bool is_futures = market == Market::usd_futures || market == Market::options;
  if (market == Market::coin_futures && form != OrderForm::none) {
    return "not known";
  }
  return is_futures && form == OrderForm::single ? "price × quantity" : value_of(form);
}

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
