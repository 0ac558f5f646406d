// SPDX-License-Identifier: Apache-2.0
//
// The one writer of edits: what leaves of a request's head. Hop-by-hop fields go; whatever a
// credential, a signer or a reverse route changes stands in its place; nothing else is different
// (I9).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/signer.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "proxy/http/outgoing.h"

namespace keyswap::flow {

// What becomes of a head besides its credential's field: what a signer or a reverse route changes.
struct Rewrite {
  bindings::Edits edits;
  std::string host;  // the new value of Host; "" as it came
  // The body was collected: the head says its length, and no longer waits for "100 Continue".
  std::optional<std::size_t> body_bytes;
};

// I9: are the edits such that nothing but what they name changes? invalid_input or limit_exceeded
// if not.
base::Status check_rewrite(const Rewrite& rewrite);

// A credential's field with the secret in it.
struct CredentialField {
  // The number of the field whose value it replaces. Nothing: the first of that name; it is added
  // where there is none, and further ones go.
  std::optional<std::size_t> at;
  std::string_view name;
  std::string_view value;  // in locked memory
};

// A view of all that it is given. `rewrite` and `credential` may be null: nothing of that kind.
http::OutgoingRequest outgoing_request(const http::RequestHead& head,
                                       std::string_view target,
                                       const Rewrite* rewrite,
                                       const CredentialField* credential);

}  // namespace keyswap::flow
