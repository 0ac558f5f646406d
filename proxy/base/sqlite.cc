// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/sqlite.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/sqlite_vfs.h"

namespace keyswap::base {

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOthersBits = 077;
// No value or statement of ours comes near: a damaged length must not make SQLite allocate much.
constexpr int kValueBytesMax = 1'000'000;

// Of SQLITE_IOERR: nothing was read, written or synced amiss; something could not be had.
bool is_passing(int extended_code) {
  switch (extended_code) {
    case SQLITE_IOERR_NOMEM:
    case SQLITE_IOERR_ACCESS:
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
      return true;
    default:
      return false;
  }
}

Errc code_of_io(int extended_code, int system_errno) {
  if (is_no_space(system_errno)) {
    return Errc::no_space;
  }
  return is_passing(extended_code) ? Errc::unavailable : Errc::io;
}

Errc code_of(int extended_code, int system_errno) {
  if (extended_code == SQLITE_READONLY_DBMOVED) {
    return Errc::io;  // not a matter of modes: the file is another one now
  }
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
      return Errc::no_space;
    case SQLITE_IOERR:
      return code_of_io(extended_code, system_errno);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::locked;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
      return Errc::corrupt;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return Errc::permission;
    case SQLITE_CONSTRAINT:
      return Errc::already_exists;
    case SQLITE_TOOBIG:
      return Errc::limit_exceeded;
    case SQLITE_CANTOPEN:  // the journal, as a rule: for want of a descriptor, or of room
      return is_no_space(system_errno) ? Errc::no_space : Errc::unavailable;
    case SQLITE_NOMEM:
      return Errc::unavailable;
    default:
      return Errc::io;
  }
}

// Only extended codes pass as numbers where an errno is looked for: the plain ones would read as
// one (13 is both SQLITE_FULL and EACCES).
std::int64_t number_for(Errc kind, int code) {
  constexpr int kPlainCodesMax = 0xff;
  const bool is_errno = kind == Errc::permission || kind == Errc::io;
  return is_errno && code <= kPlainCodesMax ? 0 : code;
}

Error error_of_code(int code, int system_errno) {
  const Errc kind = code_of(code, system_errno);
  if (kind == Errc::no_space) {
    return {kind, "the disk is full", is_no_space(system_errno) ? system_errno : ENOSPC};
  }
  if ((code & 0xff) == SQLITE_PERM) {
    return {kind, "what lies beside the database (-journal, -wal) is not its own"};
  }
  return {kind, "the database could not do it", number_for(kind, code)};
}

Error error_of(sqlite3* database) {
  return error_of_code(sqlite3_extended_errcode(database), sqlite3_system_errno(database));
}

Error error_of_errno(int number) {
  switch (number) {
    case EEXIST:
      return {Errc::already_exists, "the file is already there", number};
    case ENOENT:
    case ENOTDIR:
      return {Errc::not_found, "there is no such file or folder", number};
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
      return {Errc::permission, "the file may not be opened", number};
    default:
      return {write_errc(number), "the file could not be opened", number};
  }
}

Status status_of(sqlite3_stmt* statement, int code) {
  if (code != SQLITE_OK) {
    return error_of(sqlite3_db_handle(statement));
  }
  return {};
}

// The path with its folder resolved, so that SQLITE_OPEN_NOFOLLOW (which refuses a link anywhere in
// the path) judges the file alone: a home folder may be reached through a link, the file may not be
// one.
Result<std::string> with_folder_resolved(const std::string& path) {
  const std::filesystem::path given(path);
  std::error_code failure;
  const std::filesystem::path folder =
      std::filesystem::canonical(given.has_parent_path() ? given.parent_path() : ".", failure);
  if (failure) {
    return error_of_errno(failure.value());
  }
  return (folder / given.filename()).string();
}

Status create_file(const std::string& path) {
  const int file =
      ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly);
  if (file < 0) {
    return error_of_errno(errno);
  }
  // The umask may have taken bits away; it cannot have added any.
  const int changed = ::fchmod(file, kOwnerOnly);
  const int number = errno;
  // Nobody can hold a lock on a file this new, so closing it drops none (POSIX locks go with any
  // close).
  ::close(file);
  if (changed != 0) {
    return error_of_errno(number);
  }
  return {};
}

// lstat, not open: closing a descriptor of ours would drop the POSIX locks that another connection
// of this process may hold on the file.
Status judge_file(const std::string& path) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) != 0) {
    return error_of_errno(errno);
  }
  if (!S_ISREG(found.st_mode)) {
    return Error{Errc::permission, "the database must be a regular file, not a link"};
  }
  if (found.st_uid != ::geteuid()) {
    return Error{Errc::permission, "the database belongs to another user"};
  }
  if ((found.st_mode & kOthersBits) != 0) {
    return Error{Errc::permission, "the database is open to other users; its mode must be 0600"};
  }
  if (found.st_nlink != 1) {
    return Error{Errc::permission, "the database has a second hard link"};
  }
  return {};
}

// A file that is marked as using a write-ahead log would make SQLite create and trust one; we write
// none.
Status check_format(sqlite3* database) {
  constexpr std::size_t kHeaderBytes = 100;
  constexpr std::size_t kWriteVersion = 18;
  constexpr std::size_t kReadVersion = 19;
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::array<char, kHeaderBytes> header{};
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      file == nullptr || file->pMethods == nullptr) {
    return Error{Errc::io, "the database file is not open"};
  }
  const int code = file->pMethods->xRead(file, header.data(), static_cast<int>(header.size()), 0);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) {
    return Error{Errc::io, "the database could not be read", code};
  }
  if (code != SQLITE_OK || std::string_view(header.data(), kMagic.size()) != kMagic ||
      header[kWriteVersion] != 1 || header[kReadVersion] != 1) {
    return Error{Errc::corrupt, "this is no database of ours"};
  }
  return {};
}

Status check_structure(Database& database) {
  auto check = database.prepare("PRAGMA integrity_check(1)");
  if (!check) {
    return check.error();
  }
  auto row = check->step();
  if (!row) {
    return row.error();
  }
  if (!*row || check->text(0) != "ok") {
    return Error{Errc::corrupt, "the database is damaged"};
  }
  return {};
}

Status harden(sqlite3* raw, Database& database) {
  // What stands in the file's schema may come from anybody who could write the file.
  for (const auto& [option, on] : std::to_array<std::pair<int, int>>({
           {SQLITE_DBCONFIG_DEFENSIVE, 1},
           {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
           {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
           {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
           {SQLITE_DBCONFIG_DQS_DDL, 0},
           {SQLITE_DBCONFIG_DQS_DML, 0},
       })) {
    if (sqlite3_db_config(raw, option, on, nullptr) != SQLITE_OK) {
      return error_of(raw);
    }
  }
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_busy_timeout(raw, static_cast<int>(bounds::kDatabaseBusyMs));
  // EXTRA syncs the folder after the journal is unlinked: without it a power cut could bring the
  // journal back and undo a commit that was reported done.
  return database.execute(
      "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
      "PRAGMA secure_delete=ON; PRAGMA synchronous=EXTRA;");
}

Status harden_and_check(sqlite3* raw, Database& database) {
  KS_TRY(check_format(raw));
  KS_TRY(harden(raw, database));
  return check_structure(database);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Status Statement::bind_text(int index, std::string_view text) {
  return status_of(statement_.get(),
                   sqlite3_bind_text(statement_.get(),
                                     index,
                                     text.empty() ? "" : text.data(),
                                     static_cast<int>(text.size()),
                                     SQLITE_TRANSIENT));
}

Status Statement::bind_blob(int index, std::string_view bytes) {
  return status_of(statement_.get(),
                   sqlite3_bind_blob(statement_.get(),
                                     index,
                                     bytes.empty() ? "" : bytes.data(),
                                     static_cast<int>(bytes.size()),
                                     SQLITE_TRANSIENT));
}

Status Statement::bind_integer(int index, std::int64_t number) {
  return status_of(statement_.get(), sqlite3_bind_int64(statement_.get(), index, number));
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    return false;
  }
  return error_of(sqlite3_db_handle(statement_.get()));
}

void Statement::reset() {
  // Both give again the error that step() already gave.
  static_cast<void>(sqlite3_reset(statement_.get()));
  static_cast<void>(sqlite3_clear_bindings(statement_.get()));
}

std::string_view Statement::text(int column) const {
  const auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) {
    return {};
  }
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  if (bytes == nullptr) {
    return {};
  }
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  const auto resolved = with_folder_resolved(path);
  if (!resolved) {
    return resolved.error();
  }
  if (mode == Mode::create_new) {
    KS_TRY(judge_beside(*resolved));
    KS_TRY(create_file(*resolved));
  }
  // What is judged, what is opened, and what is there then are one file.
  const auto id = file_id(*resolved);
  if (!id) {
    return id.error();
  }
  KS_TRY(judge_file(*resolved));
  KS_TRY(judge_beside(*resolved));
  const auto vfs = narrow_vfs();
  if (!vfs) {
    return vfs.error();
  }
  const int access = mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(resolved->c_str(),
                      &raw,
                      access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
                      *vfs);
  Database database(raw, *resolved);
  if (code != SQLITE_OK) {
    return Error{code_of(code, 0), "the database could not be opened", code};
  }
  database.id_ = *id;
  if (database.was_replaced()) {
    return Error{Errc::replaced, "the database was replaced while it was opened"};
  }
  KS_TRY(mode == Mode::create_new ? harden(raw, database) : harden_and_check(raw, database));
  return database;
}

Status Database::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return error_of(database_.get());
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(
          database_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
      SQLITE_OK) {
    return error_of(database_.get());
  }
  return Statement(statement);
}

Result<std::string> Database::copy() {
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> bytes(
      sqlite3_serialize(database_.get(), "main", &size, 0), &sqlite3_free);
  if (!bytes) {
    return error_of(database_.get());
  }
  return std::string(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size));
}

void Database::set_patience(std::int64_t ms) {
  static_cast<void>(sqlite3_busy_timeout(database_.get(), static_cast<int>(ms)));
}

Result<Database::FileId> Database::file_id(const std::string& path) {
  struct stat found = {};
  if (::lstat(path.c_str(), &found) != 0) {
    return error_of_errno(errno);
  }
  return FileId{found.st_dev, found.st_ino};
}

// SQLite follows links, and compares numbers without the device that they are of; but it alone
// knows which file it has open.
bool Database::was_replaced() const {
  int moved = 0;
  const int code = sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  const auto now = file_id(path_);
  return code != SQLITE_OK || moved != 0 || !now || *now != id_;
}

Result<Transaction> Transaction::begin(Database& database) {
  KS_TRY(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Result<Transaction> Transaction::begin_read(Database& database) {
  KS_TRY(database.execute("BEGIN"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) {
    // Fails when SQLite has already rolled back by itself (disk full, I/O error): that is as
    // wanted.
    static_cast<void>(database_->execute("ROLLBACK"));
  }
}

Status Transaction::commit() {
  KS_ASSERT(database_ != nullptr);
  KS_TRY(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace keyswap::base
