// SPDX-License-Identifier: Apache-2.0
//
// Where the placeholder of the scheme `sigv4` stands: as the key id of a client's own signature, in
// `Authorization` or in the query of a presigned URL.
#pragma once

#include <memory>
#include <string_view>

#include "bindings/placement.h"

namespace keyswap::bindings {

// What stands right before it, in both.
inline constexpr std::string_view kCredentialMark = "Credential=";

std::unique_ptr<const Placement> make_credential_place();

// Has it the form of an access key id? Those have 20 characters, fewer than a placeholder, and
// programs look at that.
bool is_key_id(std::string_view text);

}  // namespace keyswap::bindings
