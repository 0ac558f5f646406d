// SPDX-License-Identifier: Apache-2.0
#include "proxy/approvals/operation_file.h"

#include <array>
#include <utility>

#include "proxy/base/own_database.h"

namespace keyswap::approvals {

namespace {

using base::Database;
using base::Errc;
using base::Error;
using base::Result;
using base::Statement;
using base::Status;

constexpr std::array<std::string_view, 1> kTables = {
    "CREATE TABLE operations(id TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL, "
    "request_id TEXT NOT NULL, caller TEXT NOT NULL, secret TEXT NOT NULL, host TEXT NOT NULL, "
    "method TEXT NOT NULL, path TEXT NOT NULL, body_bytes INTEGER NOT NULL, body_sha256 TEXT "
    "NOT NULL, digest TEXT NOT NULL, is_detached INTEGER NOT NULL, created_us INTEGER NOT "
    "NULL, changed_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, retry_us INTEGER NOT "
    "NULL, retry_expires_us INTEGER NOT NULL, decided_by TEXT NOT NULL, how TEXT NOT NULL, "
    "seal TEXT NOT NULL, nonce BLOB NOT NULL, box BLOB NOT NULL, PRIMARY KEY(id)) STRICT, "
    "WITHOUT ROWID"};

constexpr base::DatabaseForm kForm = {
    .application_id = 0x4b534150,  // "KSAP"
    .format = 2,
    .tables = kTables,
    .is_foreign = "this is no database of operations",
    .is_of_other = "the operations' database was made by another version of keyswap",
    .is_damaged = "the table of the operations' database is not as it should be",
    .was_not_made = "the operations' database could not be made"};

constexpr std::string_view kColumns =
    "id, state, version, request_id, caller, secret, host, method, path, body_bytes, body_sha256, "
    "digest, is_detached, created_us, changed_us, expires_us, retry_us, retry_expires_us, "
    "decided_by, how, seal";
constexpr int kNonceParameter = 22;  // behind the columns
constexpr int kBoxParameter = 23;

Error damaged() {
  return {Errc::corrupt, kForm.is_damaged};
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
  auto database = base::open_or_make(path, kForm);
  if (!database) {
    return database.error();
  }
  return OperationFile(std::move(*database));
}

Result<OperationFile> OperationFile::open_to_read(const std::string& path) {
  auto database = base::open_to_read(path, kForm);
  if (!database) {
    return database.error();
  }
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
