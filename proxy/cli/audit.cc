// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit.h"

#include <array>
#include <cstring>
#include <filesystem>

#include "audit/chain.h"
#include "audit/recover.h"
#include "audit/segment.h"
#include "proxy/base/bytes.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr std::array kCommands = {
    Command{"verify", "check the chain; names the first bad record", run_audit_verify},
    Command{"tail", "the newest records, and those to come", run_audit_tail},
    Command{"show", "records by secret, host, caller, decision, time", run_audit_show},
    Command{"export", "records as CSV or JSON lines, verified", run_audit_export},
    Command{"stats", "how many requests, by decision, secret, host, caller", run_audit_stats},
    Command{"head", "which log it is, and how far it goes; to keep elsewhere", run_audit_head},
    Command{"rotate", "close the segment that is being written", run_audit_rotate},
    Command{"archive", "move the closed segments away", run_audit_archive},
    Command{"watch", "run a command for each closed segment", run_audit_watch},
    Command{"forward", "send records to the journal or syslog", run_audit_forward},
    Command{"accept-loss", "go on after a loss, which is recorded", run_audit_accept_loss},
};

}  // namespace

void add_folder_options(CommandLine& app, LogOptions& options) {
  add_home_option(app, options.home);
  app.add_option("--folder", options.folder, "the audit folder (default: the home's)")
      ->type_name("DIR");
}

void add_log_options(CommandLine& app, LogOptions& options) {
  add_folder_options(app, options);
  add_json_option(app, options.json);
}

Outcome<std::string> log_folder(const LogOptions& options) {
  if (!options.folder.empty()) {
    return options.folder;
  }
  auto home = checked_home_of(options.home);
  if (!home) {
    return home.failure();
  }
  return audit_folder(home.value());
}

void add_public_key_option(CommandLine& app, std::string& hex) {
  app.add_option(
         "--public-key", hex, "the key to trust, from elsewhere (default: the folder's audit.pub)")
      ->type_name("HEX");
}

Outcome<std::optional<PublicKey>> parse_public_key(const std::string& hex) {
  if (hex.empty()) {
    return std::optional<PublicKey>();
  }
  const auto bytes = base::from_hex(hex);
  PublicKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return Failure{Exit::usage,
                   "--public-key wants 64 hexadecimal digits",
                   "the key stands in the log's start records and in audit.pub"};
  }
  std::memcpy(key.data(), bytes->data(), key.size());
  return std::optional<PublicKey>(key);
}

Outcome<PublicKey> log_key(const std::string& folder, const std::string& hex) {
  auto given = parse_public_key(hex);
  if (!given) {
    return given.failure();
  }
  if (given.value()) {
    return *given.value();
  }
  constexpr std::size_t kContentBytes = 2 * std::tuple_size_v<PublicKey> + 1;
  const auto content =
      audit::read_small_file(audit::path_of(folder, audit::kPublicKeyName), kContentBytes);
  PublicKey key{};
  if (!content || !*content || (*content)->size() != kContentBytes ||
      !audit::parse_hex(
          std::string_view(**content).substr(0, kContentBytes - 1), key.data(), key.size())) {
    return Failure{Exit::cannot,
                   "there is no public key of an audit log in " + folder,
                   "a log begins when a proxy first runs: keyswap serve"};
  }
  return key;
}

void remark_archived() {
  remark("what came before was archived: --folder names the archive");
}

int run_audit(const Arguments& arguments) {
  return dispatch({"keyswap audit",
                   "Verifies, follows and searches the audit log.\n",
                   "keyswap audit verify",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
