// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/own_database.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace keyswap::base {

namespace {

Status check_tables(Database& database, const DatabaseForm& form) {
  const Error damaged{Errc::corrupt, form.is_damaged};
  auto statement = database.prepare("SELECT sql FROM sqlite_schema ORDER BY name");
  if (!statement) {
    return statement.error();
  }
  for (const std::string_view expected : form.tables) {
    const auto row = statement->step();
    if (!row) {
      return row.error();
    }
    if (!*row || statement->text(0) != expected) {
      return damaged;
    }
  }
  const auto more = statement->step();
  if (!more) {
    return more.error();
  }
  return *more ? Status(damaged) : Status();
}

Status check_form(Database& database, const DatabaseForm& form) {
  const auto application = query_number(database, "PRAGMA application_id");
  if (!application) {
    return application.error();
  }
  if (*application != form.application_id) {
    return Error{Errc::corrupt, form.is_foreign};
  }
  const auto format = query_number(database, "PRAGMA user_version");
  if (!format) {
    return format.error();
  }
  if (*format != form.format) {
    return Error{Errc::unsupported, form.is_of_other, *format};
  }
  return check_tables(database, form);
}

Status fill_new(const std::string& path, const DatabaseForm& form) {
  auto database = Database::open(path, Database::Mode::create_new);
  if (!database) {
    return database.error();
  }
  auto transaction = Transaction::begin(*database);
  if (!transaction) {
    return transaction.error();
  }
  std::string sql = "PRAGMA application_id=" + std::to_string(form.application_id) +
                    "; PRAGMA user_version=" + std::to_string(form.format) + ";";
  for (const std::string_view table : form.tables) {
    sql.append(table).append(";");
  }
  KS_TRY(database->execute(sql.c_str()));
  return transaction->commit();
}

Error creation_error(int number, const DatabaseForm& form) {
  return {write_errc(number), form.was_not_made, number};
}

// The name is durable only when its folder is.
Status sync_folder_of(const std::string& path, const DatabaseForm& form) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return creation_error(errno, form);
  }
  const int number = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return number == 0 ? Status() : Status(creation_error(number, form));
}

Status make_file(const std::string& path, const DatabaseForm& form) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  auto made = fill_new(draft, form);
  if (made && std::rename(draft.c_str(), path.c_str()) != 0) {
    made = creation_error(errno, form);
  }
  if (!made) {
    ::unlink(draft.c_str());
    return made;
  }
  return sync_folder_of(path, form);
}

Result<Database> checked(Result<Database> database, const DatabaseForm& form) {
  if (database) {
    KS_TRY(check_form(*database, form));
  }
  return database;
}

}  // namespace

Result<Database> open_or_make(const std::string& path, const DatabaseForm& form) {
  auto database = Database::open(path, Database::Mode::read_write);
  if (!database && database.error().code == Errc::not_found) {
    KS_TRY(make_file(path, form));
    database = Database::open(path, Database::Mode::read_write);
  }
  return checked(std::move(database), form);
}

// A connection that may not write cannot take back what a killed process left half done; one that
// may, can.
Result<Database> open_to_read(const std::string& path, const DatabaseForm& form) {
  auto database = Database::open(path, Database::Mode::read_only);
  if (!database && database.error().code == Errc::permission) {
    database = Database::open(path, Database::Mode::read_write);
  }
  return checked(std::move(database), form);
}

Result<std::int64_t> number_of(Statement& statement, std::int64_t otherwise) {
  const auto row = statement.step();
  if (!row) {
    return row.error();
  }
  const std::int64_t number = *row && !statement.is_null(0) ? statement.integer(0) : otherwise;
  statement.reset();
  return number;
}

Result<std::int64_t> query_number(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) {
    return statement.error();
  }
  return number_of(*statement, 0);
}

}  // namespace keyswap::base
