// SPDX-License-Identifier: Apache-2.0
//
// The only place where a secret meets a message (I5). First the credential is rendered and held
// against the grammar of a field value, before anything is recorded or sent; then, once the
// decision is durable, the outgoing head is written with it in the one field that the verdict
// names. Both in locked memory.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bindings/injection.h"
#include "bindings/signer.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "proxy/http/websocket.h"
#include "vault/secret.h"

namespace keyswap::flow {

// The new value of the credential's field. `scratch` is used in between and left empty.
// invalid_input when the value cannot stand in a field, limit_exceeded when it is too long.
base::Result<vault::Secret> render_credential(const bindings::Injection& injection,
                                              const bindings::RenderInput& input,
                                              vault::LockedBuffer& scratch);

// Writes the head as it goes upstream: canonical, hop-by-hop fields gone, nothing else changed.
base::Status encode_request_head(base::ByteSink& out,
                                 const http::RequestHead& head,
                                 std::string_view target);

// The same with the value of field number `field` replaced. Gives the head's bytes, a view into
// `scratch`, which its owner clears as soon as they are encrypted.
base::Result<std::string_view> encode_swapped_head(vault::LockedBuffer& scratch,
                                                   const http::RequestHead& head,
                                                   std::string_view target,
                                                   std::size_t field,
                                                   const vault::Secret& credential);

// A message with the secret in it as one frame of a WebSocket; likewise a view into `scratch`.
base::Result<std::string_view> encode_signed_message(vault::LockedBuffer& scratch,
                                                     const vault::Secret& message,
                                                     const http::Mask& mask);

// What becomes of a head besides one field's value: what a signer or a reverse route changes.
struct Rewrite {
  bindings::Edits edits;
  std::string host;  // the new value of Host; "" as it came
  // The body was collected: the head says its length, and no longer waits for "100 Continue".
  std::optional<std::size_t> body_bytes;
};

// I9: are the edits such that nothing but what they name changes? invalid_input if not.
base::Status check_rewrite(const Rewrite& rewrite);

// The head with the edits in it; like encode_swapped_head.
base::Result<std::string_view> encode_rewritten_head(vault::LockedBuffer& scratch,
                                                     const http::RequestHead& head,
                                                     std::string_view target,
                                                     const Rewrite& rewrite);

}  // namespace keyswap::flow
