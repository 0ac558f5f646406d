// SPDX-License-Identifier: Apache-2.0
//
// Where requests get secrets from: what the event loops may ask of a vault, and all of it. The one
// source today is vault::Vault. Thread-safe; nothing here touches a disk.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/secret_name.h"

namespace keyswap::vault {

class Source {
 public:
  virtual ~Source() = default;

  // The value, opened into locked memory; while somebody holds it, others get handles to the same
  // bytes. not_found, corrupt, unavailable (arena full); invalid_input when the entry is of the
  // other kind: a private key is never handed out as text.
  [[nodiscard]] virtual base::Result<Secret> fetch(const SecretName& name,
                                                   std::int64_t now_s) const = 0;
  [[nodiscard]] virtual base::Result<Secret> fetch_private_key(const SecretName& name,
                                                               std::int64_t now_s) const = 0;

  // Is that what keyswap itself keeps under that name? Takes the same time whatever differs.
  // not_found, corrupt, unavailable.
  [[nodiscard]] virtual base::Result<bool> matches_system(std::string_view name,
                                                          std::string_view value) const = 0;

 protected:
  Source() = default;
  Source(const Source&) = default;
  Source& operator=(const Source&) = default;
  Source(Source&&) = default;
  Source& operator=(Source&&) = default;
};

}  // namespace keyswap::vault
