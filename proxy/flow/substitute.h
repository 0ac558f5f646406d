// SPDX-License-Identifier: Apache-2.0
//
// The only place where a secret meets a message (I5), and only in the loop's scratch, which is
// locked. Before anything is recorded or sent the credential is rendered once and held against the
// grammar of a field value, and is thrown away; once the decision is durable it is rendered again,
// into the outgoing head. In between a request holds the opened secrets, shared with all who wait
// with the same ones, and nothing of its own.
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

// What a head's credential is rendered from.
struct Credential {
  const bindings::Injection& injection;
  bindings::RenderInput input;
};

// Can it be rendered, and stand in its field? `scratch` is used in between and left empty.
// invalid_input when it cannot, limit_exceeded when it is too long; unavailable when there is no
// locked memory to render it in.
base::Status check_credential(const Credential& credential, vault::LockedBuffer& scratch);

// Writes the head as it goes upstream: canonical, hop-by-hop fields gone, nothing else changed.
base::Status encode_request_head(base::ByteSink& out,
                                 const http::RequestHead& head,
                                 std::string_view target);

// The same with the value of field number `field` replaced. Gives the head's bytes, a view into
// `scratch`, which its owner clears as soon as they are encrypted. Fails as check_credential does.
base::Result<std::string_view> encode_swapped_head(vault::LockedBuffer& scratch,
                                                   const http::RequestHead& head,
                                                   std::string_view target,
                                                   std::size_t field,
                                                   const Credential& credential);

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

// The head with the edits in it, and with `credential` in its own header where that is not null;
// like encode_swapped_head.
base::Result<std::string_view> encode_rewritten_head(vault::LockedBuffer& scratch,
                                                     const http::RequestHead& head,
                                                     std::string_view target,
                                                     const Rewrite& rewrite,
                                                     const Credential* credential);

}  // namespace keyswap::flow
