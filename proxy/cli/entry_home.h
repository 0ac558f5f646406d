// SPDX-License-Identifier: Apache-2.0
//
// The home in which a command gives an entry of the vault a value, with whoever has to seal that
// first: the `transit` source of the bindings whose secret the entry is. What is written by hand is
// then what the proxy can open. Where no source seals the entry, it is the home alone, and no
// bindings are needed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"
#include "proxy/cli/run_online.h"
#include "proxy/cli/secret.h"
#include "vault/secret.h"
#include "vault/secret_name.h"

namespace keyswap::cli {

// Says on stderr which of these entries have to be sealed yet, after they were put in as they are.
void remark_unsealed(const Home& home, const std::vector<vault::SecretName>& names);

class EntryHome {
 public:
  static Outcome<EntryHome> open(const std::string& home,
                                 const UnlockOptions& unlock,
                                 const vault::SecretName& name);

  [[nodiscard]] const Home& home() const;
  [[nodiscard]] vault::Vault& vault();

  // The value as it has to be kept; as it is, where nothing seals it. Says on stderr when it was
  // sealed here, since Transit was not to be had.
  Outcome<vault::Secret> sealed(const vault::SecretName& name, vault::Secret value);

 private:
  EntryHome() = default;
  [[nodiscard]] Outcome<vault::Secret> unsealed(const vault::SecretName& name,
                                                vault::Secret value) const;

  std::optional<OpenHome> alone_;
  std::unique_ptr<Online> online_;
  std::string sealer_;
};

}  // namespace keyswap::cli
