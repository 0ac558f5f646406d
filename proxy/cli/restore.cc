// SPDX-License-Identifier: Apache-2.0
//
// keyswap restore
#include "proxy/cli/restore.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include <unistd.h>

#include "proxy/base/clock.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/question.h"
#include "proxy/cli/restore_record.h"
#include "proxy/cli/restoring.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/time_text.h"
#include "proxy/cli/unlock.h"
#include "proxy/cli/workshop.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap restore /media/stick/keyswap.backup\n"
    "  keyswap restore FILE --home /var/lib/keyswap --yes --password-file FILE";

struct RestoreOptions {
  std::string home;
  UnlockOptions unlock;
  std::string file;
  bool says_yes = false;
};

// "20261201T035300Z"
std::string time_for_name() {
  std::string time = format_time(base::SystemClock().wall_us() / 1'000'000);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return time;
}

bool is_home(const Home& home) {
  const std::array files = {
      home.vault(), home.bindings(), home.audit(), home.serve_lock(), restored_folder(home)};
  return std::ranges::any_of(
      files, [](const std::string& path) { return access(path.c_str(), F_OK) == 0; });
}

Failure no_workshop(const Home& home, const base::Error& error) {
  return {Exit::cannot,
          "cannot restore into " + home.path + ": " + explain(error),
          "look at the folder's modes and the disk; nothing was changed"};
}

// Nothing is there yet: the home is made beside its place.
Problem restore_new(const RestoreOptions& options, const Home& home) {
  if (auto problem = check_place_for_home(home)) {
    return problem;
  }
  if (!make_folders_above(home)) {
    return no_workshop(home, {base::Errc::io, "the folder above it cannot be made", errno});
  }
  Workshop workshop(home.path);
  if (!workshop.made()) {
    return no_workshop(home, workshop.made().error());
  }
  auto staged = stage_backup(options.file, workshop.path(), home, options.unlock);
  if (!staged) {
    return staged.failure();
  }
  // Nothing is there that could have grown; but the log that is put there will have the record.
  if (auto problem = keep_what_only_grows(home, base::SystemClock().wall_us(), staged.value())) {
    return problem;
  }
  if (const auto moved = workshop.move_into_place(); !moved) {
    return no_workshop(home, moved.error());
  }
  const auto synced = sync_folder(std::filesystem::path(home.path).parent_path().string());
  if (!synced) {
    return not_durable(home, synced.error());
  }
  print_long_line("restored: " + printable(home.path));
  note("  put the audit log in its place, if you have it: " + home.audit());
  note("  without it, serve starts once you accept the loss: keyswap audit accept-loss");
  return std::nullopt;
}

Outcome<ServeLock> keep_proxies_away(const Home& home) {
  auto lock = ServeLock::take(
      home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  if (!lock) {
    return lock.failure();
  }
  if (!lock.value()) {
    return Failure{Exit::cannot,
                   "a proxy runs on this home: " + home.path,
                   "stop it first; nothing was changed"};
  }
  return std::move(*lock.value());
}

// What cannot be written now, the vault keeps for the next start.
void tell_log(const Home& home, const vault::Vault& key) {
  auto vault = key.open_another(home.vault());
  if (!vault || !record_restored_at_rest(home, *vault, base::SystemClock())) {
    note("  the audit log cannot have the record of it now: the next start writes it");
  }
}

Problem restore_over(const RestoreOptions& options, const Home& home) {
  auto lock = keep_proxies_away(home);
  if (!lock) {
    return lock.failure();
  }
  const std::string before = free_before_name(home, time_for_name());
  std::optional<vault::Vault> key;  // of the vault in the backup, which is the home's then
  {
    Workshop workshop(restored_folder(home));
    if (!workshop.made()) {
      return no_workshop(home, workshop.made().error());
    }
    auto staged = stage_backup(options.file, workshop.path(), home, options.unlock);
    if (!staged) {
      return staged.failure();
    }
    if (auto problem = refuse_beside_proxy(home, staged.value())) {
      return problem;
    }
    if (auto problem = keep_what_only_grows(home, base::SystemClock().wall_us(), staged.value())) {
      return problem;
    }
    note("the home " + home.path + " becomes that of the backup; what is there goes to " + before);
    if (auto problem = confirm(options.says_yes, "Shall it take its place?")) {
      return problem;
    }
    if (auto problem = refuse_beside_proxy(home, staged.value())) {
      return problem;  // the question took its time
    }
    if (const auto planned = write_plan(workshop.path(), before, misfits(home, staged.value()));
        !planned) {
      return no_workshop(home, planned.error());
    }
    if (const auto moved = workshop.move_into_place(); !moved) {
      return no_workshop(home, moved.error());
    }
    key.emplace(std::move(staged->vault));
  }
  if (auto problem = finish_restore(home)) {
    return problem;
  }
  tell_log(home, *key);
  print_long_line("restored: " + printable(home.path));
  note("  what was there is in " + home.path + "/" + before + "; remove it when all is well");
  note("  tokens, secrets and bindings that were taken back since the backup count again: look at");
  note("  keyswap caller list, keyswap secret list; replace at its issuer what leaked meanwhile");
  return std::nullopt;
}

Problem restore(const RestoreOptions& options) {
  if (auto problem = begin_guarded()) {
    return problem;
  }
  const Home named = home_of(options.home);
  if (named.path.empty() || !is_home(named)) {
    return restore_new(options, named);
  }
  auto home = checked_home_of(options.home);
  return home ? restore_over(options, home.value()) : Problem(home.failure());
}

}  // namespace

Problem verify_backup(const std::string& home,
                      const UnlockOptions& unlock,
                      const std::string& file) {
  if (auto problem = begin_guarded()) {
    return problem;
  }
  const Home named = home_of(home);
  const std::string temporary = environment_variable("TMPDIR");
  const std::string folder = temporary.empty() ? "/tmp" : temporary;
  // One name for a user: what a kill left there, the next one takes away.
  Workshop workshop(folder + "/keyswap-verify-" + std::to_string(geteuid()));
  if (!workshop.made()) {
    return Failure{
        Exit::cannot,
        "cannot unpack the backup in " + folder + ": " + explain(workshop.made().error()),
        "make room there, or name another folder: TMPDIR"};
  }
  auto staged = stage_backup(file, workshop.path(), named, unlock);
  if (!staged) {
    return staged.failure();
  }
  print_long_line(printable(file) +
                  " is whole: secrets: " + std::to_string(staged->vault.list().size()));
  return std::nullopt;
}

int run_restore(const Arguments& arguments) {
  RestoreOptions options;
  CommandLine app(
      "Makes the home that of a backup, all of it or nothing. The audit log stays, and records it; "
      "what\nwas used of limits, and how far the log reached, is never set back. No proxy may run "
      "on the home.",
      "keyswap restore");
  app.add_option("FILE", options.file, "what keyswap backup wrote")->required();
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  app.add_flag("--yes", options.says_yes, "do not ask whether it may take the home's place");
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  return end_with(restore(options));
}

}  // namespace keyswap::cli
