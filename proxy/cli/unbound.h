// SPDX-License-Identifier: Apache-2.0
//
// Secrets of the vault that no rule of the bindings uses. Nothing is wrong with one; but it is
// never sent, and whoever added it mostly thinks that all is done. What the vault's file says of
// names is enough for that: nobody is asked for a passphrase.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "proxy/cli/home.h"
#include "vault/secret_name.h"

namespace keyswap::cli {

// Those of `names` that no rule needs, in their order.
std::vector<vault::SecretName> unbound_of(const std::vector<vault::SecretName>& names,
                                          const bindings::Bindings& bindings);

// The same of all that the home's vault has; none where it cannot be read.
std::vector<vault::SecretName> unbound_in(const Home& home, const bindings::Bindings& bindings);

// One line: which those are, and the command that makes a rule; if none
// is given, that is `bindings add`. "" if there are none.
std::string unbound_text(const std::vector<vault::SecretName>& unbound,
                         std::string_view command = {});

// Says it on stderr of those of `names`, after they were added: by the bindings that the running
// proxy serves, else by the home's. Says nothing where these cannot be read.
void remark_unbound(const Home& home,
                    const std::vector<vault::SecretName>& names,
                    std::string_view command = {});

}  // namespace keyswap::cli
