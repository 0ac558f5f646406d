// SPDX-License-Identifier: Apache-2.0
//
// The vault's SQLite file: reads and writes rows as they are, sealed. Knows no key and judges no
// content (vault/contents.h does); what it does judge is that the file has our tables and nothing
// else, because a trigger or a view in it could be somebody's. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/sqlite.h"
#include "vault/seal.h"

namespace keyswap::vault {

struct CredentialRow {
  std::string id;
  std::string service;
  std::string name;
  Sealed sealed;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> last_used_at;
};

struct SystemRow {
  std::string name;
  Sealed sealed;
};

// Writes a whole new file beside `path` and moves it there: it is there complete or not at all.
// already_exists.
base::Status create_store(const std::string& path, const Header& header, const Sealed& manifest);

class Store {
 public:
  // corrupt unless the tables are ours; unsupported for a later format; else as Database::open.
  static base::Result<Store> open(const std::string& path);

  // The ways to open the vault: one, or two (bounds::kUnlockWaysMax).
  base::Result<std::vector<Header>> read_headers();
  base::Result<Sealed> read_manifest();
  base::Result<std::vector<CredentialRow>> read_credentials();
  base::Result<std::vector<SystemRow>> read_system();

  base::Status insert(const CredentialRow& row);
  base::Status update(const CredentialRow& row);  // by id
  base::Status remove(std::string_view id);
  base::Status write_last_used(std::string_view id, std::int64_t last_used_at);
  base::Status put_system(const SystemRow& row);
  base::Status remove_system(std::string_view name);
  base::Status write_headers(const std::vector<Header>& headers);  // in place of those there are
  base::Status write_manifest(const Sealed& manifest);

  base::Result<std::string> copy() { return database_.copy(); }

  // Changes when another connection has changed the file.
  base::Result<std::int64_t> data_version();

  void set_patience(std::int64_t ms) { database_.set_patience(ms); }

  [[nodiscard]] bool was_replaced() const { return database_.was_replaced(); }

  base::Result<base::Transaction> begin() { return base::Transaction::begin(database_); }

  base::Result<base::Transaction> begin_read() { return base::Transaction::begin_read(database_); }

 private:
  explicit Store(base::Database database) : database_(std::move(database)) {}

  base::Database database_;
};

}  // namespace keyswap::vault
