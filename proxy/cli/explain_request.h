// SPDX-License-Identifier: Apache-2.0
//
// What the proxy would do with one request, in words: what `keyswap bindings explain` answers. What
// it does is asked of the proxy itself (explain_road.h), for a request without any placeholder and
// for one with each secret's; here the reason is put into a sentence. Of overriding methods it
// knows those that the URL's query has. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "proxy/cli/explain_road.h"
#include "proxy/cli/failure.h"
#include "vault/vault.h"

namespace keyswap::cli {

// "GET", "https://api.example.com/v1/x?y" -> the parts, as the proxy would see them.
Outcome<RequestToExplain> parse_request(const std::string& method, const std::string& url);

// Somebody with a token, where the bindings name nobody.
inline constexpr std::string_view kAnyCaller = "*";

// Of one place that the secret may stand in.
struct PlaceVerdict {
  std::string place;  // "query parameter key"
  bool is_swapped = false;
  std::string scope;  // the binding that decides, "" if none
  std::string reason;
  std::string why;
};

// Of a secret: of the first of its places that would be swapped, or else the first.
struct SecretVerdict {
  std::string secret;
  std::string scheme;
  std::string header;  // or the parameter, or the cookie
  std::string place;   // "header x-api-key"
  bool is_swapped = false;
  bool is_elsewhere = false;                // no binding of it names this host
  std::string scope;                        // the binding that decides, "" if none
  const bindings::Scope* limits = nullptr;  // that binding, in the bindings that were asked
  std::string caller;  // the request would have to be this caller's; "" = anybody's
  std::string reason;  // as in the audit log: binding_matched, destination_not_in_binding, ...
  std::string why;     // a sentence
  std::vector<PlaceVerdict> places;  // all of them, where there are several
};

struct Explanation {
  std::string handling;  // what happens to the connection
  std::string refusal;   // the reason, if the request is refused whatever it carries; else ""
  std::vector<SecretVerdict> secrets;  // in the order of the rules
  bool is_any_swapped = false;
  std::vector<std::string> captured;  // secrets whose value is taken of the answer
};

// `caller`: who sends it; nothing: whoever may.
Explanation explain_request(const bindings::Bindings& bindings,
                            const RequestToExplain& request,
                            const std::optional<std::string>& caller = std::nullopt);

// A secret that would be swapped in and that the vault does not have is refused with 503.
void explain_missing(const bindings::Bindings& bindings,
                     const vault::Vault& vault,
                     Explanation& explanation);

}  // namespace keyswap::cli
