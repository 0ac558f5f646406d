// SPDX-License-Identifier: Apache-2.0
//
// The vault: names -> secrets, sealed in an SQLite file (docs/vault-format.md). Opening derives a
// key from the passphrase (Argon2id), unwraps the data key into locked memory, checks the canary
// and loads the sealed rows. Values stay ciphertext in memory; open_entry() opens one into locked
// memory for the request that needs it (I1), which asks by vault/sources/local.h. That touches no
// disk; last_used_at is written by save_usage().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "vault/caller_digests.h"
#include "vault/sealed.h"
#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/source.h"

namespace keyswap::vault {

struct SecretInfo {
  std::string id;  // UUID
  std::string service;
  SecretName name;
  std::int64_t created_at = 0;  // seconds since 1970; of the value there now, so rotate moves it
  std::optional<std::int64_t> last_used_at;
  EntryKind kind = EntryKind::text;
};

// Why what was read of the vault does not count any more. Nothing is opened while there is a fault.
enum class FileFault : std::uint8_t {
  none,
  replaced,    // the path leads to another file, or to none
  older,       // it is what it was before
  damaged,     // it fails its checks
  unreadable,  // it cannot be read
};

// What else a serving vault is locked for (Vault::set_locked), each for itself.
enum class LockedFor : std::uint8_t {
  unread,  // the file could not be read for too long
  head,    // the audit log's head could not be kept in it for too long
  policy,  // what is in force is approved no more, and what is approved cannot be had
};

// Thread-safe.
class Vault final : public CallerDigests {
 public:
  // Makes the file (mode 0600). already_exists if it is there.
  static base::Result<Vault> create(const std::string& path,
                                    const Secret& passphrase,
                                    std::int64_t now_s);
  // wrong_passphrase; corrupt (also for key-derivation parameters below the floor of bounds.h or
  // above its ceiling); not_found; permission; io. The file is unchanged by a failure.
  static base::Result<Vault> open(const std::string& path, const Secret& passphrase);

  Vault(Vault&&) noexcept;
  Vault& operator=(Vault&&) noexcept;
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;
  ~Vault() override;

  // The value, with what vault::Source says of it; not_found, corrupt, unavailable, invalid_input
  // as there. `now_s`: when it is used.
  [[nodiscard]] base::Result<Fetched> open_entry(const SecretName& name,
                                                 EntryKind kind,
                                                 std::int64_t now_s) const;
  // The same, of a text and of a private key, the value alone.
  [[nodiscard]] base::Result<Secret> fetch(const SecretName& name, std::int64_t now_s) const;
  [[nodiscard]] base::Result<Secret> fetch_private_key(const SecretName& name,
                                                       std::int64_t now_s) const;
  // Is it a text, and this one? No use of it. not_found, corrupt, unavailable.
  [[nodiscard]] base::Result<bool> matches(const SecretName& name, std::string_view value) const;
  [[nodiscard]] bool has(const SecretName& name) const;
  // Is there anything beside what users put in (SecretName::internal)? Each request asks it.
  [[nodiscard]] bool has_internal() const;

  // Durable when they return; what other processes wrote meanwhile is taken over first. rotate
  // keeps the id; created_at becomes now_s and last_used_at empty. add: already_exists;
  // limit_exceeded. rotate, remove: not_found. A value that could change the framing of a message
  // (NUL, CR, LF, other controls, DEL), is empty, or is longer than bounds::kSecretBytesMax is
  // refused with invalid_input; so is rotating an entry of the other kind.
  base::Status add(const SecretName& name,
                   std::string_view service,
                   const Secret& value,
                   std::int64_t now_s);
  base::Status rotate(const SecretName& name, const Secret& value, std::int64_t now_s);
  // Kept only if the entry still is of that version (Fetched::version), or is not there yet, where
  // it is ""; durable when it returns. `replaced` if it is another; else as rotate and add.
  base::Status replace_if(const SecretName& name,
                          std::string_view version,
                          const Secret& value,
                          std::int64_t now_s);
  // Any bytes: the DER of a key that the caller has checked. Its service is kPrivateKeyService.
  base::Status add_private_key(const SecretName& name, const Secret& der, std::int64_t now_s);
  base::Status rotate_private_key(const SecretName& name, const Secret& der, std::int64_t now_s);
  base::Status remove(const SecretName& name);
  // By name; not what keyswap keeps beside an entry of a user's (SecretName::internal).
  [[nodiscard]] std::vector<SecretInfo> list() const;

  // What keyswap itself keeps sealed (the CA's key, the audit log's signing key, the digests of
  // callers' tokens); any bytes. Not listed, not fetched by a request. put_system replaces;
  // add_system: already_exists; remove_system: not_found.
  base::Status put_system(std::string_view name, const Secret& value);
  base::Status add_system(std::string_view name, const Secret& value);
  base::Status remove_system(std::string_view name);
  [[nodiscard]] base::Result<Secret> fetch_system(std::string_view name) const;
  // The names that begin with `prefix`, sorted.
  [[nodiscard]] std::vector<std::string> system_names(std::string_view prefix) const;
  [[nodiscard]] base::Result<bool> matches_system(std::string_view name,
                                                  std::string_view value) const override;

  // A vault opens by one way, or by two: the first is then a passphrase that somebody knows, the
  // second a key that a file holds. Each of these changes wraps the data key anew and leaves all
  // else as it is, in one transaction; invalid_input for an empty text or one that is too long.
  base::Status change_passphrase(const Secret& passphrase);  // the first, or the only one
  base::Status add_passphrase(
      const Secret& passphrase);            // where there is a key alone; already_exists
  base::Status set_key(const Secret& key);  // the second
  // What opened this vault is the only way from now on; not_found if it is none any more.
  base::Status drop_other_way();
  [[nodiscard]] bool is_opened_by_key() const;  // the second of two
  // Of the file, which nobody has to open; as open().
  static base::Result<std::size_t> count_ways(const std::string& path);
  // Likewise the names of its secrets, sorted: what the file says, which nothing proves.
  static base::Result<std::vector<SecretName>> names_in(const std::string& path);

  // The bytes of the file as it is, for a backup: sealed, as all that is in it.
  base::Result<std::string> copy_file();
  // What stands beside such a copy in a backup, sealed for it alone; corrupt if it was changed, or
  // the copy.
  [[nodiscard]] base::Result<Sealed> seal_backup(std::string_view file,
                                                 std::string_view rest) const;
  [[nodiscard]] base::Result<std::string> open_backup(std::string_view file,
                                                      const Sealed& sealed) const;
  // Another file of this vault, later or earlier, by this one's key. invalid_input if it is one of
  // another vault; else as open().
  [[nodiscard]] base::Result<Vault> open_another(const std::string& path) const;

  // Takes over what another process changed in the file (cheap when nothing did). `older`: the file
  // is older than what was loaded; `replaced`: by another, or removed; corrupt; io; permission.
  // After these there is a file_fault(): what was revoked in the file that nobody can read must not
  // go on (I13). Until a refresh finds the file whole again, fetches give `locked`. After other
  // errors, which pass, the rows loaded before stay in force, for as long as the caller allows.
  base::Status refresh();
  [[nodiscard]] FileFault file_fault() const;

  // How long another process that uses the file is waited for; bounds::kDatabaseBusyMs at first.
  void set_patience(std::int64_t ms);

  // While it is locked, or there is a file_fault(), no secret and no caller's digest is given out
  // (`locked`). What is keyswap's own can still be read and written.
  void set_locked(LockedFor why, bool is_on);
  [[nodiscard]] bool is_locked_for(LockedFor why) const;
  [[nodiscard]] bool is_locked() const;

  // One more with every change of the file; the second: as it was last read there, by the opening
  // or a refresh, and not made by a change of ours.
  [[nodiscard]] std::uint64_t generation() const;
  [[nodiscard]] std::uint64_t generation_read() const;
  // The generation in which that entry was read as another process had changed it; 0: it is as this
  // one opened or wrote it. Nothing: there is no such entry.
  [[nodiscard]] std::optional<std::uint64_t> read_in(const SecretName& name) const;

  // Writes last_used_at of what was fetched since the last call.
  base::Status save_usage();

 private:
  struct State;
  explicit Vault(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::vault
