// SPDX-License-Identifier: Apache-2.0
//
// The only door to sqlite3: Database, Statement, Transaction. Opened with synchronous=EXTRA, a
// rollback journal, secure_delete and a busy timeout, so that a commit is durable and a removed row
// is gone from the file. The file is judged first (ours alone, no link), and what lies beside it
// (proxy/base/sqlite_vfs.h), and its structure checked.
// Errors carry SQLite's extended code, or errno, as their number; unavailable, locked and no_space
// pass by themselves: the file is as it was, and a later try may succeed. Not thread-safe: one
// owner each. A Statement must be gone before its Database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace keyswap::base {

class Statement {
 public:
  // Parameters count from 1. Bytes are copied.
  Status bind_text(int index, std::string_view text);
  Status bind_blob(int index, std::string_view bytes);
  Status bind_integer(int index, std::int64_t number);

  // Gives true when there is a row to read, false at the end.
  Result<bool> step();
  // Ready to be bound and stepped again.
  void reset();

  // Columns count from 0; views live until the next step or reset.
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;  // the only maker

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  enum class Mode : std::uint8_t { create_new, read_write, read_only };

  // Opens the file. create_new fails with already_exists; the file's mode is 0600 whatever the
  // umask. The others: not_found; permission for a symbolic link, a second hard link, another owner
  // or a mode that lets others in; corrupt when the structure does not pass SQLite's own check.
  // replaced: by another file while it was opened.
  // Each, and every later read or write: permission when a journal beside it cannot be ours, or a
  // write-ahead log is there.
  static Result<Database> open(const std::string& path, Mode mode);

  Status execute(const char* sql);  // one or more statements without parameters or rows
  Result<Statement> prepare(std::string_view sql);
  // The bytes of the file as a transaction of ours sees it, also while others write.
  Result<std::string> copy();
  // How long a lock of another process is waited for; bounds::kDatabaseBusyMs at first.
  void set_patience(std::int64_t ms);
  // Is the file no longer what the path names (renamed over, removed, moved and linked to, covered
  // by another file system)?
  [[nodiscard]] bool was_replaced() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  // Which file a name leads to. A number of a file alone comes again on another file system.
  struct FileId {
    std::uint64_t device = 0;
    std::uint64_t number = 0;

    bool operator==(const FileId&) const = default;
  };

  // Of the file itself; of a link to it, the link's.
  static Result<FileId> file_id(const std::string& path);

  Database(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}

  std::unique_ptr<sqlite3, Close> database_;
  std::string path_;  // with its folder resolved
  FileId id_;         // as it was opened
};

// BEGIN IMMEDIATE ... COMMIT; rolls back when it is destroyed without commit().
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  // One consistent view for several reads; takes no lock that a reader would not.
  static Result<Transaction> begin_read(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Transaction(Transaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }

  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;  // null once committed or moved from
};

}  // namespace keyswap::base
