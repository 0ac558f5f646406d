// SPDX-License-Identifier: Apache-2.0
//
// The only place where a secret meets a message (I5). First the credential is rendered and held
// against the grammar of a field value, before anything is recorded or sent; then, once the
// decision is durable, the outgoing head is written with it in the one field that the verdict
// names. Both in locked memory.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "bindings/injection.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
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

}  // namespace keyswap::flow
