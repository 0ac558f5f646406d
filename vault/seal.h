// SPDX-License-Identifier: Apache-2.0
//
// The cryptography of the vault, without its file: passphrase -> wrapping key -> data key -> one
// subkey for each thing sealed. docs/vault-format.md gives every derivation with its label; what is
// here is that page in code. Keys live in locked memory only (I1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/sealed.h"
#include "vault/secret.h"

namespace keyswap::vault {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kVaultIdBytes = 16;
inline constexpr std::size_t kDigestBytes = 32;

// What the file says in the clear about how it is opened. Bound into the wrapping key, so that none
// of it can be changed without the passphrase.
struct Header {
  std::string vault_id;
  std::int64_t created_at = 0;
  std::string kdf;
  std::int64_t kdf_memory_bytes = 0;
  std::int64_t kdf_passes = 0;
  std::string kdf_salt;
  Sealed wrapped_key;
  std::string checksum;  // no key in it: tells a damaged header from a wrong passphrase
};

// What a row is sealed as. A box opens under no other.
struct CredentialIdentity {
  std::string_view id;
  std::string_view service;
  std::string_view name;
  std::int64_t created_at = 0;
};

// The seal over all rows together: which there are, and how often the file has been written.
struct Manifest {
  std::uint64_t generation = 0;
  std::uint64_t row_count = 0;
  std::string digest;
};

struct DataKey {
  LockedBytes bytes;
};

base::Result<DataKey> make_data_key();
std::string make_vault_id();

// invalid_input for a passphrase that is empty or longer than bounds::kPassphraseBytesMax.
base::Status check_new_passphrase(const Secret& passphrase);

// A header with a fresh salt and today's parameters.
base::Result<Header> wrap_data_key(const DataKey& key,
                                   const Secret& passphrase,
                                   std::string_view vault_id,
                                   std::int64_t created_at);

// What `checksum` must be. Anybody can compute it: it finds accidents, not attacks.
std::string checksum_of(const Header& header);

// corrupt unless the header is whole and its parameters lie between floor and ceiling. Nothing is
// derived before this passed: a changed header can neither weaken the stretching nor exhaust the
// machine.
base::Status check_header(const Header& header);
// wrong_passphrase; corrupt; unavailable when there is no memory for the stretching.
base::Result<DataKey> unwrap_data_key(const Header& header, const Secret& passphrase);

// Seals and opens under subkeys of the data key. Thread-safe.
class Sealer {
 public:
  Sealer(DataKey key, std::string vault_id)
      : key_(std::move(key)), vault_id_(std::move(vault_id)) {}

  [[nodiscard]] base::Result<Sealed> seal_credential(const CredentialIdentity& identity,
                                                     const Secret& value) const;
  // corrupt for anything but an unchanged box under the same identity.
  [[nodiscard]] base::Result<Secret> open_credential(const CredentialIdentity& identity,
                                                     const Sealed& sealed) const;

  [[nodiscard]] base::Result<Sealed> seal_system(std::string_view name, const Secret& value) const;
  [[nodiscard]] base::Result<Secret> open_system(std::string_view name, const Sealed& sealed) const;

  [[nodiscard]] base::Result<Sealed> seal_manifest(const Manifest& manifest) const;
  [[nodiscard]] base::Result<Manifest> open_manifest(const Sealed& sealed) const;

  // Keyed digests of a whole row, for the manifest.
  [[nodiscard]] std::string digest_credential(const CredentialIdentity& identity,
                                              const std::optional<std::int64_t>& last_used_at,
                                              const Sealed& sealed) const;
  [[nodiscard]] std::string digest_system(std::string_view name, const Sealed& sealed) const;

  // What a backup holds besides the vault's file, any length; it opens beside that file alone.
  [[nodiscard]] base::Result<Sealed> seal_backup(std::string_view file,
                                                 std::string_view rest) const;
  [[nodiscard]] base::Result<std::string> open_backup(std::string_view file,
                                                      const Sealed& sealed) const;

  // The same data key under another passphrase.
  [[nodiscard]] base::Result<Header> rewrap(const Secret& passphrase,
                                            std::int64_t created_at) const;

  // Another with the same key.
  [[nodiscard]] base::Result<Sealer> copy() const;

  [[nodiscard]] const std::string& vault_id() const { return vault_id_; }

 private:
  DataKey key_;
  std::string vault_id_;
};

// Hashes bytes in parts; the digest of digests of the manifest.
std::string digest_of_all(std::string_view joined_digests);

}  // namespace keyswap::vault
