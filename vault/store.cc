// SPDX-License-Identifier: Apache-2.0
#include "vault/store.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "proxy/base/bounds.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

constexpr std::int64_t kApplicationId = 0x4b535654;  // "KSVT"; file(1) and SQLite's tools show it
// With one way to open the vault, and with two. A program that knows of one alone takes the second
// for a later format, not for damage.
constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kTwoWaysFormat = 2;

// docs/vault-format.md, "Tables". SQLite keeps these texts in the file as they are here, and a file
// with any other is refused.
#define KS_CREDENTIALS                                                                           \
  "CREATE TABLE credentials(id TEXT PRIMARY KEY, service TEXT NOT NULL, name TEXT NOT NULL, "    \
  "encrypted_key BLOB NOT NULL, nonce BLOB NOT NULL, created_at INTEGER NOT NULL, last_used_at " \
  "INTEGER)"
#define KS_SYSTEM                                                                            \
  "CREATE TABLE system_secrets(name TEXT PRIMARY KEY, encrypted_value BLOB NOT NULL, nonce " \
  "BLOB NOT NULL)"
#define KS_HEADER                                                                                  \
  "CREATE TABLE vault_header(vault_id BLOB NOT NULL, created_at INTEGER NOT NULL, kdf TEXT NOT "   \
  "NULL, kdf_memory_bytes INTEGER NOT NULL, kdf_passes INTEGER NOT NULL, kdf_salt BLOB NOT NULL, " \
  "encrypted_data_key BLOB NOT NULL, nonce BLOB NOT NULL, checksum BLOB NOT NULL)"
#define KS_MANIFEST \
  "CREATE TABLE vault_manifest(encrypted_manifest BLOB NOT NULL, nonce BLOB NOT NULL)"

struct SchemaEntry {
  std::string_view type;
  std::string_view name;
  std::string_view sql;
};

// In order of name.
constexpr std::array kSchema = {
    SchemaEntry{"table", "credentials", KS_CREDENTIALS},
    SchemaEntry{"index", "sqlite_autoindex_credentials_1", ""},
    SchemaEntry{"index", "sqlite_autoindex_system_secrets_1", ""},
    SchemaEntry{"table", "system_secrets", KS_SYSTEM},
    SchemaEntry{"table", "vault_header", KS_HEADER},
    SchemaEntry{"table", "vault_manifest", KS_MANIFEST},
};

constexpr const char* kCreate =
    "PRAGMA application_id=0x4b535654; PRAGMA user_version=1;" KS_CREDENTIALS ";" KS_SYSTEM
    ";" KS_HEADER ";" KS_MANIFEST ";";

#undef KS_CREDENTIALS
#undef KS_SYSTEM
#undef KS_HEADER
#undef KS_MANIFEST

base::Error damaged() {
  return {base::Errc::corrupt, "the vault's tables are not as they should be"};
}

// Binds by type, counting from 1; the first failure stays.
class Binder {
 public:
  static base::Result<Binder> of(base::Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    if (!statement) {
      return statement.error();
    }
    return Binder(std::move(*statement));
  }

  Binder& text(std::string_view value) { return take(statement_.bind_text(++index_, value)); }

  Binder& blob(std::string_view value) { return take(statement_.bind_blob(++index_, value)); }

  Binder& integer(std::int64_t value) { return take(statement_.bind_integer(++index_, value)); }

  Binder& sealed(const Sealed& value) { return blob(value.box).blob(value.nonce); }

  base::Status run() {
    KS_TRY(status_);
    auto row = statement_.step();
    if (!row) {
      return row.error();
    }
    return {};
  }

 private:
  explicit Binder(base::Statement statement) : statement_(std::move(statement)) {}

  Binder& take(base::Status status) {
    if (status_ && !status) {
      status_ = status;
    }
    return *this;
  }

  base::Statement statement_;
  base::Status status_;
  int index_ = 0;
};

base::Result<std::int64_t> read_number(base::Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) {
    return statement.error();
  }
  auto row = statement->step();
  if (!row) {
    return row.error();
  }
  if (!*row) {
    return damaged();
  }
  return statement->integer(0);
}

base::Status check_schema(base::Database& database) {
  auto statement = database.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name");
  if (!statement) {
    return statement.error();
  }
  for (const SchemaEntry& expected : kSchema) {
    auto row = statement->step();
    if (!row) {
      return row.error();
    }
    if (!*row || statement->text(0) != expected.type || statement->text(1) != expected.name ||
        statement->text(2) != expected.sql) {
      return damaged();
    }
  }
  auto more = statement->step();
  if (!more) {
    return more.error();
  }
  return *more ? base::Status(damaged()) : base::Status();
}

base::Status check_format(base::Database& database) {
  const auto application = read_number(database, "PRAGMA application_id");
  if (!application) {
    return application.error();
  }
  if (*application != kApplicationId) {
    return base::Error{base::Errc::corrupt, "this is no vault"};
  }
  const auto format = read_number(database, "PRAGMA user_version");
  if (!format) {
    return format.error();
  }
  if (*format != kFormat && *format != kTwoWaysFormat) {
    return base::Error{
        base::Errc::unsupported, "the vault was made by another version of keyswap", *format};
  }
  return check_schema(database);
}

std::size_t ways_of(std::int64_t format) {
  return format == kTwoWaysFormat ? 2 : 1;
}

Header header_of(const base::Statement& row) {
  Header header;
  header.vault_id = row.blob(0);
  header.created_at = row.integer(1);
  header.kdf = row.text(2);
  header.kdf_memory_bytes = row.integer(3);
  header.kdf_passes = row.integer(4);
  header.kdf_salt = row.blob(5);
  header.wrapped_key = {std::string(row.blob(7)), std::string(row.blob(6))};
  header.checksum = row.blob(8);
  return header;
}

base::Status insert_header(base::Database& database, const Header& header) {
  auto binder = Binder::of(database, "INSERT INTO vault_header VALUES(?,?,?,?,?,?,?,?,?)");
  if (!binder) {
    return binder.error();
  }
  return binder->blob(header.vault_id)
      .integer(header.created_at)
      .text(header.kdf)
      .integer(header.kdf_memory_bytes)
      .integer(header.kdf_passes)
      .blob(header.kdf_salt)
      .sealed(header.wrapped_key)
      .blob(header.checksum)
      .run();
}

base::Status insert_manifest(base::Database& database, const Sealed& manifest) {
  auto binder = Binder::of(database, "INSERT INTO vault_manifest VALUES(?,?)");
  if (!binder) {
    return binder.error();
  }
  return binder->sealed(manifest).run();
}

base::Status fill_new(const std::string& path, const Header& header, const Sealed& manifest) {
  auto database = base::Database::open(path, base::Database::Mode::create_new);
  if (!database) {
    return database.error();
  }
  auto transaction = base::Transaction::begin(*database);
  if (!transaction) {
    return transaction.error();
  }
  KS_TRY(database->execute(kCreate));
  KS_TRY(insert_header(*database, header));
  KS_TRY(insert_manifest(*database, manifest));
  return transaction->commit();
}

base::Error error_of_errno(int number) {
  if (number == EEXIST) {
    return {base::Errc::already_exists, "there is a vault already", number};
  }
  return {base::write_errc(number), "the new vault could not be put in its place", number};
}

// rename that refuses to replace; file systems without it have link.
base::Status move_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  if (errno != EINVAL && errno != ENOSYS) {
    return error_of_errno(errno);
  }
  if (::link(from.c_str(), to.c_str()) != 0 || ::unlink(from.c_str()) != 0) {
    return error_of_errno(errno);
  }
  return {};
}

// The name is durable only when its folder is.
base::Status sync_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return error_of_errno(errno);
  }
  const bool is_synced = ::fsync(descriptor) == 0;
  const int number = errno;
  ::close(descriptor);
  if (!is_synced) {
    return error_of_errno(number);
  }
  return {};
}

}  // namespace

base::Status create_store(const std::string& path, const Header& header, const Sealed& manifest) {
  std::array<std::uint8_t, 8> random{};
  base::random_bytes(random);
  const std::string draft =
      path + ".new-" + base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  auto done = fill_new(draft, header, manifest);
  if (done) {
    done = move_new(draft, path);
  }
  if (!done) {
    ::unlink(draft.c_str());
    return done;
  }
  return sync_folder_of(path);
}

base::Result<Store> Store::open(const std::string& path) {
  auto database = base::Database::open(path, base::Database::Mode::read_write);
  if (!database) {
    return database.error();
  }
  KS_TRY(check_format(*database));
  return Store(std::move(*database));
}

base::Result<std::vector<Header>> Store::read_headers() {
  const auto format = read_number(database_, "PRAGMA user_version");
  if (!format) {
    return format.error();
  }
  auto statement = database_.prepare(
      "SELECT vault_id, created_at, kdf, kdf_memory_bytes, kdf_passes, kdf_salt, "
      "encrypted_data_key, nonce, checksum FROM vault_header ORDER BY rowid");
  if (!statement) {
    return statement.error();
  }
  std::vector<Header> headers;
  auto more = statement->step();
  for (; more && *more && headers.size() <= bounds::kUnlockWaysMax; more = statement->step()) {
    headers.push_back(header_of(*statement));
  }
  if (!more) {
    return more.error();
  }
  if (headers.empty() || headers.size() != ways_of(*format)) {
    return damaged();
  }
  return headers;
}

base::Result<Sealed> Store::read_manifest() {
  auto statement = database_.prepare("SELECT encrypted_manifest, nonce FROM vault_manifest");
  if (!statement) {
    return statement.error();
  }
  auto row = statement->step();
  if (!row) {
    return row.error();
  }
  if (!*row) {
    return damaged();
  }
  Sealed manifest{std::string(statement->blob(1)), std::string(statement->blob(0))};
  auto more = statement->step();
  if (!more) {
    return more.error();
  }
  if (*more) {
    return damaged();
  }
  return manifest;
}

base::Result<std::vector<CredentialRow>> Store::read_credentials() {
  auto statement = database_.prepare(
      "SELECT id, service, name, encrypted_key, nonce, created_at, last_used_at FROM credentials");
  if (!statement) {
    return statement.error();
  }
  std::vector<CredentialRow> rows;
  auto more = statement->step();
  for (; more && *more; more = statement->step()) {
    if (rows.size() >= bounds::kVaultEntriesMax) {
      return base::Error{base::Errc::limit_exceeded, "the vault holds too many secrets"};
    }
    CredentialRow row;
    row.id = statement->text(0);
    row.service = statement->text(1);
    row.name = statement->text(2);
    row.sealed = {std::string(statement->blob(4)), std::string(statement->blob(3))};
    row.created_at = statement->integer(5);
    if (!statement->is_null(6)) {
      row.last_used_at = statement->integer(6);
    }
    rows.push_back(std::move(row));
  }
  if (!more) {
    return more.error();
  }
  return rows;
}

base::Result<std::vector<SystemRow>> Store::read_system() {
  auto statement = database_.prepare("SELECT name, encrypted_value, nonce FROM system_secrets");
  if (!statement) {
    return statement.error();
  }
  std::vector<SystemRow> rows;
  auto more = statement->step();
  for (; more && *more; more = statement->step()) {
    if (rows.size() >= bounds::kVaultEntriesMax) {
      return base::Error{base::Errc::limit_exceeded, "the vault holds too many secrets"};
    }
    rows.push_back({std::string(statement->text(0)),
                    {std::string(statement->blob(2)), std::string(statement->blob(1))}});
  }
  if (!more) {
    return more.error();
  }
  return rows;
}

base::Status Store::insert(const CredentialRow& row) {
  auto binder = Binder::of(database_, "INSERT INTO credentials VALUES(?,?,?,?,?,?,NULL)");
  if (!binder) {
    return binder.error();
  }
  return binder->text(row.id)
      .text(row.service)
      .text(row.name)
      .sealed(row.sealed)
      .integer(row.created_at)
      .run();
}

base::Status Store::update(const CredentialRow& row) {
  auto binder = Binder::of(database_,
                           "UPDATE credentials SET encrypted_key=?, nonce=?, created_at=?, "
                           "last_used_at=NULL WHERE id=?");
  if (!binder) {
    return binder.error();
  }
  return binder->sealed(row.sealed).integer(row.created_at).text(row.id).run();
}

base::Status Store::remove(std::string_view id) {
  auto binder = Binder::of(database_, "DELETE FROM credentials WHERE id=?");
  if (!binder) {
    return binder.error();
  }
  return binder->text(id).run();
}

base::Status Store::write_last_used(std::string_view id, std::int64_t last_used_at) {
  auto binder = Binder::of(database_, "UPDATE credentials SET last_used_at=? WHERE id=?");
  if (!binder) {
    return binder.error();
  }
  return binder->integer(last_used_at).text(id).run();
}

base::Status Store::put_system(const SystemRow& row) {
  auto binder = Binder::of(database_, "INSERT OR REPLACE INTO system_secrets VALUES(?,?,?)");
  if (!binder) {
    return binder.error();
  }
  return binder->text(row.name).sealed(row.sealed).run();
}

base::Status Store::remove_system(std::string_view name) {
  auto binder = Binder::of(database_, "DELETE FROM system_secrets WHERE name=?");
  if (!binder) {
    return binder.error();
  }
  return binder->text(name).run();
}

base::Status Store::write_headers(const std::vector<Header>& headers) {
  KS_ASSERT(!headers.empty() && headers.size() <= bounds::kUnlockWaysMax);
  KS_TRY(database_.execute("DELETE FROM vault_header"));
  for (const Header& header : headers) {
    KS_TRY(insert_header(database_, header));
  }
  return database_.execute(headers.size() == 1 ? "PRAGMA user_version=1" : "PRAGMA user_version=2");
}

base::Status Store::write_manifest(const Sealed& manifest) {
  auto binder = Binder::of(database_, "UPDATE vault_manifest SET encrypted_manifest=?, nonce=?");
  if (!binder) {
    return binder.error();
  }
  return binder->sealed(manifest).run();
}

base::Result<std::int64_t> Store::data_version() {
  return read_number(database_, "PRAGMA data_version");
}

}  // namespace keyswap::vault
