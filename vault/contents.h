// SPDX-License-Identifier: Apache-2.0
//
// What a vault file holds, checked: the sealed rows as they live in memory, and the digest over all
// of them that the sealed manifest must agree with. Because of it a row that is changed, removed,
// added or put back as it once was, is noticed although every single row on its own would open.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "vault/seal.h"
#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/store.h"

namespace keyswap::vault {

struct Entry {
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  CredentialRow row;
  // The latest fetch; marked by readers that share the entry, saved later.
  std::atomic<std::int64_t> used_at{kNever};
  // Who fetches it while somebody holds it is given the same bytes (Secret::share()).
  std::mutex opening;  // guards `opened`
  Secret::Watch opened;
  // The generation in which it was read as another process had written it; 0: with the opening, or
  // it was this one that wrote it.
  std::uint64_t read_in = 0;
};

// Digest of each row, by "credential/NAME" and "system/NAME".
using Digests = std::map<std::string, std::string>;

struct Contents {
  std::uint64_t generation = 0;  // one more with every write of the file
  Digests digests;
  std::unordered_map<SecretName, std::unique_ptr<Entry>> credentials;
  std::size_t internal_count = 0;  // of these (SecretName::is_internal)
  std::unordered_map<std::string, Sealed> system;

  // An entry, in place of the one of before if there was one, whose `read_in` it takes over; and
  // none any more.
  void put(const SecretName& name, std::unique_ptr<Entry> entry);
  void erase(const SecretName& name);
};

// When it was last fetched, saved or not; has_unsaved_use: is that later than what is saved?
std::optional<std::int64_t> last_use_of(const Entry& entry);
bool has_unsaved_use(const Entry& entry);
// Thread-safe. Never goes back: threads of different loops may hand in their times out of order.
void mark_used(Entry& entry, std::int64_t now_s);

CredentialIdentity identity_of(const CredentialRow& row);
std::string digest_key(const CredentialRow& row);
std::string digest_key(const SystemRow& row);
std::string digest_of(const Sealer& sealer, const CredentialRow& row);
std::string digest_of(const Sealer& sealer, const SystemRow& row);
Manifest manifest_of(std::uint64_t generation, const Digests& digests);

// Reads all rows; corrupt unless they are exactly those that the manifest was sealed over. To be
// called inside a transaction.
base::Result<Contents> load_contents(Store& store, const Sealer& sealer);

}  // namespace keyswap::vault
