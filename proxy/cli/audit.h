// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `keyswap audit`, one file each, and which log they read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "audit/verify.h"
#include "proxy/cli/command.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

class CommandLine;

int run_audit_verify(const Arguments& arguments);
int run_audit_tail(const Arguments& arguments);
int run_audit_show(const Arguments& arguments);
int run_audit_head(const Arguments& arguments);
int run_audit_export(const Arguments& arguments);
int run_audit_stats(const Arguments& arguments);
int run_audit_rotate(const Arguments& arguments);
int run_audit_archive(const Arguments& arguments);
int run_audit_watch(const Arguments& arguments);
int run_audit_forward(const Arguments& arguments);
int run_audit_accept_loss(const Arguments& arguments);

struct LogOptions {
  std::string home;
  std::string folder;
  bool json = false;
};

// Which log; with --json or, where that says nothing, without.
void add_folder_options(CommandLine& app, LogOptions& options);
void add_log_options(CommandLine& app, LogOptions& options);

// The folder: --folder, or what the home's bindings say.
Outcome<std::string> log_folder(const LogOptions& options);

using PublicKey = std::array<std::uint8_t, 32>;

void add_public_key_option(CommandLine& app, std::string& hex);
// What the option says; nothing when it was not given.
Outcome<std::optional<PublicKey>> parse_public_key(const std::string& hex);
// The same, or the key beside the log.
Outcome<PublicKey> log_key(const std::string& folder, const std::string& hex);

// Says that the log goes further back than the folder.
void remark_archived();

// Says that the log is bad, and where; gives the exit status.
int report_broken(const std::string& folder, const audit::Verdict& verdict);
// That it could not be judged.
Failure unread_log(const std::string& folder, const base::Error& error);

}  // namespace keyswap::cli
