// SPDX-License-Identifier: Apache-2.0
//
// The canonical form of a request that AWS Signature Version 4 signs. It is written into a sink and
// never put together in a string: a session token or a key id in it is a vault entry's (I1).
// Source: "Create a signed AWS API request" of the IAM User Guide, and the Amazon S3 API reference.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"

namespace keyswap::bindings::sigv4 {

// A parameter of the query, encoded as it is signed.
struct Parameter {
  std::string name;
  std::string value;
  std::string_view locked = {};  // not empty: it stands for the value; somebody else's bytes
};

struct CanonicalRequest {
  std::string_view method;
  std::string_view path;                      // as it is sent
  std::span<const Parameter> query;           // as read_query() orders them
  std::span<const http::Field> fields;        // all that there are
  std::span<const std::string> signed_names;  // lower case, ascending
  std::string_view payload_hash;
  // S3 signs a path as it is; all others clean it up and encode once more what is encoded.
  bool is_s3 = false;
};

// Every byte but the unreserved ones of RFC 3986, and those of `kept`, as "%XX". False: no room.
[[nodiscard]] bool append_encoded(std::string_view bytes,
                                  std::string_view kept,
                                  base::ByteSink& out);

// The bytes that stand for themselves in a query or a path with its escapes undone. invalid_input:
// an escape that is none.
base::Result<std::string> decoded(std::string_view encoded);

// A Host field's value without https' own port, which is not signed.
std::string_view without_port(std::string_view host);

// The parameters of a query, in the order in which they are signed. invalid_input for what clients
// sign differently: a raw '+', or an escape that is none.
base::Result<std::vector<Parameter>> read_query(std::string_view query);

// limit_exceeded: the sink is full. invalid_input: the path has an escape that is none.
base::Status write_canonical(const CanonicalRequest& request, base::ByteSink& out);

// Lower-case hex of its SHA-256.
base::Result<std::string> canonical_hash(const CanonicalRequest& request);

}  // namespace keyswap::bindings::sigv4
