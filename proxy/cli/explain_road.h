// SPDX-License-Identifier: Apache-2.0
//
// What the proxy does with one request, found by asking it: the request is written as a client
// would send it, read by the proxy's own decoder, and judged by the functions that the proxy calls,
// in the same order (flow::route, flow::check_tunnelled or flow::find_reverse, flow::decide, the
// guard of destinations). Its client runs as keyswap's own user. Nothing is looked up, dialled or
// opened. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/flow/destination.h"
#include "proxy/http/target.h"

namespace keyswap::cli {

struct RequestToExplain {
  std::string method;
  bool is_https = true;
  http::Authority destination;
  std::string path;    // without query
  std::string target;  // with it, in origin form
};

// What the request carries, and who sends it.
struct Sending {
  const bindings::SecretRule* rule = nullptr;  // its placeholder, in that place; null: none
  std::uint32_t place = 0;                     // of the rule
  bool asks_for_websocket = false;
  std::string caller = {};  // "" unknown
};

struct Answer {
  audit::Decision decision = audit::Decision::refused;
  audit::Reason reason = audit::Reason::malformed_request;
  std::optional<std::uint32_t> rule;  // whom the reason is about
  std::uint32_t scope = 0;            // allowed: which of the rule's
  flow::Destination destination;      // where it goes; that of a reverse route is the route's
  bool is_opaque = false;             // its tunnel is not decrypted
  bool is_ours = false;               // keyswap answers it itself
};

// Is it a request to the listener itself, by a reverse route?
bool is_by_route(const bindings::Bindings& bindings, const RequestToExplain& request);

Answer ask_proxy(const bindings::Bindings& bindings,
                 const RequestToExplain& request,
                 const Sending& sending);

}  // namespace keyswap::cli
