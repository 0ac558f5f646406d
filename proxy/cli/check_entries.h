// SPDX-License-Identifier: Apache-2.0
//
// For `keyswap bindings check`: entries of the vault that cannot do what the bindings want of them,
// because a private key only signs requests, and a text is only sent. Such a request would be
// refused at the time it comes; or it would send a private key that somebody added as a text.
#pragma once

#include "bindings/binding.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"

namespace keyswap::cli {

// Warns of them on stderr. Says nothing where the vault is not there, does not open, or somebody
// would have to be asked for a passphrase: a file can be checked without one.
void warn_of_entries(const Home& home,
                     const UnlockOptions& unlock,
                     const bindings::Bindings& bindings);

}  // namespace keyswap::cli
