// SPDX-License-Identifier: Apache-2.0
#include "vault/contents.h"

#include <algorithm>
#include <utility>

namespace keyswap::vault {

namespace {

base::Error not_as_sealed() {
  return {base::Errc::corrupt, "the vault's rows are not those that keyswap wrote"};
}

base::Status take_credentials(Contents& contents,
                              const Sealer& sealer,
                              std::vector<CredentialRow>&& rows) {
  for (CredentialRow& row : rows) {
    const auto name = SecretName::parse_stored(row.name);
    if (!name) {
      return not_as_sealed();
    }
    contents.digests.emplace(digest_key(row), digest_of(sealer, row));
    auto entry = std::make_unique<Entry>();
    entry->row = std::move(row);
    if (contents.credentials.contains(*name)) {
      return not_as_sealed();
    }
    contents.put(*name, std::move(entry));
  }
  return {};
}

base::Status take_system(Contents& contents, const Sealer& sealer, std::vector<SystemRow>&& rows) {
  for (SystemRow& row : rows) {
    contents.digests.emplace(digest_key(row), digest_of(sealer, row));
    if (!contents.system.emplace(row.name, std::move(row.sealed)).second) {
      return not_as_sealed();
    }
  }
  return {};
}

}  // namespace

void Contents::put(const SecretName& name, std::unique_ptr<Entry> entry) {
  const auto [place, is_new] = credentials.try_emplace(name);
  if (!is_new) {
    entry->read_in = place->second->read_in;
  } else if (name.is_internal()) {
    ++internal_count;
  }
  place->second = std::move(entry);
}

void Contents::erase(const SecretName& name) {
  if (credentials.erase(name) > 0 && name.is_internal()) {
    --internal_count;
  }
}

std::optional<std::int64_t> last_use_of(const Entry& entry) {
  const std::int64_t used_at = entry.used_at.load(std::memory_order_relaxed);
  if (used_at == Entry::kNever) {
    return entry.row.last_used_at;
  }
  return std::max(used_at, entry.row.last_used_at.value_or(used_at));
}

bool has_unsaved_use(const Entry& entry) {
  return last_use_of(entry) != entry.row.last_used_at;
}

void mark_used(Entry& entry, std::int64_t now_s) {
  std::int64_t before = entry.used_at.load(std::memory_order_relaxed);
  while (before < now_s &&
         !entry.used_at.compare_exchange_weak(before, now_s, std::memory_order_relaxed)) {
  }
}

CredentialIdentity identity_of(const CredentialRow& row) {
  return {row.id, row.service, row.name, row.created_at};
}

std::string digest_key(const CredentialRow& row) {
  return "credential/" + row.name;
}

std::string digest_key(const SystemRow& row) {
  return "system/" + row.name;
}

std::string digest_of(const Sealer& sealer, const CredentialRow& row) {
  return sealer.digest_credential(identity_of(row), row.last_used_at, row.sealed);
}

std::string digest_of(const Sealer& sealer, const SystemRow& row) {
  return sealer.digest_system(row.name, row.sealed);
}

Manifest manifest_of(std::uint64_t generation, const Digests& digests) {
  std::string joined;
  joined.reserve(digests.size() * kDigestBytes);
  for (const auto& [key, digest] : digests) {
    joined += digest;
  }
  return {generation, digests.size(), digest_of_all(joined)};
}

base::Result<Contents> load_contents(Store& store, const Sealer& sealer) {
  const auto sealed = store.read_manifest();
  if (!sealed) {
    return sealed.error();
  }
  // The canary: a key that does not open it is not this file's.
  const auto manifest = sealer.open_manifest(*sealed);
  if (!manifest) {
    return manifest.error();
  }
  auto credentials = store.read_credentials();
  if (!credentials) {
    return credentials.error();
  }
  auto system = store.read_system();
  if (!system) {
    return system.error();
  }
  Contents contents;
  contents.generation = manifest->generation;
  KS_TRY(take_credentials(contents, sealer, std::move(*credentials)));
  KS_TRY(take_system(contents, sealer, std::move(*system)));
  const Manifest found = manifest_of(contents.generation, contents.digests);
  if (found.row_count != manifest->row_count ||
      !base::equal_constant_time(found.digest, manifest->digest)) {
    return not_as_sealed();
  }
  return contents;
}

}  // namespace keyswap::vault
