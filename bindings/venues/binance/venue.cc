// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/venue.h"

#include <algorithm>
#include <array>

#include "bindings/config_issues.h"
#include "bindings/request_readings.h"
#include "bindings/venues/binance/endpoints.h"
#include "bindings/venues/binance/hosts.h"
#include "bindings/venues/binance/methods.h"
#include "bindings/venues/binance/scheme.h"

namespace keyswap::bindings::binance {

namespace {

std::vector<VenueHost> venue_hosts() {
  std::vector<VenueHost> known;
  for (const auto& host : hosts()) {
    known.push_back({host.list, host.name, host.is_websocket_api, host.other_port});
  }
  return known;
}

void report_value_out(bindings::Place place, ConfigIssues& issues) {
  issues.error(place,
               "this endpoint moves value out of the account; no configuration lets it through",
               "it is of tier 1: keyswap help endpoints");
}

bool is_open_everywhere(std::string_view name) {
  return std::ranges::all_of(
      methods(), [&](const Method& method) { return method.name != name || method.is_open; });
}

// An entry that names a method of the WebSocket API.
void check_message_method(const std::string& name, bindings::Place place, ConfigIssues& issues) {
  const auto* const method = find_method(name);
  if (is_value_out_method(name)) {
    report_value_out(place, issues);
  } else if (method == nullptr || method->name != name) {
    issues.error(place,
                 quoted_or(name, "this") + " is no method of the WebSocket API that is known",
                 "as in \"WS order.cancelReplace\": keyswap help endpoints");
  } else if (is_open_everywhere(name)) {
    issues.warning(place, "WS " + name + " is let through without being named in `endpoints`");
  }
}

class Binance final : public Venue {
 public:
  [[nodiscard]] const Scheme& scheme() const override { return kScheme; }

  [[nodiscard]] std::span<const VenueHost> hosts() const override { return hosts_; }

  [[nodiscard]] std::span<const TradingKey> trading_keys() const override { return kTradingKeys; }

  void check_endpoint(const NamedEndpoint& endpoint,
                      bindings::Place place,
                      ConfigIssues& issues) const override {
    constexpr auto kMethods =
        std::to_array<std::string_view>({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"});
    if (endpoint.method == kMessageMethod) {
      check_message_method(endpoint.path, place, issues);
      return;
    }
    const bool is_method = std::ranges::find(kMethods, endpoint.method) != kMethods.end();
    if (!is_method || !is_plain_path(endpoint.path)) {
      issues.error(place,
                   "an entry of `endpoints` is a method and a whole path",
                   "as in \"POST /sapi/v1/asset/transfer\"; no wildcards");
      return;
    }
    const RequestReadings request(endpoint.method, endpoint.path);
    if (is_value_out(request) || is_websocket_path(request)) {
      report_value_out(place, issues);
    } else if (is_reading(endpoint.method)) {
      issues.warning(place, "GET and HEAD are let through without being named in `endpoints`");
    }
  }

  void check_scope(const Scope& scope, bindings::Place place, ConfigIssues& issues) const override {
    const auto* const host = scope.host.is_wildcard ? nullptr : find_host(scope.host.host);
    const bool takes_messages = host != nullptr && host->is_websocket_api;
    if (scope.host.host == kPayHost) {
      issues.error(place,
                   scope.host.host + " is blocked and cannot be bound",
                   "it pays out: keyswap help endpoints");
    } else if (takes_messages && !scope.websocket) {
      issues.error(place,
                   scope.host.host + " takes messages on a WebSocket only and cannot be bound so",
                   "set `websocket: true`");
    } else if (scope.websocket && !takes_messages) {
      issues.error(
          place,
          "`websocket: true` at " + scope.host.host + ": this host's messages could not be judged",
          "for the scheme binance it stands at ws-api.binance.com and its like, or with "
          "`hosts`");
    }
  }

  [[nodiscard]] bool serves_route(std::string_view host, std::string_view segment) const override {
    return binance::serves_route(host, segment);
  }

  // An order that was refused is no order; of any other answer it may have been made. So with two
  // of the 4xx: 408 is a time-out behind the venue's front (-1007, "execution status unknown"),
  // and 409 an order/cancelReplace of which one half was done.
  // Sources: "HTTP Return Codes" (409) and "Error Codes" (-1007) of developers.binance.com.
  [[nodiscard]] bool says_refused(int status) const override {
    constexpr int kRequestTimeout = 408;
    constexpr int kConflict = 409;
    return status >= 400 && status < 500 && status != kRequestTimeout && status != kConflict;
  }

  [[nodiscard]] std::string note_on(std::string_view method, std::string_view path) const override {
    const auto* const row = find_endpoint(method, path);
    return row == nullptr
               ? ""
               : "the endpoint is of tier " + std::to_string(static_cast<int>(row->tier) + 1) +
                     " (" + std::string(row->group) + ")";
  }

 private:
  std::vector<VenueHost> hosts_ = venue_hosts();
};

}  // namespace

const Venue& venue() {
  static const Binance binance;
  return binance;
}

}  // namespace keyswap::bindings::binance
