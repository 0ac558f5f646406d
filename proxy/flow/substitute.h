// SPDX-License-Identifier: Apache-2.0
//
// The only place where a secret meets a message (I5), and only in the loop's scratch, which is
// locked. Before anything is recorded or sent all credentials of a request are rendered once, their
// places are asked whether they can stand there, and they are thrown away; once the decision is
// durable they are rendered again, and stay in the scratch until the codec has written the head
// (flow/outgoing_request.h). In between a request holds the opened secrets, shared with all who
// wait with the same ones, and nothing of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bindings/binding.h"
#include "bindings/body_text.h"
#include "bindings/edits.h"
#include "bindings/placement.h"
#include "proxy/base/result.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/decide_text.h"
#include "proxy/flow/scrub.h"
#include "vault/secret.h"

namespace keyswap::flow {

// What a head's credentials are rendered from, and where they go.
struct Credentials {
  const bindings::Bindings& bindings;
  std::span<const Use> uses;               // as in Verdict
  std::span<const vault::Secret> secrets;  // of each place in turn, as Injection::needs() has them
  std::int64_t now_s = 0;
  bindings::HeadParts head;
};

// Can all be rendered, and stand in their places? `scratch` is used in between and left empty.
// invalid_input when one cannot, limit_exceeded when one is too long, or when the head with all of
// them does not fit behind them into the scratch; unavailable when there is no locked memory to
// render it in.
base::Status check_credentials(const Credentials& credentials, vault::LockedBuffer& scratch);

// What comes at a place in a body, as it is written in such a body; rendered in `scratch`, which is
// left empty. Fails as check_credentials does.
base::Result<vault::Secret> render_for_body(const bindings::SecretPlace& place,
                                            const bindings::RenderInput& input,
                                            bindings::BodyText text,
                                            vault::LockedBuffer& scratch);

// What a text message is written of, and the secrets of its places.
struct TextCredentials {
  const bindings::Bindings& bindings;
  std::span<const TextPiece> pieces;
  std::span<const PlaceOf> places;         // all that the pieces name
  std::span<const vault::Secret> secrets;  // one of each of them in turn
};

// The message with the secrets in it: in a string escaped as JSON does, elsewhere as they are.
// invalid_input when one cannot stand there; limit_exceeded past bounds::kWebSocketMessageBytesMax;
// unavailable when there is no locked memory.
base::Result<vault::Secret> write_text(const TextCredentials& credentials);

// Adds the edits that put the credentials in their places; what they are views of lies in
// `scratch`, which is empty after an error. Fails as check_credentials does.
base::Status place_credentials(const Credentials& credentials,
                               vault::LockedBuffer& scratch,
                               bindings::Edits& edits);

// What a place's scheme made of its secrets.
struct DerivedCredential {
  std::uint32_t rule = 0;
  vault::Secret value;
};

// I8: appends the credentials in which `known` finds nothing, so that they would not be known if
// they came back. Fails as check_credentials does.
base::Status find_derived(const Credentials& credentials,
                          Scrubber* known,
                          vault::LockedBuffer& scratch,
                          std::vector<DerivedCredential>& derived);

}  // namespace keyswap::flow
