// SPDX-License-Identifier: Apache-2.0
#include "vault/seal.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include <sodium.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

static_assert(kKeyBytes == crypto_secretbox_KEYBYTES &&
              kNonceBytes == crypto_secretbox_NONCEBYTES &&
              kTagBytes == crypto_secretbox_MACBYTES && kSaltBytes == crypto_pwhash_SALTBYTES);

// docs/vault-format.md, "Derivations". A changed label is a changed format.
constexpr std::string_view kChecksumLabel = "keyswap vault v1 header checksum";
constexpr std::string_view kWrappingKeyLabel = "keyswap vault v1 wrapping key";
constexpr std::string_view kCredentialKeyLabel = "keyswap vault v1 credential key";
constexpr std::string_view kSystemKeyLabel = "keyswap vault v1 system key";
constexpr std::string_view kManifestKeyLabel = "keyswap vault v1 manifest key";
constexpr std::string_view kCredentialDigestLabel = "keyswap vault v1 credential digest";
constexpr std::string_view kSystemDigestLabel = "keyswap vault v1 system digest";
constexpr std::string_view kTableDigestLabel = "keyswap vault v1 table digest";
constexpr std::string_view kBackupFileLabel = "keyswap vault v1 backup file";
constexpr std::string_view kBackupKeyLabel = "keyswap vault v1 backup key";
constexpr std::string_view kKdfName = "argon2id13";
constexpr std::string_view kCanary = "keyswap-canary-1";

constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kManifestBytes = kCanary.size() + 2 * kNumberBytes + kDigestBytes;

std::string random_string(std::size_t size) {
  std::string bytes(size, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::array<char, kNumberBytes> little_endian(std::uint64_t number) {
  std::array<char, kNumberBytes> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(number & 0xffU);
    number >>= 8U;
  }
  return bytes;
}

std::uint64_t from_little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = kNumberBytes; i > 0; --i) {
    number = number << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  return number;
}

// BLAKE2b-256 over a label and fields, each with its length before it, so that no two lists of
// fields give the same bytes. Its state is derived from the key, so it is wiped.
class FieldHash {
 public:
  FieldHash(std::string_view key, std::string_view label) {
    crypto_generichash_init(
        &state_, key.empty() ? nullptr : base::as_unsigned(key.data()), key.size(), kDigestBytes);
    add(label);
  }

  FieldHash(const FieldHash&) = delete;
  FieldHash& operator=(const FieldHash&) = delete;
  FieldHash(FieldHash&&) = delete;
  FieldHash& operator=(FieldHash&&) = delete;

  ~FieldHash() { sodium_memzero(&state_, sizeof state_); }

  FieldHash& add(std::string_view field) {
    add_raw(little_endian(field.size()));
    crypto_generichash_update(&state_, base::as_unsigned(field.data()), field.size());
    return *this;
  }

  FieldHash& add(std::int64_t number) {
    add_raw(little_endian(static_cast<std::uint64_t>(number)));
    return *this;
  }

  void finish_into(char* out) {
    crypto_generichash_final(&state_, base::as_unsigned(out), kDigestBytes);
  }

  std::string finish() {
    std::string digest(kDigestBytes, '\0');
    finish_into(digest.data());
    return digest;
  }

 private:
  void add_raw(const std::array<char, kNumberBytes>& bytes) {
    crypto_generichash_update(&state_, base::as_unsigned(bytes.data()), bytes.size());
  }

  crypto_generichash_state state_{};
};

std::string_view bytes_of(const DataKey& key) {
  return {key.bytes.data(), key.bytes.size()};
}

base::Result<LockedBytes> finish_key(FieldHash& hash) {
  auto key = LockedBytes::of_size(kKeyBytes);
  if (key) {
    hash.finish_into(key->data());
  }
  return key;
}

base::Result<Sealed> seal_under(const base::Result<LockedBytes>& key, std::string_view plain) {
  if (!key) {
    return key.error();
  }
  Sealed sealed{random_string(kNonceBytes), std::string(kTagBytes + plain.size(), '\0')};
  crypto_secretbox_easy(base::as_unsigned(sealed.box.data()),
                        base::as_unsigned(plain.data()),
                        plain.size(),
                        base::as_unsigned(sealed.nonce.data()),
                        base::as_unsigned(key->data()));
  return sealed;
}

base::Result<LockedBytes> open_under(const base::Result<LockedBytes>& key, const Sealed& sealed) {
  if (!key) {
    return key.error();
  }
  if (sealed.nonce.size() != kNonceBytes || sealed.box.size() <= kTagBytes ||
      sealed.box.size() > kTagBytes + bounds::kSecretBytesMax) {
    return base::Error{base::Errc::corrupt, "a sealed value has a wrong size"};
  }
  auto plain = LockedBytes::of_size(sealed.box.size() - kTagBytes);
  if (plain && crypto_secretbox_open_easy(base::as_unsigned(plain->data()),
                                          base::as_unsigned(sealed.box.data()),
                                          sealed.box.size(),
                                          base::as_unsigned(sealed.nonce.data()),
                                          base::as_unsigned(key->data())) != 0) {
    return base::Error{base::Errc::corrupt, "a sealed value does not pass its check"};
  }
  return plain;
}

base::Result<Secret> as_secret(base::Result<LockedBytes> plain) {
  if (!plain) {
    return plain.error();
  }
  const std::size_t size = plain->size();
  return Secret::adopt(std::move(*plain), size);
}

void add_parameters(FieldHash& hash, const Header& header) {
  hash.add(header.vault_id)
      .add(header.created_at)
      .add(header.kdf)
      .add(header.kdf_memory_bytes)
      .add(header.kdf_passes)
      .add(header.kdf_salt);
}

base::Result<LockedBytes> derive_wrapping_key(const Header& header, const Secret& passphrase) {
  auto stretched = LockedBytes::of_size(kKeyBytes);
  if (!stretched) {
    return stretched.error();
  }
  // An empty passphrase goes the way of every other wrong one; libsodium wants a pointer for it.
  const char* bytes = passphrase.size() == 0 ? "" : passphrase.reveal().data();
  if (crypto_pwhash(base::as_unsigned(stretched->data()),
                    stretched->size(),
                    bytes,
                    passphrase.size(),
                    base::as_unsigned(header.kdf_salt.data()),
                    static_cast<std::uint64_t>(header.kdf_passes),
                    static_cast<std::size_t>(header.kdf_memory_bytes),
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return base::Error{base::Errc::unavailable, "not enough memory to open the vault", errno};
  }
  FieldHash hash({stretched->data(), stretched->size()}, kWrappingKeyLabel);
  add_parameters(hash, header);
  return finish_key(hash);
}

base::Result<LockedBytes> credential_key(const DataKey& key,
                                         std::string_view vault_id,
                                         const CredentialIdentity& identity) {
  FieldHash hash(bytes_of(key), kCredentialKeyLabel);
  hash.add(vault_id)
      .add(identity.id)
      .add(identity.service)
      .add(identity.name)
      .add(identity.created_at);
  return finish_key(hash);
}

base::Result<LockedBytes> system_key(const DataKey& key,
                                     std::string_view vault_id,
                                     std::string_view name) {
  FieldHash hash(bytes_of(key), kSystemKeyLabel);
  hash.add(vault_id).add(name);
  return finish_key(hash);
}

base::Result<LockedBytes> manifest_key(const DataKey& key, std::string_view vault_id) {
  FieldHash hash(bytes_of(key), kManifestKeyLabel);
  hash.add(vault_id);
  return finish_key(hash);
}

base::Result<LockedBytes> backup_key(const DataKey& key,
                                     std::string_view vault_id,
                                     std::string_view file) {
  const std::string digest = FieldHash({}, kBackupFileLabel).add(file).finish();
  FieldHash hash(bytes_of(key), kBackupKeyLabel);
  hash.add(vault_id).add(digest);
  return finish_key(hash);
}

}  // namespace

base::Result<DataKey> make_data_key() {
  auto bytes = LockedBytes::of_size(kKeyBytes);
  if (!bytes) {
    return bytes.error();
  }
  randombytes_buf(bytes->data(), bytes->size());
  return DataKey{std::move(*bytes)};
}

std::string make_vault_id() {
  return random_string(kVaultIdBytes);
}

base::Status check_new_passphrase(const Secret& passphrase) {
  if (passphrase.size() == 0 || passphrase.size() > bounds::kPassphraseBytesMax) {
    return base::Error{base::Errc::invalid_input, "a passphrase has 1 to 4096 bytes"};
  }
  return {};
}

base::Result<Header> wrap_data_key(const DataKey& key,
                                   const Secret& passphrase,
                                   std::string_view vault_id,
                                   std::int64_t created_at) {
  KS_TRY(check_new_passphrase(passphrase));
  Header header;
  header.vault_id = vault_id;
  header.created_at = created_at;
  header.kdf = kKdfName;
  header.kdf_memory_bytes = static_cast<std::int64_t>(bounds::kKdfMemoryBytes);
  header.kdf_passes = static_cast<std::int64_t>(bounds::kKdfPasses);
  header.kdf_salt = random_string(kSaltBytes);
  auto wrapped = seal_under(derive_wrapping_key(header, passphrase), bytes_of(key));
  if (!wrapped) {
    return wrapped.error();
  }
  header.wrapped_key = std::move(*wrapped);
  header.checksum = checksum_of(header);
  return header;
}

std::string checksum_of(const Header& header) {
  FieldHash hash({}, kChecksumLabel);
  add_parameters(hash, header);
  return hash.add(header.wrapped_key.nonce).add(header.wrapped_key.box).finish();
}

base::Status check_header(const Header& header) {
  constexpr auto kMemoryMin = static_cast<std::int64_t>(bounds::kKdfMemoryBytes);
  constexpr auto kMemoryMax = static_cast<std::int64_t>(bounds::kKdfMemoryBytesMax);
  constexpr auto kPassesMin = static_cast<std::int64_t>(bounds::kKdfPasses);
  constexpr auto kPassesMax = static_cast<std::int64_t>(bounds::kKdfPassesMax);
  if (header.kdf != kKdfName || header.kdf_memory_bytes < kMemoryMin ||
      header.kdf_passes < kPassesMin) {
    return base::Error{base::Errc::corrupt, "the vault's key derivation is weaker than the floor"};
  }
  if (header.kdf_memory_bytes > kMemoryMax || header.kdf_passes > kPassesMax) {
    return base::Error{base::Errc::corrupt,
                       "the vault's key derivation costs more than the ceiling"};
  }
  if (header.vault_id.size() != kVaultIdBytes || header.kdf_salt.size() != kSaltBytes ||
      header.wrapped_key.nonce.size() != kNonceBytes ||
      header.wrapped_key.box.size() != kTagBytes + kKeyBytes ||
      !base::equal_constant_time(header.checksum, checksum_of(header))) {
    return base::Error{base::Errc::corrupt, "the vault's header is damaged"};
  }
  return {};
}

base::Result<DataKey> unwrap_data_key(const Header& header, const Secret& passphrase) {
  KS_TRY(check_header(header));
  const auto wrapping_key = derive_wrapping_key(header, passphrase);
  if (!wrapping_key) {
    return wrapping_key.error();
  }
  auto key = open_under(wrapping_key, header.wrapped_key);
  if (!key) {
    // The header passed its checksum, so the key that does not fit is the passphrase's.
    if (key.error().code == base::Errc::corrupt) {
      return base::Error{base::Errc::wrong_passphrase, "the passphrase does not open this vault"};
    }
    return key.error();
  }
  return DataKey{std::move(*key)};
}

base::Result<Sealed> Sealer::seal_credential(const CredentialIdentity& identity,
                                             const Secret& value) const {
  return seal_under(credential_key(key_, vault_id_, identity), value.reveal());
}

base::Result<Secret> Sealer::open_credential(const CredentialIdentity& identity,
                                             const Sealed& sealed) const {
  return as_secret(open_under(credential_key(key_, vault_id_, identity), sealed));
}

base::Result<Sealed> Sealer::seal_system(std::string_view name, const Secret& value) const {
  return seal_under(system_key(key_, vault_id_, name), value.reveal());
}

base::Result<Secret> Sealer::open_system(std::string_view name, const Sealed& sealed) const {
  return as_secret(open_under(system_key(key_, vault_id_, name), sealed));
}

base::Result<Sealed> Sealer::seal_manifest(const Manifest& manifest) const {
  std::string plain(kCanary);
  for (const std::uint64_t number : {manifest.generation, manifest.row_count}) {
    const auto bytes = little_endian(number);
    plain.append(bytes.data(), bytes.size());
  }
  plain += manifest.digest;
  KS_ASSERT(plain.size() == kManifestBytes);
  return seal_under(manifest_key(key_, vault_id_), plain);
}

base::Result<Manifest> Sealer::open_manifest(const Sealed& sealed) const {
  const auto opened = open_under(manifest_key(key_, vault_id_), sealed);
  if (!opened) {
    return opened.error();
  }
  const std::string_view plain(opened->data(), opened->size());
  if (plain.size() != kManifestBytes || !plain.starts_with(kCanary)) {
    return base::Error{base::Errc::corrupt, "the vault's canary is not there"};
  }
  std::string_view rest = plain.substr(kCanary.size());
  Manifest manifest;
  manifest.generation = from_little_endian(rest);
  rest.remove_prefix(kNumberBytes);
  manifest.row_count = from_little_endian(rest);
  rest.remove_prefix(kNumberBytes);
  manifest.digest = rest;
  return manifest;
}

std::string Sealer::digest_credential(const CredentialIdentity& identity,
                                      const std::optional<std::int64_t>& last_used_at,
                                      const Sealed& sealed) const {
  FieldHash hash(bytes_of(key_), kCredentialDigestLabel);
  hash.add(vault_id_)
      .add(identity.id)
      .add(identity.service)
      .add(identity.name)
      .add(identity.created_at)
      .add(static_cast<std::int64_t>(last_used_at.has_value() ? 1 : 0))
      .add(last_used_at.value_or(0));
  return hash.add(sealed.nonce).add(sealed.box).finish();
}

std::string Sealer::digest_system(std::string_view name, const Sealed& sealed) const {
  FieldHash hash(bytes_of(key_), kSystemDigestLabel);
  return hash.add(vault_id_).add(name).add(sealed.nonce).add(sealed.box).finish();
}

base::Result<Sealed> Sealer::seal_backup(std::string_view file, std::string_view rest) const {
  return seal_under(backup_key(key_, vault_id_, file), rest);
}

// Not what open_under() is for: none of it is a secret, and it may be long.
base::Result<std::string> Sealer::open_backup(std::string_view file, const Sealed& sealed) const {
  const auto key = backup_key(key_, vault_id_, file);
  if (!key) {
    return key.error();
  }
  if (sealed.nonce.size() != kNonceBytes || sealed.box.size() < kTagBytes) {
    return base::Error{base::Errc::corrupt, "the backup is damaged"};
  }
  std::string rest(sealed.box.size() - kTagBytes, '\0');
  if (crypto_secretbox_open_easy(base::as_unsigned(rest.data()),
                                 base::as_unsigned(sealed.box.data()),
                                 sealed.box.size(),
                                 base::as_unsigned(sealed.nonce.data()),
                                 base::as_unsigned(key->data())) != 0) {
    return base::Error{base::Errc::corrupt, "the backup does not pass its check"};
  }
  return rest;
}

base::Result<Sealer> Sealer::copy() const {
  auto bytes = LockedBytes::of_size(key_.bytes.size());
  if (!bytes) {
    return bytes.error();
  }
  std::memcpy(bytes->data(), key_.bytes.data(), key_.bytes.size());
  return Sealer(DataKey{std::move(*bytes)}, vault_id_);
}

base::Result<Header> Sealer::rewrap(const Secret& passphrase, std::int64_t created_at) const {
  return wrap_data_key(key_, passphrase, vault_id_, created_at);
}

std::string digest_of_all(std::string_view joined_digests) {
  return FieldHash({}, kTableDigestLabel).add(joined_digests).finish();
}

}  // namespace keyswap::vault
