// SPDX-License-Identifier: Apache-2.0
//
// The scheme `jwt` where the client asks for an access token with a token that it signed itself:
// the assertion of a form (RFC 7523 section 2.1). Such a request has no placeholder. That it is the
// client's, its signature says.
#pragma once

#include <memory>

#include "bindings/injection.h"
#include "bindings/schemes/jwt_claims.h"
#include "bindings/signatures/public_key.h"

namespace keyswap::bindings {

// `key`: the vault entry of the private key; `client_key`: that of the client's throw-away key.
std::unique_ptr<const Injection> make_assertion_signer(vault::SecretName key,
                                                       TokenSettings settings,
                                                       PublicKey client_key);

}  // namespace keyswap::bindings
