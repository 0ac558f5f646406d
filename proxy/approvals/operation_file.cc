// SPDX-License-Identifier: Apache-2.0
#include "proxy/approvals/operation_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace keyswap::approvals {

namespace {

using base::Database;
using base::Errc;
using base::Error;
using base::Result;
using base::Statement;
using base::Status;
using base::Transaction;

constexpr std::int64_t kApplicationId = 0x4b534150;  // "KSAP"; file(1) and SQLite's tools show it
constexpr std::int64_t kFormat = 2;

// SQLite keeps this text in the file as it is here, and a file with any other is refused.
#define KS_OPERATIONS                                                                          \
  "CREATE TABLE operations(id TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL, "  \
  "request_id TEXT NOT NULL, caller TEXT NOT NULL, secret TEXT NOT NULL, host TEXT NOT NULL, " \
  "method TEXT NOT NULL, path TEXT NOT NULL, body_bytes INTEGER NOT NULL, "                    \
  "body_sha256 TEXT NOT NULL, digest TEXT NOT NULL, is_detached INTEGER NOT NULL, "            \
  "created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, "    \
  "retry_us INTEGER NOT NULL, retry_expires_us INTEGER NOT NULL, decided_by TEXT NOT NULL, "   \
  "how TEXT NOT NULL, seal TEXT NOT NULL, nonce BLOB NOT NULL, box BLOB NOT NULL, PRIMARY "    \
  "KEY(id)) STRICT, WITHOUT "                                                                  \
  "ROWID"

constexpr std::string_view kSchema = KS_OPERATIONS;
constexpr const char* kCreate =
    "PRAGMA application_id=0x4b534150; PRAGMA user_version=2;" KS_OPERATIONS ";";

#undef KS_OPERATIONS

constexpr std::string_view kColumns =
    "id, state, version, request_id, caller, secret, host, method, path, body_bytes, body_sha256, "
    "digest, is_detached, created_us, changed_us, expires_us, retry_us, retry_expires_us, "
    "decided_by, how, seal";
constexpr int kNonceParameter = 22;  // behind the columns
constexpr int kBoxParameter = 23;

Error damaged() {
  return {Errc::corrupt, "the table of the operations' database is not as it should be"};
}

Result<std::int64_t> query_number(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) {
    return statement.error();
  }
  const auto row = statement->step();
  if (!row) {
    return row.error();
  }
  return *row ? statement->integer(0) : 0;
}

Status check_schema(Database& database) {
  auto statement = database.prepare("SELECT sql FROM sqlite_schema");
  if (!statement) {
    return statement.error();
  }
  const auto first = statement->step();
  if (!first) {
    return first.error();
  }
  if (!*first || statement->text(0) != kSchema) {
    return damaged();
  }
  const auto more = statement->step();
  if (!more) {
    return more.error();
  }
  return *more ? Status(damaged()) : Status();
}

Status check_format(Database& database) {
  const auto application = query_number(database, "PRAGMA application_id");
  if (!application) {
    return application.error();
  }
  if (*application != kApplicationId) {
    return Error{Errc::corrupt, "this is no database of operations"};
  }
  const auto format = query_number(database, "PRAGMA user_version");
  if (!format) {
    return format.error();
  }
  if (*format != kFormat) {
    return Error{Errc::unsupported,
                 "the operations' database was made by another version of keyswap",
                 *format};
  }
  return check_schema(database);
}

Status fill_new(const std::string& path) {
  auto database = Database::open(path, Database::Mode::create_new);
  if (!database) {
    return database.error();
  }
  auto transaction = Transaction::begin(*database);
  if (!transaction) {
    return transaction.error();
  }
  KS_TRY(database->execute(kCreate));
  return transaction->commit();
}

Error creation_error(int number) {
  return {base::write_errc(number), "the operations' database could not be made", number};
}

// The name is durable only when its folder is.
Status sync_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return creation_error(errno);
  }
  const int number = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return number == 0 ? Status() : Status(creation_error(number));
}

// Whole or not there. One process has the home (its serve.lock), so a draft is a crashed one's.
Status create_file(const std::string& path) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  auto made = fill_new(draft);
  if (made && std::rename(draft.c_str(), path.c_str()) != 0) {
    made = creation_error(errno);
  }
  if (!made) {
    ::unlink(draft.c_str());
    return made;
  }
  return sync_folder_of(path);
}

Status bind_all(Statement& statement, const Operation& operation) {
  int at = 0;
  KS_TRY(statement.bind_text(++at, operation.id));
  KS_TRY(statement.bind_text(++at, to_string(operation.state)));
  KS_TRY(statement.bind_integer(++at, static_cast<std::int64_t>(operation.version)));
  for (const std::string* const text : {&operation.request_id,
                                        &operation.caller,
                                        &operation.secret,
                                        &operation.host,
                                        &operation.method,
                                        &operation.path}) {
    KS_TRY(statement.bind_text(++at, *text));
  }
  KS_TRY(statement.bind_integer(++at, static_cast<std::int64_t>(operation.body_bytes)));
  KS_TRY(statement.bind_text(++at, operation.body_sha256));
  KS_TRY(statement.bind_text(++at, operation.digest));
  for (const std::int64_t number : {std::int64_t{operation.is_detached ? 1 : 0},
                                    operation.created_us,
                                    operation.changed_us,
                                    operation.expires_us,
                                    operation.retry_us,
                                    operation.retry_expires_us}) {
    KS_TRY(statement.bind_integer(++at, number));
  }
  KS_TRY(statement.bind_text(++at, operation.by));
  KS_TRY(statement.bind_text(++at, operation.how));
  return statement.bind_text(++at, operation.seal);
}

Result<Operation> operation_of(const Statement& row) {
  const auto state = parse_state(row.text(1));
  if (!state) {
    return damaged();
  }
  Operation operation;
  int at = 2;
  operation.id = row.text(0);
  operation.state = *state;
  operation.version = static_cast<std::uint64_t>(row.integer(at++));
  for (std::string* const text : {&operation.request_id,
                                  &operation.caller,
                                  &operation.secret,
                                  &operation.host,
                                  &operation.method,
                                  &operation.path}) {
    *text = row.text(at++);
  }
  operation.body_bytes = static_cast<std::uint64_t>(row.integer(at++));
  operation.body_sha256 = row.text(at++);
  operation.digest = row.text(at++);
  operation.is_detached = row.integer(at++) != 0;
  for (std::int64_t* const number : {&operation.created_us,
                                     &operation.changed_us,
                                     &operation.expires_us,
                                     &operation.retry_us,
                                     &operation.retry_expires_us}) {
    *number = row.integer(at++);
  }
  operation.by = row.text(at++);
  operation.how = row.text(at++);
  operation.seal = row.text(at++);
  return operation;
}

Status run(Statement& statement) {
  const auto stepped = statement.step();
  return stepped ? Status() : Status(stepped.error());
}

}  // namespace

Result<OperationFile> OperationFile::open(const std::string& path) {
  auto database = Database::open(path, Database::Mode::read_write);
  if (!database && database.error().code == Errc::not_found) {
    KS_TRY(create_file(path));
    database = Database::open(path, Database::Mode::read_write);
  }
  if (!database) {
    return database.error();
  }
  KS_TRY(check_format(*database));
  return OperationFile(std::move(*database));
}

// A connection that may not write cannot take back what a killed process left half done; one that
// may, can.
Result<OperationFile> OperationFile::open_to_read(const std::string& path) {
  auto database = Database::open(path, Database::Mode::read_only);
  if (!database && database.error().code == Errc::permission) {
    database = Database::open(path, Database::Mode::read_write);
  }
  if (!database) {
    return database.error();
  }
  KS_TRY(check_format(*database));
  return OperationFile(std::move(*database));
}

Status OperationFile::add(const Operation& operation, const SealedRequest& request) {
  auto statement = database_.prepare("INSERT INTO operations(" + std::string(kColumns) +
                                     ", nonce, box) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
                                     "?,?,?,?)");
  if (!statement) {
    return statement.error();
  }
  KS_TRY(bind_all(*statement, operation));
  KS_TRY(statement->bind_blob(kNonceParameter, request.nonce));
  KS_TRY(statement->bind_blob(kBoxParameter, request.box));
  return run(*statement);
}

Status OperationFile::change(const Operation& operation) {
  const std::string asked_for = is_terminal(operation.state) || operation.state == State::executing
                                    ? "x'', x''"
                                    : "nonce, box";
  auto statement =
      database_.prepare("INSERT OR REPLACE INTO operations(" + std::string(kColumns) +
                        ", nonce, box) SELECT ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?, " +
                        asked_for + " FROM operations WHERE id=?1");
  if (!statement) {
    return statement.error();
  }
  KS_TRY(bind_all(*statement, operation));
  return run(*statement);
}

Status OperationFile::remove(std::string_view id) {
  auto statement = database_.prepare("DELETE FROM operations WHERE id=?");
  if (!statement) {
    return statement.error();
  }
  KS_TRY(statement->bind_text(1, id));
  return run(*statement);
}

Result<std::vector<Operation>> OperationFile::read() {
  auto statement =
      database_.prepare("SELECT " + std::string(kColumns) + " FROM operations ORDER BY created_us");
  if (!statement) {
    return statement.error();
  }
  std::vector<Operation> all;
  for (;;) {
    const auto row = statement->step();
    if (!row) {
      return row.error();
    }
    if (!*row) {
      return all;
    }
    auto operation = operation_of(*statement);
    if (!operation) {
      return operation.error();
    }
    all.push_back(std::move(*operation));
  }
}

Result<SealedRequest> OperationFile::read_request(std::string_view id) {
  auto statement = database_.prepare("SELECT nonce, box FROM operations WHERE id=?");
  if (!statement) {
    return statement.error();
  }
  KS_TRY(statement->bind_text(1, id));
  const auto row = statement->step();
  if (!row) {
    return row.error();
  }
  if (!*row || statement->blob(0).empty()) {
    return Error{Errc::not_found, "what was asked for is not kept any more"};
  }
  return SealedRequest{std::string(statement->blob(0)), std::string(statement->blob(1))};
}

}  // namespace keyswap::approvals
