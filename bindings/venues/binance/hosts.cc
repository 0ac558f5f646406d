// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/hosts.h"

#include <algorithm>
#include <array>

namespace keyswap::bindings::binance {

namespace {

template <typename... Families>
constexpr std::uint8_t serving(Families... families) {
  return static_cast<std::uint8_t>(((1U << static_cast<unsigned>(families)) | ... | 0U));
}

using enum Family;

constexpr std::string_view kSpot = "binance.spot";
constexpr std::string_view kFutures = "binance.futures";
constexpr std::string_view kOptions = "binance.options";
constexpr std::string_view kPortfolio = "binance.portfolio";
constexpr std::string_view kTestnet = "binance.testnet";

// Not here: hosts of market data and streams, which take no key, and FIX, which is no HTTP.
constexpr std::array kHosts = {
    Host{kSpot, "api.binance.com", serving(api, sapi)},
    Host{kSpot, "api-gcp.binance.com", serving(api, sapi)},
    Host{kSpot, "api1.binance.com", serving(api, sapi)},
    Host{kSpot, "api2.binance.com", serving(api, sapi)},
    Host{kSpot, "api3.binance.com", serving(api, sapi)},
    Host{kSpot, "api4.binance.com", serving(api, sapi)},
    Host{kSpot, "ws-api.binance.com", 0, true, Market::spot, 9443},
    Host{kFutures, "fapi.binance.com", serving(fapi)},
    Host{kFutures, "dapi.binance.com", serving(dapi)},
    Host{kFutures, "ws-fapi.binance.com", 0, true, Market::usd_futures},
    Host{kFutures, "ws-dapi.binance.com", 0, true, Market::coin_futures},
    Host{kOptions, "eapi.binance.com", serving(eapi)},
    Host{kPortfolio, "papi.binance.com", serving(papi)},
    Host{kTestnet, "testnet.binance.vision", serving(api)},
    Host{kTestnet, "demo-api.binance.com", serving(api, sapi)},
    // Its WebSocket APIs of two markets differ in their path alone, which a message does not show:
    // it stays a host of requests.
    Host{kTestnet, "testnet.binancefuture.com", serving(fapi, dapi, eapi)},
    Host{kTestnet, "demo-fapi.binance.com", serving(fapi)},
    Host{kTestnet, "ws-api.testnet.binance.vision", 0, true},
    Host{kTestnet, "demo-ws-api.binance.com", 0, true},
    // Another company with the same rules: named alone, never by a list.
    Host{"", "api.binance.us", serving(api, sapi)},
};

struct Route {
  std::string_view segment;
  Family family;
};

constexpr std::array kRoutes = {
    Route{"api", api}, Route{"sapi", sapi}, Route{"fapi", fapi}, Route{"dapi", dapi}};

}  // namespace

std::span<const Host> hosts() {
  return kHosts;
}

const Host* find_host(std::string_view name) {
  const auto* const found = std::find_if(
      kHosts.begin(), kHosts.end(), [&](const Host& host) { return host.name == name; });
  return found == kHosts.end() ? nullptr : found;
}

std::string_view websocket_path_of(Market market) {
  switch (market) {
    case Market::spot:
      return "/ws-api/v3";
    case Market::usd_futures:
      return "/ws-fapi/v1";
    case Market::coin_futures:
      return "/ws-dapi/v1";
    case Market::options:
      return "";
  }
  return "";
}

bool serves_route(std::string_view host, std::string_view segment) {
  const auto* const route = std::ranges::find(kRoutes, segment, &Route::segment);
  const auto* const row = find_host(host);
  return route != kRoutes.end() && row != nullptr && row->serves(route->family);
}

}  // namespace keyswap::bindings::binance
