// SPDX-License-Identifier: Apache-2.0
//
// SQLite's way to the system, made narrow. SQLite believes what lies beside a database: a journal
// left there is rolled back, and the file that its super-journal record names is deleted; a
// write-ahead log is taken for newer than the database. Whoever may put a file there could so have
// a file of ours deleted or written over. We need the database and its own journal, and nothing
// else. Private to proxy/base/sqlite.cc.
#pragma once

#include <string>

#include "proxy/base/result.h"

namespace keyswap::base {

// The name to open a database with. Through it SQLite opens the database and a journal that
// judge_journal lets pass, and deletes that journal; to all else it says SQLITE_PERM. It stands on
// SQLite's default of the moment. unavailable when SQLite does not take it.
Result<const char*> narrow_vfs();

// Is there no journal at `path`, or one that can be ours: a plain file of ours with one name, which
// others cannot write, and which names no other file? permission if not.
Status judge_journal(const char* path);

// The same of all that SQLite would look for beside the database `path`, before it is opened, so
// that what is wrong is said.
Status judge_beside(const std::string& path);

}  // namespace keyswap::base
