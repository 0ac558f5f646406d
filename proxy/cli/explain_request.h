// SPDX-License-Identifier: Apache-2.0
//
// What the bindings say about one request, in words: the answer of `keyswap bindings explain`. Asks
// the same Bindings::match_scope and forbidding_rule that decide at run time, with the same
// readings of path and method (bindings/request_readings.h; of overrides those that the URL's query
// has), and the same guard of destinations (proxy/flow/destination_guard.h) as far as it goes
// without looking a name up; what it adds is only the reason. Pure.
#pragma once

#include <string>
#include <vector>

#include "bindings/binding.h"
#include "proxy/cli/failure.h"
#include "proxy/http/target.h"

namespace keyswap::cli {

struct RequestToExplain {
  std::string method;
  bool is_https = true;
  http::Authority destination;
  std::string path;    // without query
  std::string target;  // with it: a scope may read it (git's discovery names its service there)
};

// "GET", "https://api.example.com/v1/x?y" -> the parts, as the proxy would see them.
Outcome<RequestToExplain> parse_request(const std::string& method, const std::string& url);

struct SecretVerdict {
  std::string secret;
  std::string scheme;
  std::string header;
  bool is_swapped = false;
  std::string scope;                        // the binding that decides, "" if none
  const bindings::Scope* limits = nullptr;  // that binding, in the bindings that were asked
  std::string reason;  // as in the audit log: binding_matched, destination_not_in_binding, ...
  std::string why;     // a sentence
};

struct Explanation {
  std::string handling;  // what happens to the connection
  std::string refusal;   // the reason, if the request is refused whatever it carries; else ""
  std::vector<SecretVerdict> secrets;
  bool is_any_swapped = false;
};

Explanation explain_request(const bindings::Bindings& bindings, const RequestToExplain& request);

}  // namespace keyswap::cli
