// SPDX-License-Identifier: Apache-2.0
#include "vault/vault.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "vault/entry_rules.h"
#include "vault/vault_state.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

base::Error other_kind() {
  return {base::Errc::invalid_input,
          "a private key only signs: it is not used as text, nor a text as a private key"};
}

// Part of what a row is sealed as, so that a text cannot be turned into a key in the file, nor
// back.
EntryKind kind_of(const CredentialRow& row) {
  return row.service == kPrivateKeyService ? EntryKind::private_key : EntryKind::text;
}

// An error that passes says nothing of the file.
FileFault fault_after(const base::Error& error, FileFault before) {
  using base::Errc;
  const Errc code = error.code;
  const bool is_unreadable =
      code == Errc::io || code == Errc::permission || code == Errc::not_found;
  return code == Errc::replaced  ? FileFault::replaced
         : code == Errc::older   ? FileFault::older
         : code == Errc::corrupt ? FileFault::damaged
         : is_unreadable         ? FileFault::unreadable
                                 : before;
}

struct Unlocked {
  DataKey key;
  OpenedBy by;
};

// The last first: where there are two ways, that is the key's, and whoever has a key gives no
// passphrase.
base::Result<Unlocked> unlock(const std::vector<Header>& ways, const Secret& passphrase) {
  for (const Header& way : ways) {
    KS_TRY(check_header(way));
    if (way.vault_id != ways.front().vault_id) {
      return base::Error{base::Errc::corrupt, "the vault's headers are of two vaults"};
    }
  }
  base::Error refused{base::Errc::corrupt, "the vault has no header"};
  for (std::size_t index = ways.size(); index > 0; --index) {
    const Header& way = ways[index - 1];
    auto key = unwrap_data_key(way, passphrase);
    if (key) {
      return Unlocked{std::move(*key), {way.checksum, index > 1}};
    }
    refused = key.error();
    if (refused.code != base::Errc::wrong_passphrase) {
      break;
    }
  }
  return refused;
}

base::Result<Secret> value_of(base::Result<Fetched> fetched) {
  if (!fetched) {
    return fetched.error();
  }
  return std::move(fetched->value);
}

}  // namespace

// Each sealing draws a nonce at random. Seven bytes of it make a text that needs no memory of its
// own.
std::string version_of(const CredentialRow& row) {
  constexpr std::size_t kVersionBytes = 7;
  return base::to_hex(std::string_view(row.sealed.nonce).substr(0, kVersionBytes));
}

base::Result<std::unique_ptr<Vault::State>> Vault::State::load(Store store, Sealer sealer) {
  auto view = store.begin_read();
  if (!view) {
    return view.error();
  }
  const auto version = store.data_version();
  if (!version) {
    return version.error();
  }
  auto contents = load_contents(store, sealer);
  if (!contents) {
    return contents.error();
  }
  KS_TRY(view->commit());
  return std::make_unique<State>(
      std::move(store), std::move(sealer), std::move(*contents), *version);
}

base::Status Vault::State::take_over() {
  const base::Status read = read_changes();
  fault = read ? FileFault::none : fault_after(read.error(), fault);
  return read;
}

base::Status Vault::State::read_changes() {
  if (store.was_replaced()) {
    return base::Error{base::Errc::replaced, "the vault file was replaced by another"};
  }
  const auto version = store.data_version();
  if (!version) {
    return version.error();
  }
  if (*version == data_version && !is_stale) {
    return {};
  }
  auto fresh = load_contents(store, sealer);
  if (!fresh) {
    return fresh.error();
  }
  // The generation only grows. An older one, or another content of the same, is a file put back.
  if (fresh->generation < contents.generation ||
      (fresh->generation == contents.generation && fresh->digests != contents.digests)) {
    return base::Error{base::Errc::older, "the vault file is older than what was loaded from it"};
  }
  const std::unique_lock lock(readers);
  for (const auto& [name, entry] : fresh->credentials) {
    const Entry* before = find(name);
    if (before != nullptr && before->row.id == entry->row.id &&
        before->row.created_at == entry->row.created_at) {
      entry->used_at = before->used_at.load();
    }
    const bool is_as_before =
        before != nullptr && version_of(before->row) == version_of(entry->row);
    entry->read_in = is_as_before ? before->read_in : fresh->generation;
  }
  contents = std::move(*fresh);
  generation_read = contents.generation;
  data_version = *version;
  is_stale = false;
  return {};
}

base::Status Vault::State::seal_into(CredentialRow& row,
                                     const Secret& value,
                                     Digests& digests) const {
  auto sealed = sealer.seal_credential(identity_of(row), value);
  if (!sealed) {
    return sealed.error();
  }
  row.sealed = std::move(*sealed);
  digests[digest_key(row)] = digest_of(sealer, row);
  return {};
}

base::Status Vault::State::write_new(const SecretName& name,
                                     CredentialRow& row,
                                     const Secret& value,
                                     Digests& digests) {
  if (find(name) != nullptr) {
    return base::Error{base::Errc::already_exists, "the vault has a secret of that name"};
  }
  if (contents.credentials.size() >= bounds::kVaultEntriesMax) {
    return base::Error{base::Errc::limit_exceeded, "the vault is full"};
  }
  KS_TRY(seal_into(row, value, digests));
  return store.insert(row);
}

base::Status Vault::State::write_rotated(const SecretName& name,
                                         EntryKind kind,
                                         CredentialRow& row,
                                         const Secret& value,
                                         Digests& digests) {
  const Entry* before = find(name);
  if (before == nullptr) {
    return no_such_secret();
  }
  if (kind_of(before->row) != kind) {
    return other_kind();
  }
  row.id = before->row.id;
  row.service = before->row.service;
  row.name = before->row.name;
  KS_TRY(seal_into(row, value, digests));
  return store.update(row);
}

base::Status Vault::State::write_usage(std::vector<SavedUse>& saved, Digests& digests) {
  for (const auto& [name, entry] : contents.credentials) {
    if (has_unsaved_use(*entry)) {
      saved.push_back({entry.get(), *last_use_of(*entry)});
    }
  }
  base::Status written;
  for (auto use = saved.begin(); written && use != saved.end(); ++use) {
    const CredentialRow& row = use->entry->row;
    digests[digest_key(row)] = sealer.digest_credential(identity_of(row), use->used_at, row.sealed);
    written = store.write_last_used(row.id, use->used_at);
  }
  return written;
}

Vault::Vault(std::unique_ptr<State> state) : state_(std::move(state)) {}

Vault::Vault(Vault&&) noexcept = default;
Vault& Vault::operator=(Vault&&) noexcept = default;
Vault::~Vault() = default;

base::Result<Vault> Vault::create(const std::string& path,
                                  const Secret& passphrase,
                                  std::int64_t now_s) {
  KS_TRY(check_new_passphrase(passphrase));
  // Judged again when the file is moved into place; here to spare the stretching.
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
    return base::Error{base::Errc::already_exists, "there is a vault already"};
  }
  auto key = make_data_key();
  if (!key) {
    return key.error();
  }
  const auto header = wrap_data_key(*key, passphrase, make_vault_id(), now_s);
  if (!header) {
    return header.error();
  }
  Sealer sealer(std::move(*key), header->vault_id);
  const auto manifest = sealer.seal_manifest(manifest_of(0, {}));
  if (!manifest) {
    return manifest.error();
  }
  KS_TRY(create_store(path, *header, *manifest));
  auto store = Store::open(path);
  if (!store) {
    return store.error();
  }
  auto state = State::load(std::move(*store), std::move(sealer));
  if (!state) {
    return state.error();
  }
  (*state)->opened_by.checksum = header->checksum;
  return Vault(std::move(*state));
}

base::Result<Vault> Vault::open(const std::string& path, const Secret& passphrase) {
  auto store = Store::open(path);
  if (!store) {
    return store.error();
  }
  const auto ways = store->read_headers();
  if (!ways) {
    return ways.error();
  }
  auto unlocked = unlock(*ways, passphrase);
  if (!unlocked) {
    return unlocked.error();
  }
  auto state =
      State::load(std::move(*store), Sealer(std::move(unlocked->key), ways->front().vault_id));
  if (!state) {
    return state.error();
  }
  (*state)->opened_by = std::move(unlocked->by);
  return Vault(std::move(*state));
}

// I1, I10: one copy, however many requests wait with it.
base::Result<Secret> Vault::State::open(Entry& entry) const {
  const std::lock_guard guard(entry.opening);
  if (auto opened = entry.opened.find()) {
    return std::move(*opened);
  }
  auto value = sealer.open_credential(identity_of(entry.row), entry.row.sealed);
  if (value) {
    entry.opened = Secret::Watch(*value);
  }
  return value;
}

base::Result<Fetched> Vault::State::fetch(const SecretName& name,
                                          EntryKind kind,
                                          std::int64_t now_s) {
  if (is_locked()) {
    return is_locked_now();
  }
  const std::shared_lock lock(readers);
  Entry* entry = find(name);
  if (entry == nullptr) {
    return no_such_secret();
  }
  if (kind_of(entry->row) != kind) {
    return other_kind();
  }
  auto value = open(*entry);
  if (!value) {
    return value.error();
  }
  mark_used(*entry, now_s);
  return Fetched{std::move(*value), version_of(entry->row), std::nullopt};
}

base::Result<Fetched> Vault::open_entry(const SecretName& name,
                                        EntryKind kind,
                                        std::int64_t now_s) const {
  return state_->fetch(name, kind, now_s);
}

base::Result<Secret> Vault::fetch(const SecretName& name, std::int64_t now_s) const {
  return value_of(open_entry(name, EntryKind::text, now_s));
}

base::Result<Secret> Vault::fetch_private_key(const SecretName& name, std::int64_t now_s) const {
  return value_of(open_entry(name, EntryKind::private_key, now_s));
}

base::Result<bool> Vault::matches(const SecretName& name, std::string_view value) const {
  if (state_->is_locked()) {
    return is_locked_now();
  }
  const std::shared_lock lock(state_->readers);
  Entry* entry = state_->find(name);
  if (entry == nullptr) {
    return no_such_secret();
  }
  const auto stored = state_->open(*entry);
  if (!stored) {
    return stored.error();
  }
  return kind_of(entry->row) == EntryKind::text &&
         base::equal_constant_time(stored->reveal(), value);
}

bool Vault::has(const SecretName& name) const {
  const std::shared_lock lock(state_->readers);
  return state_->find(name) != nullptr;
}

bool Vault::has_internal() const {
  const std::shared_lock lock(state_->readers);
  return state_->contents.internal_count > 0;
}

base::Status Vault::State::add(const SecretName& name,
                               std::string_view service,
                               const Secret& value,
                               std::int64_t now_s) {
  auto entry = std::make_unique<Entry>();
  CredentialRow& row = entry->row;
  row.id = make_uuid();
  row.service = service;
  row.name = name.text();
  row.created_at = now_s;
  return change([&](Digests& digests) { return write_new(name, row, value, digests); },
                [&](Contents& shown) { shown.put(name, std::move(entry)); });
}

base::Status Vault::State::rotate(const SecretName& name,
                                  EntryKind kind,
                                  const Secret& value,
                                  std::int64_t now_s) {
  auto entry = std::make_unique<Entry>();
  CredentialRow& row = entry->row;
  row.created_at = now_s;
  return change([&](Digests& digests) { return write_rotated(name, kind, row, value, digests); },
                [&](Contents& shown) { shown.put(name, std::move(entry)); });
}

base::Status Vault::add(const SecretName& name,
                        std::string_view service,
                        const Secret& value,
                        std::int64_t now_s) {
  KS_TRY(check_entry(name, service));
  KS_TRY(check_value(value));
  return state_->add(name, service, value, now_s);
}

base::Status Vault::rotate(const SecretName& name, const Secret& value, std::int64_t now_s) {
  KS_TRY(check_value(value));
  return state_->rotate(name, EntryKind::text, value, now_s);
}

base::Status Vault::add_private_key(const SecretName& name, const Secret& der, std::int64_t now_s) {
  KS_TRY(check_entry(name, ""));
  KS_TRY(check_size(der));
  return state_->add(name, kPrivateKeyService, der, now_s);
}

base::Status Vault::rotate_private_key(const SecretName& name,
                                       const Secret& der,
                                       std::int64_t now_s) {
  KS_TRY(check_size(der));
  return state_->rotate(name, EntryKind::private_key, der, now_s);
}

base::Status Vault::remove(const SecretName& name) {
  const auto write = [&](Digests& digests) -> base::Status {
    const Entry* entry = state_->find(name);
    if (entry == nullptr) {
      return no_such_secret();
    }
    digests.erase(digest_key(entry->row));
    return state_->store.remove(entry->row.id);
  };
  return state_->change(write, [&](Contents& contents) { contents.erase(name); });
}

std::vector<SecretInfo> Vault::list() const {
  std::vector<SecretInfo> infos;
  {
    const std::shared_lock lock(state_->readers);
    infos.reserve(state_->contents.credentials.size());
    for (const auto& [name, entry] : state_->contents.credentials) {
      if (name.is_internal()) {
        continue;
      }
      const CredentialRow& row = entry->row;
      infos.push_back(
          {row.id, row.service, name, row.created_at, last_use_of(*entry), kind_of(row)});
    }
  }
  std::ranges::sort(infos, {}, &SecretInfo::name);
  return infos;
}

base::Status Vault::refresh() {
  const std::lock_guard guard(state_->writer);
  auto view = state_->store.begin_read();
  if (!view) {
    return view.error();
  }
  KS_TRY(state_->take_over());
  return view->commit();
}

FileFault Vault::file_fault() const {
  return state_->fault;
}

void Vault::set_patience(std::int64_t ms) {
  const std::lock_guard guard(state_->writer);
  state_->store.set_patience(ms);
}

void Vault::set_locked(LockedFor why, bool is_on) {
  const unsigned bit = 1U << static_cast<unsigned>(why);
  if (is_on) {
    state_->locked_for |= bit;
  } else {
    state_->locked_for &= ~bit;
  }
}

bool Vault::is_locked_for(LockedFor why) const {
  return (state_->locked_for >> static_cast<unsigned>(why) & 1U) != 0;
}

bool Vault::is_locked() const {
  return state_->is_locked();
}

std::uint64_t Vault::generation() const {
  const std::shared_lock lock(state_->readers);
  return state_->contents.generation;
}

std::uint64_t Vault::generation_read() const {
  const std::shared_lock lock(state_->readers);
  return state_->generation_read;
}

base::Status Vault::save_usage() {
  {
    const std::shared_lock lock(state_->readers);
    if (std::ranges::none_of(state_->contents.credentials,
                             [](const auto& pair) { return has_unsaved_use(*pair.second); })) {
      return {};
    }
  }
  std::vector<SavedUse> saved;
  return state_->change([&](Digests& digests) { return state_->write_usage(saved, digests); },
                        [&](Contents&) {
                          for (const SavedUse& use : saved) {
                            use.entry->row.last_used_at = use.used_at;
                          }
                        });
}

}  // namespace keyswap::vault
