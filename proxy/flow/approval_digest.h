// SPDX-License-Identifier: Apache-2.0
//
// What a person approves, in one number: of two requests that differ in anything that matters, each
// has another one. It is keyed, so that nobody can try out what was approved. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "vault/secret.h"

namespace keyswap::flow {

// The fields in their order; views live as long as the request.
struct ApprovedRequest {
  std::string_view caller;
  std::string_view secret;
  std::string_view version;  // of the secret: another value is another request
  std::string_view binding;
  std::string_view method;
  std::string_view protocol;
  std::string_view host;         // with its port
  std::string_view path;         // as it is sent
  std::string_view query;        // without its '?'
  std::string_view headers;      // bound_headers()
  std::string_view body_sha256;  // hex
};

// Hex of an HMAC over the fields, each after its length; unavailable when the library fails.
base::Result<std::string> approval_digest(const vault::Secret& key, const ApprovedRequest& request);

// What lets its client ask after an operation: known to whoever was told, and kept nowhere.
base::Result<std::string> operation_token(const vault::Secret& key, std::string_view id);

// Over an operation as it is kept (approvals::sealed_text): who writes the file of operations has
// not the key, and so makes none.
base::Result<std::string> operation_row_seal(const vault::Secret& key, std::string_view text);

// The fields of a head that are a part of what is approved: "name:value\n" each, names in lower
// case, sorted. Those that say what the body is or change what is done, and `more` (lower case).
std::string bound_headers(const http::HeaderList& fields, const std::vector<std::string>& more);

}  // namespace keyswap::flow
