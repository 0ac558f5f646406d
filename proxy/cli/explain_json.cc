// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/explain_json.h"

#include <nlohmann/json.hpp>

#include "bindings/body_rules.h"
#include "bindings/model_rules.h"
#include "bindings/trading_rules.h"
#include "proxy/cli/limit_text.h"

namespace keyswap::cli {

namespace {

using Json = nlohmann::ordered_json;

Json trading_json(const bindings::TradingRules& rules) {
  Json json = Json::object();
  if (rules.max_order_e8) {
    json["max_order_usd"] = format_amount(*rules.max_order_e8);
  }
  if (rules.daily_volume_e8) {
    json["daily_volume_usd"] = format_amount(*rules.daily_volume_e8);
  }
  if (!rules.symbols.empty()) {
    json["symbols"] = rules.symbols;
  }
  if (!rules.order_types.empty()) {
    json["order_types"] = rules.order_types;
  }
  for (const auto& endpoint : rules.endpoints) {
    json["endpoints"].push_back(endpoint.method + " " + endpoint.path);
  }
  return json;
}

// All that bounds the use of a binding, null if nothing does. What has no bound is left out.
Json limits_json(const bindings::Scope& scope) {
  Json json;
  if (scope.rate_limit) {
    json["rate_limit"] = {{"requests", scope.rate_limit->requests},
                          {"per_seconds", scope.rate_limit->per_ms / 1000}};
  }
  if (scope.quota_per_day) {
    json["quota_per_day"] = *scope.quota_per_day;
  }
  if (scope.max_body_bytes) {
    json["max_body_bytes"] = *scope.max_body_bytes;
  }
  if (scope.response_timeout_ms) {
    json["response_timeout_seconds"] = *scope.response_timeout_ms / 1000;
  }
  if (scope.approval != nullptr) {
    json["approve"] = describe_approval(*scope.approval);
  }
  for (const auto& blocked : scope.blocked) {
    json["blocked"].push_back(format_endpoint(blocked));
  }
  if (scope.body_rules != nullptr) {
    json["body_rules"] = bindings::describe(*scope.body_rules);
  }
  if (scope.models != nullptr) {
    json["model_rules"] = bindings::describe(*scope.models);
  }
  if (scope.trading != nullptr) {
    json["trading_rules"] = trading_json(*scope.trading);
  }
  return json;
}

Json places_json(const std::vector<PlaceVerdict>& places) {
  Json json = Json::array();
  for (const PlaceVerdict& place : places) {
    json.push_back({{"place", place.place},
                    {"swapped", place.is_swapped},
                    {"reason", place.reason},
                    {"why", place.why},
                    {"binding", place.scope}});
  }
  return json;
}

}  // namespace

std::string explanation_json(const RequestToExplain& request, const Explanation& explanation) {
  Json json;
  json["method"] = request.method;
  json["scheme"] = request.is_https ? "https" : "http";
  json["host"] = request.destination.host;
  json["port"] = request.destination.port;
  json["path"] = request.path;
  json["handling"] = explanation.handling;
  json["refusal"] = explanation.refusal.empty() ? Json() : Json(explanation.refusal);
  json["captured"] = explanation.captured;
  json["secrets"] = Json::array();
  for (const SecretVerdict& verdict : explanation.secrets) {
    json["secrets"].push_back(
        {{"secret", verdict.secret},
         {"swapped", verdict.is_swapped},
         {"reason", verdict.reason},
         {"why", verdict.why},
         {"scheme", verdict.scheme},
         {"header", verdict.header},
         {"place", verdict.place},
         {"places", places_json(verdict.places)},
         {"binding", verdict.scope},
         {"caller", verdict.caller.empty() ? Json() : Json(verdict.caller)},
         {"scrub",
          verdict.limits == nullptr ? Json() : Json(verdict.limits->is_scrubbed ? "on" : "off")},
         {"uninspectable",
          verdict.limits == nullptr
              ? Json()
              : Json(verdict.limits->uninspectable == bindings::Uninspectable::block ? "block"
                                                                                     : "forward")},
         {"real_value",
          verdict.limits == nullptr
              ? Json()
              : Json(verdict.limits->real_value == bindings::RealValue::refuse ? "refuse"
                                                                               : "forward")},
         {"limit", verdict.limits == nullptr ? Json() : limits_json(*verdict.limits)}});
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace keyswap::cli
