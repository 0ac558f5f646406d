// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/policy.h"

#include <algorithm>
#include <string>

#include "bindings/order_limits.h"
#include "bindings/venues/binance/endpoints.h"
#include "bindings/venues/binance/hosts.h"
#include "bindings/venues/binance/order.h"
#include "proxy/base/bytes.h"
#include "proxy/http/target.h"

namespace keyswap::bindings::binance {

namespace {

bool is_form(const http::HeaderList& fields) {
  const auto* const type = fields.find("content-type");
  if (type == nullptr || fields.count("content-type") != 1) {
    return false;
  }
  auto media = type->value.substr(0, type->value.find(';'));
  while (!media.empty() && (media.back() == ' ' || media.back() == '\t')) {
    media.remove_suffix(1);
  }
  return base::equal_ignoring_case(media, "application/x-www-form-urlencoded");
}

bool is_named(const TradingRules* rules, std::string_view method, std::string_view path) {
  return rules != nullptr &&
         std::any_of(
             rules->endpoints.begin(), rules->endpoints.end(), [&](const NamedEndpoint& endpoint) {
               return endpoint.method == method && endpoint.path == path;
             });
}

// Compared byte by byte: what is open is written as the vendor writes it.
bool is_open_by_default(std::string_view method, std::string_view path) {
  const auto all = endpoints();
  return std::any_of(all.begin(), all.end(), [&](const Endpoint& endpoint) {
    return endpoint.is_open_by_default && endpoint.method == method && endpoint.path == path;
  });
}

}  // namespace

std::string_view query_of(std::string_view target) {
  const auto path = http::path_of(target);
  return path.size() == target.size() ? std::string_view{} : target.substr(path.size() + 1);
}

std::optional<Parameters> parameters_of(const WholeRequest& request) {
  const bool has_body = !request.body.empty();
  if (request.fields.find("content-encoding") != nullptr ||
      (has_body && (is_reading(request.method) || !is_form(request.fields)))) {
    return std::nullopt;
  }
  return read_parameters(query_of(request.target), request.body);
}

bool is_blocked(const WholeRequest& request, const TradingRules* rules) {
  const auto path = http::path_of(request.target);
  const auto* const host = find_host(request.host);
  if ((host != nullptr && host->is_websocket_api) || request.host == kPayHost ||
      !is_plain_path(path)) {
    return true;
  }
  const RequestReadings readings(request.method, request.target, request.fields, request.body);
  if (is_websocket_path(readings) || is_value_out(readings) ||
      readings.overrides().disagree_with(request.method)) {
    return true;
  }
  return !is_reading(request.method) && !is_open_by_default(request.method, path) &&
         !is_named(rules, request.method, path);
}

const Method* find_open_method(std::string_view method,
                               std::string_view host,
                               const TradingRules* rules) {
  const auto* const row = find_host(host);
  if (row == nullptr || !row->is_websocket_api || is_value_out_method(method)) {
    return nullptr;
  }
  const auto* const known = find_method(row->market, method);
  const bool is_open =
      known != nullptr && (known->is_open || is_named(rules, kMessageMethod, known->name));
  return is_open ? known : nullptr;
}

Judgement judge_order(const OrderKind& kind, const TextFields& fields, const TradingRules* rules) {
  if (kind.form == OrderForm::none) {
    return {};
  }
  const TradingRules none;
  const auto& applied = rules == nullptr ? none : *rules;
  return hold_to(
      applied, read_order(kind.form, kind.market, fields, applied.symbols), kind.is_test);
}

Judgement judge_order(std::string_view method,
                      std::string_view path,
                      const Parameters& parameters,
                      const TradingRules* rules) {
  OrderKind kind{order_form_of(method, path), Market::spot, false};
  if (const auto* const endpoint = find_endpoint(method, path)) {
    kind.market = endpoint->market;
    kind.is_test = endpoint->is_test;
  }
  TextFields fields;
  for (const auto& parameter : parameters.list) {
    fields.push_back({parameter.name, parameter.value});
  }
  return judge_order(kind, fields, rules);
}

}  // namespace keyswap::bindings::binance
