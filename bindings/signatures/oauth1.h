// SPDX-License-Identifier: Apache-2.0
//
// Signatures of OAuth 1.0a (RFC 5849 section 3.4): HMAC-SHA1, and HMAC-SHA256 in the same way. What
// a request's parameters are, and where they stand, bindings/schemes/oauth1.cc reads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bindings/digest.h"
#include "proxy/base/result.h"

namespace keyswap::bindings::oauth1 {

// Encoded as section 3.6 says, once (UrlPart::parameter); views, since a value can be a secret.
struct Parameter {
  std::string_view name;
  std::string_view value;
};

struct SignedRequest {
  std::string_view method;                // in upper case
  std::string_view uri;                   // with scheme and host, without a query (section 3.4.1.2)
  std::span<const Parameter> parameters;  // of query, form and header, in any order
};

// As they are, not encoded. Without a token its secret is empty.
struct Secrets {
  std::string_view consumer;
  std::string_view token;
};

// The hash of "HMAC-SHA1" and of "HMAC-SHA256"; nothing for other methods.
std::optional<HashKind> hash_of_method(std::string_view method);

// In base64. unavailable when there is no locked memory, or the library fails.
base::Result<std::string> signature_of(HashKind hash,
                                       const SignedRequest& request,
                                       const Secrets& secrets);

}  // namespace keyswap::bindings::oauth1
