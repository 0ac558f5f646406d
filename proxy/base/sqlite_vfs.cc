// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/sqlite_vfs.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyswap::base {

namespace {

using namespace std::string_view_literals;

constexpr const char* kName = "keyswap-narrow";
constexpr std::string_view kJournalEnding = "-journal";
// Room for the file object of any default; those of SQLite's own take less than 200 bytes.
constexpr int kFileObjectBytes = 512;
// SQLite's own: it has buffers of that size.
constexpr int kPathBytesMax = 512;

// What a journal that takes part in a transaction over several databases ends with: a name, its
// length, a checksum, and this. We never attach a second database, so none of ours does.
constexpr off_t kSuperRecordBytesMin = 16;
constexpr std::string_view kSuperRecordEnd = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"sv;

Error foreign(Note note) {
  return {Errc::permission, note};
}

// Nobody else's file, and not a second name of another one: SQLite writes over what stands there.
Status judge_owner(const struct stat& found) {
  if (!S_ISREG(found.st_mode)) {
    return foreign("the journal beside the database is no plain file");
  }
  if (found.st_uid != ::geteuid()) {
    return foreign("the journal beside the database belongs to another user");
  }
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return foreign("the journal beside the database can be written by other users");
  }
  if (found.st_nlink != 1) {
    return foreign("the journal beside the database has a second hard link");
  }
  return {};
}

// SQLite asks for a little more before it believes the record; what ends so is none of ours anyhow.
Status judge_end(const char* path, off_t size) {
  std::array<char, kSuperRecordEnd.size()> end{};
  if (size < kSuperRecordBytesMin) {
    return {};
  }
  const int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (file < 0) {
    return errno == ENOENT
               ? Status()
               : Status(Error{Errc::unavailable, "the journal cannot be opened", errno});
  }
  const ssize_t count =
      ::pread(file, end.data(), end.size(), size - static_cast<off_t>(end.size()));
  ::close(file);
  if (count == static_cast<ssize_t>(end.size()) &&
      std::string_view(end.data(), end.size()) == kSuperRecordEnd) {
    return foreign("the journal beside the database names another file, to be deleted");
  }
  return {};
}

// Our own one is never the default, so this is always the system's (or a test's).
sqlite3_vfs* below() {
  return sqlite3_vfs_find(nullptr);
}

int open_file(
    sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* opened) noexcept {
  file->pMethods = nullptr;
  sqlite3_vfs* const vfs = below();
  if (vfs->szOsFile > kFileObjectBytes) {
    return SQLITE_CANTOPEN;
  }
  if ((flags & SQLITE_OPEN_MAIN_JOURNAL) != 0) {
    if (const Status judged = judge_journal(name); !judged) {
      return judged.error().code == Errc::permission ? SQLITE_PERM : SQLITE_CANTOPEN;
    }
  } else if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
    return SQLITE_PERM;  // a super-journal, a write-ahead log, a temporary file
  }
  return vfs->xOpen(vfs, name, file, flags, opened);
}

int delete_file(sqlite3_vfs* /*vfs*/, const char* name, int sync_folder) noexcept {
  if (!std::string_view(name).ends_with(kJournalEnding)) {
    return SQLITE_PERM;
  }
  sqlite3_vfs* const vfs = below();
  return vfs->xDelete(vfs, name, sync_folder);
}

int look_for(sqlite3_vfs* /*vfs*/, const char* name, int flags, int* found) noexcept {
  sqlite3_vfs* const vfs = below();
  return vfs->xAccess(vfs, name, flags, found);
}

int whole_path(sqlite3_vfs* /*vfs*/, const char* name, int size, char* whole) noexcept {
  sqlite3_vfs* const vfs = below();
  return vfs->xFullPathname(vfs, name, size, whole);
}

int random_bytes_for(sqlite3_vfs* /*vfs*/, int size, char* bytes) noexcept {
  sqlite3_vfs* const vfs = below();
  return vfs->xRandomness(vfs, size, bytes);
}

int sleep_for(sqlite3_vfs* /*vfs*/, int microseconds) noexcept {
  sqlite3_vfs* const vfs = below();
  return vfs->xSleep(vfs, microseconds);
}

int time_of_day(sqlite3_vfs* /*vfs*/, sqlite3_int64* milliseconds) noexcept {
  sqlite3_vfs* const vfs = below();
  return vfs->xCurrentTimeInt64(vfs, milliseconds);
}

int last_error(sqlite3_vfs* /*vfs*/, int size, char* text) noexcept {
  sqlite3_vfs* const vfs = below();
  return vfs->xGetLastError(vfs, size, text);
}

int register_once() {
  // SQLite keeps it in a list of its own, which it links through the object: it cannot be constant.
  static sqlite3_vfs narrow = [] {
    sqlite3_vfs vfs = {};
    vfs.iVersion = 2;
    vfs.szOsFile = kFileObjectBytes;
    vfs.mxPathname = kPathBytesMax;
    vfs.zName = kName;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = look_for;
    vfs.xFullPathname = whole_path;
    vfs.xRandomness = random_bytes_for;
    vfs.xSleep = sleep_for;
    vfs.xGetLastError = last_error;
    vfs.xCurrentTimeInt64 = time_of_day;
    return vfs;
  }();
  constexpr int kNotTheDefault = 0;
  return sqlite3_vfs_register(&narrow, kNotTheDefault);
}

}  // namespace

Result<const char*> narrow_vfs() {
  static const int registered = register_once();
  if (registered != SQLITE_OK || below() == nullptr) {
    return Error{Errc::unavailable, "SQLite does not start", registered};
  }
  return kName;
}

Status judge_journal(const char* path) {
  struct stat found = {};
  if (::lstat(path, &found) != 0) {
    return {};  // none; what else keeps it from being looked at, keeps SQLite from opening it
  }
  KS_TRY(judge_owner(found));
  return judge_end(path, found.st_size);
}

Status judge_beside(const std::string& path) {
  struct stat found = {};
  for (const char* ending : {"-wal", "-shm"}) {
    if (::lstat((path + ending).c_str(), &found) == 0) {
      return foreign("a write-ahead log (-wal, -shm) lies beside the database, which has none");
    }
  }
  return judge_journal((path + std::string(kJournalEnding)).c_str());
}

}  // namespace keyswap::base
