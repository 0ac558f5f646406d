// SPDX-License-Identifier: Apache-2.0
//
// Paths held against the table of Binance's endpoints (bindings/venues/binance/endpoint_table.h).
// What blocks does so in any reading of a path, ASCII case ignored; what opens is compared byte by
// byte.
#pragma once

#include <string_view>

#include "bindings/request_readings.h"
#include "bindings/venues/binance/endpoint_table.h"

namespace keyswap::bindings::binance {

// GET and HEAD: they change nothing.
bool is_reading(std::string_view method);

// The row for `path` as it stands (ASCII case ignored), or nullptr. Tier 1 goes before 2 before 3.
const Endpoint* find_endpoint(std::string_view method, std::string_view path);

// Is the request's path, in any reading that some server gives it, of tier 1 for a method that the
// request has or names (bindings/method_overrides.h), or does it have a word that says so
// (withdraw, payout; transfer where the table does not know it)? Also a path with too many readings
// to tell; and such a path with any override, whatever it names.
bool is_value_out(const RequestReadings& request);

// Is it, in any reading, a door to the WebSocket API, where orders are frames?
bool is_websocket_path(const RequestReadings& request);

// As genuine clients send it: '/' and segments of letters, digits, '.', '-', '_', none empty, "."
// or ".."; so that every server reads it alike.
bool is_plain_path(std::string_view path);

// How an order is valued: that of the row of tier 3; of another endpoint whose path speaks of
// orders: unvaluable. Reading and DELETE: none.
OrderForm order_form_of(std::string_view method, std::string_view path);

// Does the endpoint take a signature? Not: market data, times, listen keys (an unread parameter
// is an error there, -1104). `path` plain; compared exactly.
bool takes_signature(std::string_view method, std::string_view path);

}  // namespace keyswap::bindings::binance
