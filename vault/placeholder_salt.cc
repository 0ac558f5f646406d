// SPDX-License-Identifier: Apache-2.0
#include "vault/placeholder_salt.h"

#include <sodium.h>

#include "proxy/base/bytes.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kOwnSaltBytes = 32;
static_assert(crypto_generichash_KEYBYTES == kOwnSaltBytes && crypto_generichash_BYTES == 32);

base::Result<Secret> make_salt() {
  auto bytes = LockedBytes::of_size(kOwnSaltBytes);
  if (!bytes) {
    return bytes.error();
  }
  randombytes_buf(bytes->data(), bytes->size());
  return Secret::adopt(std::move(*bytes), kOwnSaltBytes);
}

}  // namespace

base::Result<Secret> placeholder_salt(Vault& vault) {
  auto salt = vault.fetch_system(kPlaceholderSaltName);
  if (salt || salt.error().code != base::Errc::not_found) {
    return salt;
  }
  auto made = make_salt();
  if (!made) {
    return made.error();
  }
  const auto added = vault.add_system(kPlaceholderSaltName, *made);
  // Another command may have been faster: one salt counts.
  if (!added && added.error().code == base::Errc::already_exists) {
    return vault.fetch_system(kPlaceholderSaltName);
  }
  KS_TRY(added);
  return made;
}

base::Result<std::array<std::uint8_t, 32>> placeholder_seed(const Secret& salt,
                                                            std::string_view name) {
  if (salt.size() != kOwnSaltBytes) {
    return base::Error{base::Errc::invalid_input, "a placeholder's salt is 32 bytes"};
  }
  std::array<std::uint8_t, crypto_generichash_BYTES> seed{};
  crypto_generichash(seed.data(),
                     seed.size(),
                     base::as_unsigned(name.data()),
                     name.size(),
                     base::as_unsigned(salt.reveal().data()),
                     kOwnSaltBytes);
  return seed;
}

}  // namespace keyswap::vault
