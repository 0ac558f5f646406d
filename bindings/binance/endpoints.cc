// SPDX-License-Identifier: Apache-2.0
#include "bindings/binance/endpoints.h"

#include <algorithm>
#include <array>

#include "bindings/path_pattern.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

namespace {

// Takes the first segment off `path`, which begins with '/' or is empty.
std::string_view take_segment(std::string_view& path) {
  const auto segment = path.substr(1, path.find('/', 1) - 1);
  path.remove_prefix(1 + segment.size());
  return segment;
}

bool segment_matches(std::string_view pattern, std::string_view segment) {
  if (!pattern.ends_with('*')) {
    return base::equal_ignoring_case(pattern, segment);
  }
  const auto prefix = pattern.substr(0, pattern.size() - 1);
  return base::equal_ignoring_case(prefix, segment.substr(0, prefix.size()));
}

bool path_matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && path.starts_with('/')) {
    const auto wanted = take_segment(pattern);
    if (wanted == "**") {
      return true;
    }
    if (!segment_matches(wanted, take_segment(path))) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

bool applies(const Endpoint& endpoint, std::string_view method, std::string_view path) {
  const bool is_method = endpoint.method.empty() ? !is_reading(method) : endpoint.method == method;
  return is_method && path_matches(endpoint.path, path);
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  const auto found =
      std::search(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
        return base::to_lower(a) == base::to_lower(b);
      });
  return found != text.end();
}

std::string_view without_slashes_at_end(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
  }
  return path;
}

// `reading`: one of the path's.
bool reading_is_value_out(std::string_view method, std::string_view reading) {
  const auto path = without_slashes_at_end(reading);
  const auto* const endpoint = find_endpoint(method, path);
  if (endpoint != nullptr && endpoint->tier == Tier::value_out) {
    return true;
  }
  // What the vendor may add later will be called so.
  return contains_ignoring_case(path, "withdraw") || contains_ignoring_case(path, "payout") ||
         (endpoint == nullptr && contains_ignoring_case(path, "transfer"));
}

template <typename Test>
bool any_reading(std::string_view path, Test test) {
  if (!has_other_readings(path)) {
    return test(path);
  }
  const auto readings = path_readings(path);
  return readings.empty() || std::any_of(readings.begin(), readings.end(), test);
}

bool is_plain_byte(char c) {
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
         c == '-' || c == '_';
}

// Market data below /FAMILY/vN/, which needs a key at most. From the "NONE" and "MARKET_DATA"
// marks of the endpoints' pages.
constexpr auto kUnsignedReadings = std::to_array<std::string_view>({
    "ping",
    "time",
    "exchangeInfo",
    "depth",
    "rpiDepth",
    "trades",
    "historicalTrades",
    "aggTrades",
    "klines",
    "uiKlines",
    "continuousKlines",
    "indexPriceKlines",
    "markPriceKlines",
    "premiumIndexKlines",
    "avgPrice",
    "ticker",
    "ticker/24hr",
    "ticker/price",
    "ticker/bookTicker",
    "ticker/tradingDay",
    "premiumIndex",
    "fundingRate",
    "fundingInfo",
    "openInterest",
    "indexInfo",
    "assetIndex",
    "constituents",
    "insuranceBalance",
    "index",
    "mark",
    "exerciseHistory",
    "blockTrades",
});

constexpr auto kUnsignedWalletReadings = std::to_array<std::string_view>({
    "/sapi/v1/system/status",
    "/sapi/v1/margin/allAssets",
    "/sapi/v1/margin/allPairs",
    "/sapi/v1/margin/asset",
    "/sapi/v1/margin/pair",
    "/sapi/v1/margin/priceIndex",
    "/sapi/v1/margin/crossMarginCollateralRatio",
    "/sapi/v1/margin/delist-schedule",
    "/sapi/v1/margin/list-schedule",
    "/sapi/v1/margin/exchange-small-liability/coins",
    "/sapi/v1/spot/delist-schedule",
    "/sapi/v1/convert/exchangeInfo",
});

constexpr auto kListenKeys = std::to_array<std::string_view>({"/api/v1/userDataStream",
                                                              "/api/v3/userDataStream",
                                                              "/sapi/v1/userDataStream",
                                                              "/sapi/v1/userDataStream/isolated",
                                                              "/sapi/v1/margin/listen-key",
                                                              "/fapi/v1/listenKey",
                                                              "/dapi/v1/listenKey",
                                                              "/eapi/v1/listenKey",
                                                              "/papi/v1/listenKey"});

template <std::size_t kCount>
bool holds(const std::array<std::string_view, kCount>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// What follows "/api/v3/" and its like, or "".
std::string_view below_version(std::string_view path) {
  constexpr auto kFamilies =
      std::to_array<std::string_view>({"api", "fapi", "dapi", "eapi", "papi"});
  const bool is_family = !path.empty() && holds(kFamilies, take_segment(path));
  if (!is_family || path.empty()) {
    return {};
  }
  const auto version = take_segment(path);
  return version.size() == 2 && version[0] == 'v' && !path.empty() ? path.substr(1)
                                                                   : std::string_view{};
}

}  // namespace

bool is_reading(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

const Endpoint* find_endpoint(std::string_view method, std::string_view path) {
  const auto all = endpoints();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Endpoint& endpoint) {
    return applies(endpoint, method, path);
  });
  return found == all.end() ? nullptr : &*found;
}

bool is_value_out(std::string_view method, std::string_view path) {
  return !is_reading(method) && any_reading(path, [&](std::string_view reading) {
    return reading_is_value_out(method, reading);
  });
}

bool is_websocket_path(std::string_view path) {
  constexpr auto kDoors = std::to_array<std::string_view>({"ws-api", "ws-fapi", "ws-dapi"});
  return any_reading(path, [&](std::string_view reading) {
    if (!reading.starts_with('/')) {
      return false;
    }
    const auto first = take_segment(reading);
    return std::any_of(kDoors.begin(), kDoors.end(), [&](std::string_view door) {
      return base::equal_ignoring_case(door, first);
    });
  });
}

bool is_plain_path(std::string_view path) {
  return path.size() > 1 && path.front() == '/' && path.back() != '/' && path.back() != '.' &&
         std::all_of(path.begin(), path.end(), is_plain_byte) && !has_other_readings(path);
}

OrderForm order_form_of(std::string_view method, std::string_view path) {
  const auto* const endpoint = find_endpoint(method, path);
  if (endpoint != nullptr && endpoint->tier == Tier::order) {
    return endpoint->form;
  }
  if (is_reading(method) || method == "DELETE") {
    return OrderForm::none;
  }
  const bool is_known = endpoint != nullptr && endpoint->form == OrderForm::unvaluable;
  return is_known || contains_ignoring_case(path, "order") ? OrderForm::unvaluable
                                                           : OrderForm::none;
}

bool takes_signature(std::string_view method, std::string_view path) {
  if (holds(kListenKeys, path)) {
    return false;
  }
  return !is_reading(method) ||
         (!holds(kUnsignedReadings, below_version(path)) && !holds(kUnsignedWalletReadings, path) &&
          !path.starts_with("/futures/data/"));
}

}  // namespace keyswap::bindings::binance
