// SPDX-License-Identifier: Apache-2.0
//
// A database of keyswap's own: made where there is none, and refused where it is not as we make it
// (its application id, its format, the text of each table). For the small files of a home:
// limits.db, approvals.db. The vault has two formats, and makes its file itself (vault/store.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/base/sqlite.h"

namespace keyswap::base {

// All of it is constant.
struct DatabaseForm {
  std::int64_t application_id;  // file(1) and SQLite's tools show it
  std::int64_t format;
  // The statements that make its tables, in order of the tables' names. SQLite keeps them in the
  // file as they are here.
  std::span<const std::string_view> tables;
  // What errors say.
  Note is_foreign;    // another application's
  Note is_of_other;   // another version's
  Note is_damaged;    // its tables are others
  Note was_not_made;  // there was none, and it could not be made
};

// Opens the file to write, or makes it first: mode 0600, whole or not there, durable with its name.
// One process at a time: a draft that is found is a crashed one's. Errors: as Database::open;
// corrupt too when it is foreign or damaged; unsupported, with its format, for another version's.
Result<Database> open_or_make(const std::string& path, const DatabaseForm& form);

// To read alone, also while another process writes. not_found when there is none; else as above.
Result<Database> open_to_read(const std::string& path, const DatabaseForm& form);

// The first number of the statement's next row; `otherwise` where there is none. Resets it.
Result<std::int64_t> number_of(Statement& statement, std::int64_t otherwise);
// Of a statement without parameters; 0 where there is none.
Result<std::int64_t> query_number(Database& database, std::string_view sql);

}  // namespace keyswap::base
