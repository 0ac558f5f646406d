// SPDX-License-Identifier: Apache-2.0
//
// The vault of this machine (vault/vault.h) as a source of secrets: it has them in memory, and
// answers at once. What was captured and is over it gives no more: `expired`.
#pragma once

#include <optional>

#include "vault/source.h"
#include "vault/vault.h"

namespace keyswap::vault {

class LocalSource final : public Source {
 public:
  // `vault` outlives it.
  explicit LocalSource(const Vault& vault) : vault_(&vault) {}

  [[nodiscard]] std::optional<FetchAnswer> fetch(const Wanted& wanted,
                                                 FetchCallback callback) override;

  void stop() override {}

 private:
  const Vault* vault_;
};

}  // namespace keyswap::vault
