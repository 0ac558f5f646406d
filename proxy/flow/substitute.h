// SPDX-License-Identifier: Apache-2.0
//
// The only place where a secret meets a message (I5), and only in the loop's scratch, which is
// locked. Before anything is recorded or sent the credential is rendered once, its place is asked
// whether it can stand there, and it is thrown away; once the decision is durable it is rendered
// again, and stays in the scratch until the codec has written the head
// (flow/outgoing_request.h). In between a request holds the opened secrets, shared with all who
// wait with the same ones, and nothing of its own.
#pragma once

#include <cstddef>
#include <optional>

#include "bindings/edits.h"
#include "bindings/injection.h"
#include "bindings/placement.h"
#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::flow {

// What a head's credential is rendered from, and where it goes.
struct Credential {
  const bindings::Injection& injection;
  bindings::RenderInput input;
  const bindings::Placement& placement;
  bindings::HeadParts head;
  std::optional<std::size_t> part;  // as in bindings::Filling
};

// Can it be rendered, and stand in its place? `scratch` is used in between and left empty.
// invalid_input when it cannot, limit_exceeded when it is too long; unavailable when there is no
// locked memory to render it in.
base::Status check_credential(const Credential& credential, vault::LockedBuffer& scratch);

// Adds the edit that puts the credential in its place; what it is a view of lies in `scratch`,
// which is empty after an error. Fails as check_credential does.
base::Status place_credential(const Credential& credential,
                              vault::LockedBuffer& scratch,
                              bindings::Edits& edits);

}  // namespace keyswap::flow
