// SPDX-License-Identifier: Apache-2.0
//
// Is a credential kept and bound already, as an import would do it? So an import that was cut off
// can be run again, and two files with one value need one secret.
#pragma once

#include <string>
#include <string_view>

#include "bindings/provider.h"
#include "proxy/cli/bindings_file.h"
#include "vault/vault.h"

namespace keyswap::cli {

// The rule of the file whose secret has this value, and which puts it into requests to the
// provider's hosts (`host`: the one that is its user's) as the provider says; null: there is none,
// or it cannot be told.
const bindings::SecretRule* find_known_rule(const vault::Vault& vault,
                                            const BindingsFile& file,
                                            const bindings::Provider& provider,
                                            const std::string& host,
                                            std::string_view value);

// Is this the value that the vault has under that name?
bool is_kept(const vault::Vault& vault, const vault::SecretName& name, std::string_view value);

}  // namespace keyswap::cli
