// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/order.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "bindings/decimal.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

namespace {

constexpr auto kDollars =
    std::to_array<std::string_view>({"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "USD1"});

// Names of one leg's parameters. "" = this form has none.
struct LegNames {
  std::string_view type;
  std::string_view side;
  std::string_view price;
  std::string_view quantity;
  std::string_view peg;
};

constexpr LegNames kSingle = {"type", "side", "price", "quantity", "pegPriceType"};
constexpr LegNames kConditional = {"strategyType", "side", "price", "quantity", ""};
constexpr LegNames kModify = {"", "side", "price", "quantity", ""};
constexpr LegNames kAbove = {"aboveType", "side", "abovePrice", "quantity", "abovePegPriceType"};
constexpr LegNames kBelow = {"belowType", "side", "belowPrice", "quantity", "belowPegPriceType"};
constexpr LegNames kWorking = {
    "workingType", "workingSide", "workingPrice", "workingQuantity", "workingPegPriceType"};
constexpr LegNames kPending = {
    "pendingType", "pendingSide", "pendingPrice", "pendingQuantity", "pendingPegPriceType"};
constexpr LegNames kPendingAbove = {"pendingAboveType",
                                    "pendingSide",
                                    "pendingAbovePrice",
                                    "pendingQuantity",
                                    "pendingAbovePegPriceType"};
constexpr LegNames kPendingBelow = {"pendingBelowType",
                                    "pendingSide",
                                    "pendingBelowPrice",
                                    "pendingQuantity",
                                    "pendingBelowPegPriceType"};

// What such a leg sells is what the working one bought.
constexpr LegNames with_working_quantity(LegNames names) {
  names.quantity = "workingQuantity";
  return names;
}

constexpr std::array kOcoLegs = {kAbove, kBelow};
constexpr std::array kOtoLegs = {kWorking, kPending};
constexpr std::array kOtocoLegs = {kWorking, kPendingAbove, kPendingBelow};
constexpr std::array kOpoLegs = {kWorking, with_working_quantity(kPending)};
constexpr std::array kOpocoLegs = {
    kWorking, with_working_quantity(kPendingAbove), with_working_quantity(kPendingBelow)};

template <std::size_t kCount>
bool holds(const std::array<std::string_view, kCount>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Types whose `price` bounds what is paid. In the others it is no parameter, and must not count.
bool has_price(Market market, std::string_view type) {
  constexpr auto kSpot = std::to_array<std::string_view>(
      {"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"});
  constexpr auto kFutures = std::to_array<std::string_view>({"LIMIT", "STOP", "TAKE_PROFIT"});
  switch (market) {
    case Market::spot:
      return holds(kSpot, type);
    case Market::usd_futures:
      return holds(kFutures, type);
    case Market::coin_futures:
      return false;
    case Market::options:
      return type == "LIMIT";
  }
  return false;
}

bool is_upper_alphanumeric(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

// "BTCUSDT_240628" -> "BTCUSDT": a contract with a day of delivery.
std::string_view without_delivery(std::string_view symbol) {
  constexpr std::size_t kDayBytes = 6;
  const auto underscore = symbol.find('_');
  if (underscore == std::string_view::npos) {
    return symbol;
  }
  const auto day = symbol.substr(underscore + 1);
  const bool is_day = day.size() == kDayBytes && std::all_of(day.begin(), day.end(), [](char c) {
                        return c >= '0' && c <= '9';
                      });
  return is_day ? symbol.substr(0, underscore) : symbol;
}

// Is its price in dollars?
bool is_in_dollars(std::string_view symbol, Market market, std::span<const std::string> named) {
  if (market == Market::options) {
    return true;  // premiums are in USDT
  }
  const bool is_named = std::find(named.begin(), named.end(), symbol) != named.end();
  const auto pair = market == Market::usd_futures ? without_delivery(symbol) : symbol;
  return (is_named || is_upper_alphanumeric(pair)) &&
         std::any_of(kDollars.begin(), kDollars.end(), [&](std::string_view dollar) {
           return pair.size() > dollar.size() && pair.ends_with(dollar);
         });
}

void add_once(std::string text, std::vector<std::string>& list) {
  if (std::find(list.begin(), list.end(), text) == list.end()) {
    list.push_back(std::move(text));
  }
}

std::string text_of(std::string_view name, const TextFields& fields) {
  const auto* const text = find_field(fields, name);
  return text == nullptr ? "" : *text;
}

// Does the venue choose the price, whatever the request says?
bool is_pegged(const LegNames& names, const TextFields& fields) {
  const auto match = text_of("priceMatch", fields);
  return !text_of(names.peg, fields).empty() || (!match.empty() && match != "NONE");
}

// An order for contracts that only lessens what is held. `closePosition` counts only where the
// venue knows it.
bool only_reduces(Market market, std::string_view type, const TextFields& fields) {
  if (market == Market::spot) {
    return false;
  }
  const bool closes = text_of("closePosition", fields) == "true" &&
                      (type == "STOP_MARKET" || type == "TAKE_PROFIT_MARKET") &&
                      find_field(fields, "quantity") == nullptr;
  return closes || text_of("reduceOnly", fields) == "true";
}

class OrderReader {
 public:
  OrderReader(Market market, std::span<const std::string> named_symbols)
      : market_(market), named_symbols_(named_symbols) {}

  void read(OrderForm form, const TextFields& fields) {
    if (form == OrderForm::batch || form == OrderForm::modify_batch) {
      read_all(form, fields);
      return;
    }
    symbol_ = base::to_upper(text_of("symbol", fields));
    add_once(symbol_, reading_.symbols);
    read_one(form, fields);
  }

  OrderReading take() {
    reading_.value_e8 = sum_.money_rounded_up();
    return std::move(reading_);
  }

 private:
  void read_all(OrderForm form, const TextFields& fields) {
    const auto* const text =
        find_field(fields, market_ == Market::options ? "orders" : "batchOrders");
    const auto orders = text == nullptr ? std::nullopt : read_batch(*text);
    if (!orders) {
      reading_.is_malformed = true;
      return;
    }
    for (const auto& order : *orders) {
      read(form == OrderForm::batch ? OrderForm::single : OrderForm::modify, order);
    }
  }

  void read_one(OrderForm form, const TextFields& fields) {
    switch (form) {
      case OrderForm::single:
        read_single(kSingle, fields);
        break;
      case OrderForm::conditional:
        read_single(kConditional, fields);
        break;
      case OrderForm::modify:
        read_leg(kModify, "LIMIT", fields);
        break;
      case OrderForm::oco_by_price:
        read_oco_by_price(fields);
        break;
      case OrderForm::oco:
        read_legs(kOcoLegs, fields);
        break;
      case OrderForm::oto:
        read_legs(kOtoLegs, fields);
        break;
      case OrderForm::otoco:
        read_legs(kOtocoLegs, fields);
        break;
      case OrderForm::opo:
        read_opo(kOpoLegs, fields);
        break;
      case OrderForm::opoco:
        read_opo(kOpocoLegs, fields);
        break;
      case OrderForm::unvaluable:
        note_leg(text_of("type", fields), text_of("side", fields));
        reading_.is_valued = false;
        break;
      case OrderForm::amend:  // the rest of an order can only become less
      case OrderForm::none:
      case OrderForm::batch:
      case OrderForm::modify_batch:
        break;
    }
  }

  void read_single(const LegNames& names, const TextFields& fields) {
    const auto type = text_of(names.type, fields);
    const auto spent = number("quoteOrderQty", fields);
    if (spent && find_field(fields, "quantity") != nullptr) {
      reading_.is_malformed = true;  // which of the two counts?
    } else if (only_reduces(market_, type, fields)) {
      note_leg(type, text_of(names.side, fields));
    } else if (spent) {
      note_leg(type, text_of(names.side, fields));
      add(market_ == Market::spot && type == "MARKET" && is_priced_in_dollars() ? spent
                                                                                : std::nullopt);
    } else {
      read_leg(names, type, fields);
    }
  }

  void read_leg(const LegNames& names, const std::string& type, const TextFields& fields) {
    note_leg(type, text_of(names.side, fields));
    const auto price = number(names.price, fields);
    const auto quantity = number(names.quantity, fields);
    const bool is_known = price && !price->is_zero() && quantity && has_price(market_, type) &&
                          !is_pegged(names, fields) && is_priced_in_dollars();
    add(is_known ? std::optional(price->times(*quantity)) : std::nullopt);
  }

  // One that is reached cancels the other, but which is not known: all count.
  void read_legs(std::span<const LegNames> legs, const TextFields& fields) {
    for (const auto& leg : legs) {
      read_leg(leg, text_of(leg.type, fields), fields);
    }
    const bool has_spent = std::any_of(fields.begin(), fields.end(), [](const TextField& field) {
      return base::to_lower(field.name).ends_with("quoteorderqty");
    });
    if (has_spent) {
      add(std::nullopt);
    }
  }

  // Only of a purchase it is known how much the pending order can sell.
  void read_opo(std::span<const LegNames> legs, const TextFields& fields) {
    read_legs(legs, fields);
    if (text_of("workingSide", fields) != "BUY" ||
        find_field(fields, "pendingQuantity") != nullptr) {
      add(std::nullopt);
    }
  }

  void read_oco_by_price(const TextFields& fields) {
    constexpr LegNames kLimit = {"", "side", "price", "quantity", ""};
    constexpr LegNames kStop = {"", "side", "stopLimitPrice", "quantity", ""};
    const bool has_limit = find_field(fields, "stopLimitPrice") != nullptr;
    read_leg(kLimit, "LIMIT_MAKER", fields);
    read_leg(kStop, has_limit ? "STOP_LOSS_LIMIT" : "STOP_LOSS", fields);
  }

  void note_leg(std::string type, std::string side) {
    add_once(std::move(type), reading_.types);
    add_once(std::move(side), reading_.sides);
  }

  // The number of that parameter; nothing if it is not there, or is none (then it is malformed).
  std::optional<Decimal> number(std::string_view name, const TextFields& fields) {
    const auto* const text = find_field(fields, name);
    auto value = text == nullptr ? std::nullopt : Decimal::parse(*text);
    reading_.is_malformed = reading_.is_malformed || (text != nullptr && !value);
    return value;
  }

  [[nodiscard]] bool is_priced_in_dollars() const {
    return is_in_dollars(symbol_, market_, named_symbols_);
  }

  // Nothing: not known.
  void add(const std::optional<Decimal>& value) {
    reading_.is_valued = reading_.is_valued && value.has_value();
    sum_ = value ? sum_.plus(*value) : sum_;
  }

  Market market_;
  std::span<const std::string> named_symbols_;
  std::string symbol_;
  OrderReading reading_;
  Decimal sum_;
};

}  // namespace

OrderReading read_order(OrderForm form,
                        Market market,
                        const TextFields& fields,
                        std::span<const std::string> named_symbols) {
  OrderReader reader(market, named_symbols);
  reader.read(form, fields);
  return reader.take();
}

}  // namespace keyswap::bindings::binance
