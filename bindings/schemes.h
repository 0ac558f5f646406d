// SPDX-License-Identifier: Apache-2.0
//
// The table of schemes, without those of venues (bindings/venue.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bindings/scheme.h"

namespace keyswap::bindings {

// Every scheme, the default one first.
std::span<const Scheme* const> schemes();
// The scheme of that name, or nullptr.
const Scheme* find_scheme(std::string_view name);

// Lower case of `name`, or why no scheme may write that header: it frames the message, names the
// destination, or never goes further than this proxy. For the schemes themselves.
struct CredentialHeader {
  std::string name;     // "" if it is refused
  std::string problem;  // "" if it is not
};

CredentialHeader credential_header(std::string_view name);

}  // namespace keyswap::bindings
