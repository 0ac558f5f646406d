// SPDX-License-Identifier: Apache-2.0
//
// Names under which strangers register names of their own ("co.uk", "github.io"): a wildcard over
// one would hand a secret to any of them.
#pragma once

#include <string>

namespace keyswap::bindings {

// Is `host` (normal form, A-labels) a public suffix, of registries or of private operators? The
// list is the system's or libpsl's built-in one, whichever is newer. A name of a top level that the
// list does not know is one only if it is that top level itself.
bool is_public_suffix(const std::string& host);

}  // namespace keyswap::bindings
