// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/methods.h"

#include <algorithm>
#include <array>

#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

namespace {

// Without a signature.
constexpr Method open_to_all(Market market, std::string_view name) {
  return {market, name, true, false, OrderForm::none, false, LogonChange::none};
}

constexpr Method signed_reading(Market market, std::string_view name) {
  return {market, name, true, true, OrderForm::none, false, LogonChange::none};
}

constexpr Method single_cancel(Market market, std::string_view name) {
  return {market, name, true, true, OrderForm::none, false, LogonChange::none};
}

// Changes something, and is no order.
constexpr Method when_named(Market market, std::string_view name) {
  return {market, name, false, true, OrderForm::none, false, LogonChange::none};
}

constexpr Method order(Market market, std::string_view name, OrderForm form) {
  return {market, name, false, true, form, false, LogonChange::none};
}

constexpr Method by_default(Method method) {
  method.is_open = true;
  return method;
}

constexpr Method as_test(Method method) {
  method.is_test = true;
  return method;
}

// Only Ed25519 keys can log on ("Session Authentication"); the scheme refuses it for others.
constexpr Method logon(Market market) {
  return {market, "session.logon", true, true, OrderForm::none, false, LogonChange::begins};
}

constexpr Method logout(Market market) {
  return {market, "session.logout", true, false, OrderForm::none, false, LogonChange::ends};
}

using enum Market;
using enum OrderForm;

constexpr std::array kMethods = {
    // Spot: general and market data.
    open_to_all(spot, "ping"),
    open_to_all(spot, "time"),
    open_to_all(spot, "exchangeInfo"),
    open_to_all(spot, "executionRules"),
    open_to_all(spot, "depth"),
    open_to_all(spot, "trades.recent"),
    open_to_all(spot, "trades.historical"),
    open_to_all(spot, "trades.aggregate"),
    open_to_all(spot, "blockTrades.historical"),
    open_to_all(spot, "klines"),
    open_to_all(spot, "uiKlines"),
    open_to_all(spot, "avgPrice"),
    open_to_all(spot, "referencePrice"),
    open_to_all(spot, "referencePrice.calculation"),
    open_to_all(spot, "ticker"),
    open_to_all(spot, "ticker.24hr"),
    open_to_all(spot, "ticker.tradingDay"),
    open_to_all(spot, "ticker.price"),
    open_to_all(spot, "ticker.book"),
    // Spot: session.
    logon(spot),
    open_to_all(spot, "session.status"),
    open_to_all(spot, "session.subscriptions"),
    logout(spot),
    // Spot: account.
    signed_reading(spot, "account.status"),
    signed_reading(spot, "account.commission"),
    signed_reading(spot, "account.rateLimits.orders"),
    signed_reading(spot, "order.status"),
    signed_reading(spot, "order.amendments"),
    signed_reading(spot, "openOrders.status"),
    signed_reading(spot, "allOrders"),
    signed_reading(spot, "orderList.status"),
    signed_reading(spot, "openOrderLists.status"),
    signed_reading(spot, "allOrderLists"),
    signed_reading(spot, "myTrades"),
    signed_reading(spot, "myPreventedMatches"),
    signed_reading(spot, "myAllocations"),
    signed_reading(spot, "myFilters"),
    // Spot: user data stream. Listen keys (start, ping, stop) were there until 2026.
    open_to_all(spot, "userDataStream.start"),
    open_to_all(spot, "userDataStream.ping"),
    open_to_all(spot, "userDataStream.stop"),
    open_to_all(spot, "userDataStream.subscribe"),
    signed_reading(spot, "userDataStream.subscribe.signature"),
    open_to_all(spot, "userDataStream.unsubscribe"),
    // Spot: orders.
    by_default(order(spot, "order.place", single)),
    by_default(as_test(order(spot, "order.test", single))),
    single_cancel(spot, "order.cancel"),
    order(spot, "order.cancelReplace", single),
    order(spot, "order.amend.keepPriority", amend),
    when_named(spot, "openOrders.cancelAll"),
    order(spot, "orderList.place", oco_by_price),
    order(spot, "orderList.place.oco", oco),
    order(spot, "orderList.place.oto", oto),
    order(spot, "orderList.place.otoco", otoco),
    order(spot, "orderList.place.opo", opo),
    order(spot, "orderList.place.opoco", opoco),
    when_named(spot, "orderList.cancel"),
    order(spot, "sor.order.place", single),
    as_test(order(spot, "sor.order.test", single)),
    // USDT-M futures.
    open_to_all(usd_futures, "ping"),
    open_to_all(usd_futures, "time"),
    open_to_all(usd_futures, "depth"),
    open_to_all(usd_futures, "ticker.price"),
    open_to_all(usd_futures, "ticker.book"),
    logon(usd_futures),
    open_to_all(usd_futures, "session.status"),
    logout(usd_futures),
    signed_reading(usd_futures, "account.status"),
    signed_reading(usd_futures, "v2/account.status"),
    signed_reading(usd_futures, "account.balance"),
    signed_reading(usd_futures, "v2/account.balance"),
    signed_reading(usd_futures, "account.position"),
    signed_reading(usd_futures, "v2/account.position"),
    signed_reading(usd_futures, "order.status"),
    open_to_all(usd_futures, "userDataStream.start"),
    open_to_all(usd_futures, "userDataStream.ping"),
    open_to_all(usd_futures, "userDataStream.stop"),
    order(usd_futures, "order.place", single),
    order(usd_futures, "order.modify", modify),
    single_cancel(usd_futures, "order.cancel"),
    order(usd_futures, "algoOrder.place", single),
    when_named(usd_futures, "algoOrder.cancel"),
    // COIN-M futures.
    open_to_all(coin_futures, "ping"),
    open_to_all(coin_futures, "time"),
    logon(coin_futures),
    open_to_all(coin_futures, "session.status"),
    logout(coin_futures),
    signed_reading(coin_futures, "account.status"),
    signed_reading(coin_futures, "account.balance"),
    signed_reading(coin_futures, "account.position"),
    signed_reading(coin_futures, "order.status"),
    open_to_all(coin_futures, "userDataStream.start"),
    open_to_all(coin_futures, "userDataStream.ping"),
    open_to_all(coin_futures, "userDataStream.stop"),
    order(coin_futures, "order.place", single),
    order(coin_futures, "order.modify", modify),
    single_cancel(coin_futures, "order.cancel"),
};

// "Request method names may be prefixed with explicit version" (web-socket-api.md, "Request
// format"): that of the path.
std::string_view without_version(Market market, std::string_view name) {
  const std::string_view version = market == spot ? "v3/" : "v1/";
  return name.starts_with(version) ? name.substr(version.size()) : name;
}

bool is_name_byte(char c) {
  constexpr std::string_view kMarks = "._/-";
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

std::string_view name_of(Market market) {
  constexpr std::array<std::string_view, 4> kNames = {
      "spot", "USDT-M futures", "COIN-M futures", "options"};
  return kNames.at(static_cast<std::size_t>(market));
}

void append_row(const Method& method, std::string& text) {
  text += "| ";
  text += name_of(method.market);
  text += " | `";
  text += method.name;
  text += method.is_open ? "` | open | " : "` | when named | ";
  text += method.takes_signature ? "yes | " : "no | ";
  text += order_value_text(method.form, method.market);
  text += method.is_test ? " (a test: not counted for the day) |\n" : " |\n";
}

}  // namespace

std::span<const Method> methods() {
  return kMethods;
}

const Method* find_method(Market market, std::string_view name) {
  const auto wanted = without_version(market, name);
  const auto* const found = std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& row) {
    return row.market == market && row.name == wanted;
  });
  return found == kMethods.end() ? nullptr : found;
}

const Method* find_method(std::string_view name) {
  for (const auto market : {spot, usd_futures, coin_futures}) {
    if (const auto* const method = find_method(market, name)) {
      return method;
    }
  }
  return nullptr;
}

bool is_method_name(std::string_view name) {
  constexpr std::size_t kBytesMax = 64;
  return !name.empty() && name.size() <= kBytesMax &&
         std::all_of(name.begin(), name.end(), is_name_byte);
}

bool is_value_out_method(std::string_view name) {
  constexpr auto kWords = std::to_array<std::string_view>({"withdraw", "payout", "transfer"});
  const auto lower = base::to_lower(name);
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    return lower.find(word) != std::string::npos;
  });
}

std::string method_table_markdown() {
  std::string text =
      "| Market | Method | Let through | Signed | Value of an order |\n"
      "|---|---|---|---|---|\n";
  for (const auto& method : methods()) {
    append_row(method, text);
  }
  return text;
}

}  // namespace keyswap::bindings::binance
