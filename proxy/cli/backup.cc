// SPDX-License-Identifier: Apache-2.0
//
// keyswap backup: the home in one sealed file; also looks at one.
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/backup_file.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "proxy/cli/restore.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap backup /media/stick/keyswap.backup\n"
    "  keyswap backup --verify /media/stick/keyswap.backup";
constexpr mode_t kPrivateMode = 0600;

struct BackupOptions {
  std::string home;
  UnlockOptions unlock;
  std::string file;
  bool only_verifies = false;
};

Failure is_there(const std::string& file) {
  return {Exit::usage,
          file + " is there already",
          "a backup overwrites nothing: name another file, or move that one away"};
}

// What a backup holds, of one moment.
struct Contents {
  std::string vault;
  std::vector<BackedUp> files;
};

Outcome<Contents> collect_all(OpenHome& opened) {
  auto files = collect(opened.home);
  if (!files) {
    return files.failure();
  }
  if (find_file(files.value(), "bindings.yaml") == nullptr) {
    return Failure{Exit::cannot,
                   "there is no " + opened.home.bindings(),
                   "put it back, or begin it: keyswap bindings add; nothing was written"};
  }
  auto vault = opened.vault.copy_file();
  if (!vault) {
    return Failure{Exit::cannot,
                   "the vault cannot be copied: " + explain(vault.error()),
                   "try again; nothing was written"};
  }
  // The policy that is approved in the vault, and the CA, are to be those that are beside it.
  auto after = collect(opened.home);
  if (!after) {
    return after.failure();
  }
  if (!is_same_home(files.value(), after.value())) {
    return Failure{Exit::cannot,
                   "another command changed the home " + opened.home.path + " just now",
                   "try again; nothing was written"};
  }
  return Contents{std::move(*vault), std::move(after).value()};
}

void tell_what_is_not_in_it(const Home& home, const Contents& contents) {
  note("  not in it: the audit log, and the key file, which would open it");
  for (const std::string& root : roots_left_out(home, contents.files)) {
    warn("the roots " + root + " that the bindings name are not in the backup",
         "keep a copy of them, or put them into the home under a name of letters and digits");
  }
  if (const std::string served = served_bindings(home); served != home.bindings()) {
    warn("the bindings that are served are not in the backup: " + served, "keep a copy of them");
  }
}

Problem write_backup(const BackupOptions& options, OpenHome& opened) {
  auto contents = collect_all(opened);
  if (!contents) {
    return contents.failure();
  }
  auto rest = opened.vault.seal_backup(contents->vault, pack(contents->files));
  if (!rest) {
    return Failure{Exit::cannot,
                   "the backup cannot be sealed: " + explain(rest.error()),
                   "raise the limit of locked memory: ulimit -l"};
  }
  const std::string bytes = encode_backup({contents->vault, std::move(*rest)});
  if (bytes.size() > base::bounds::kBackupBytesMax) {
    return Failure{Exit::cannot, "the home is too large for a backup", "nothing was written"};
  }
  const auto written = write_new_file(options.file, bytes, kPrivateMode);
  if (!written && written.error().code == base::Errc::already_exists) {
    return is_there(options.file);
  }
  if (!written) {
    return Failure{Exit::cannot,
                   "cannot write " + options.file + ": " + explain(written.error()),
                   "make room, or check the folder's modes"};
  }
  print_long_line(printable(options.file) + ": " + std::to_string(bytes.size()) +
                  " bytes, sealed; it opens by what opens the vault now");
  tell_what_is_not_in_it(opened.home, contents.value());
  return std::nullopt;
}

Problem backup(const BackupOptions& options) {
  if (options.only_verifies) {
    return verify_backup(options.home, options.unlock, options.file);
  }

  struct stat info {};

  if (lstat(options.file.c_str(), &info) == 0) {  // before anything is asked
    return is_there(options.file);
  }
  auto opened = open_home(options.home, options.unlock);
  return opened ? write_backup(options, opened.value()) : Problem(opened.failure());
}

}  // namespace

int run_backup(const Arguments& arguments) {
  BackupOptions options;
  CommandLine app(
      "Writes the home into one sealed file: vault, CA, bindings, what is approved, what is used "
      "of\nlimits. Also while the proxy runs. The audit log and the key file are not in it.",
      "keyswap backup");
  app.add_option("FILE", options.file, "the backup; it must not be there yet")->required();
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  app.add_flag("--verify", options.only_verifies, "write nothing: open FILE, and check all of it");
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  return end_with(backup(options));
}

}  // namespace keyswap::cli
