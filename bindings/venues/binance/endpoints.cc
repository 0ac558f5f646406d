// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/endpoints.h"

#include <algorithm>
#include <array>
#include <cstring>

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

// Some servers read a method in any case: what is closed is closed in each.
bool applies(const Endpoint& endpoint, std::string_view method, std::string_view path) {
  const bool is_method = endpoint.method.empty()
                             ? !is_reading(method)
                             : base::equal_ignoring_case(endpoint.method, method);
  return is_method && path_matches(endpoint.path, path);
}

bool contains(std::string_view text, std::string_view word) {
  return ::memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

// `path`: in lower case.
bool path_is_value_out(std::string_view method, std::string_view path) {
  const auto* const endpoint = find_endpoint(method, path);
  if (endpoint != nullptr && endpoint->tier == Tier::value_out) {
    return true;
  }
  // What the vendor may add later will be called so.
  return contains(path, "withdraw") || contains(path, "payout") ||
         (endpoint == nullptr && contains(path, "transfer"));
}

// Is `test` true of any of the readings for what blocks, or are there too many to tell?
template <typename Test>
bool any_reading(const RequestReadings& request, Test test) {
  const auto& paths = request.blocking_paths();
  return !paths || std::any_of(paths->begin(), paths->end(), test);
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

bool is_value_out(const RequestReadings& request) {
  const bool names_a_method = !request.overrides().are_none();
  if (is_reading(request.method()) && !names_a_method) {
    return false;
  }
  // What is of tier 1 is so for all methods that change anything.
  const std::string_view method = names_a_method ? "POST" : request.method();
  return any_reading(request,
                     [&](std::string_view path) { return path_is_value_out(method, path); });
}

bool is_websocket_path(const RequestReadings& request) {
  constexpr auto kDoors = std::to_array<std::string_view>({"ws-api", "ws-fapi", "ws-dapi"});
  return any_reading(request, [&](std::string_view path) {
    return path.starts_with('/') && holds(kDoors, take_segment(path));
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
  return is_known || contains(base::to_lower(path), "order") ? OrderForm::unvaluable
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
