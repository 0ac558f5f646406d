// SPDX-License-Identifier: Apache-2.0
//
// keyswap backup: the home in one sealed file; also looks at one.
#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/backup_file.h"
#include "proxy/cli/command.h"
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

Problem write_backup(const BackupOptions& options, OpenHome& opened) {
  struct stat info {};

  if (lstat(options.file.c_str(), &info) == 0) {
    return Failure{Exit::usage,
                   options.file + " is there already",
                   "a backup overwrites nothing: name another file, or move that one away"};
  }
  // The policy that is approved in the vault is to be the one that is beside it.
  auto files = collect(opened.home);
  if (!files) {
    return files.failure();
  }
  auto vault = opened.vault.copy_file();
  if (!vault) {
    return Failure{Exit::cannot,
                   "the vault cannot be copied: " + explain(vault.error()),
                   "try again; nothing was written"};
  }
  const auto bindings = read_file(opened.home.bindings(), base::bounds::kBindingsFileBytesMax);
  const auto* const kept = find_file(files.value(), "bindings.yaml");
  if (!bindings || kept == nullptr || *bindings != kept->bytes) {
    return Failure{Exit::cannot,
                   opened.home.bindings() + " is not there, or was changed just now",
                   "try again; nothing was written"};
  }
  auto rest = opened.vault.seal_backup(*vault, pack(files.value()));
  if (!rest) {
    return Failure{Exit::cannot,
                   "the backup cannot be sealed: " + explain(rest.error()),
                   "raise the limit of locked memory: ulimit -l"};
  }
  const std::string bytes = encode_backup({std::move(*vault), std::move(*rest)});
  if (bytes.size() > base::bounds::kBackupBytesMax) {
    return Failure{Exit::cannot, "the home is too large for a backup", "nothing was written"};
  }
  if (const auto written = write_file(options.file, bytes, kPrivateMode); !written) {
    return Failure{Exit::cannot,
                   "cannot write " + options.file + ": " + explain(written.error()),
                   "make room, or check the folder's modes"};
  }
  print_line(printable(options.file) + ": " + std::to_string(bytes.size()) +
             " bytes, sealed; it opens by what opens the vault now");
  note("  not in it: the audit log, and the key file, which would open it");
  return std::nullopt;
}

int backup(const BackupOptions& options) {
  if (options.only_verifies) {
    const auto problem = verify_backup(options.home, options.unlock, options.file);
    return problem ? report(*problem) : static_cast<int>(Exit::done);
  }
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  const auto problem = write_backup(options, opened.value());
  return problem ? report(*problem) : static_cast<int>(Exit::done);
}

}  // namespace

int run_backup(const Arguments& arguments) {
  BackupOptions options;
  CLI::App app(
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
  return backup(options);
}

}  // namespace keyswap::cli
