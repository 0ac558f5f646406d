// SPDX-License-Identifier: Apache-2.0
//
// keyswap audit head
#include "audit/head.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

Failure head_failure(const std::string& folder, const base::Error& error) {
  if (error.code == base::Errc::not_found) {
    return {Exit::cannot,
            "there is no audit log yet in " + folder,
            "it begins when a proxy first runs: keyswap serve"};
  }
  if (error.code == base::Errc::corrupt) {
    return {Exit::no, "the audit log is damaged: " + explain(error), "see: keyswap audit verify"};
  }
  return {Exit::cannot,
          "the audit log cannot be read: " + explain(error),
          "check the folder " + folder};
}

int head(const LogOptions& options, const std::string& key_hex) {
  auto folder = log_folder(options);
  if (!folder) {
    return report(folder.failure());
  }
  auto key = log_key(folder.value(), key_hex);
  if (!key) {
    return report(key.failure());
  }
  const auto read = audit::read_head(folder.value(), key.value());
  if (!read) {
    return report(head_failure(folder.value(), read.error()));
  }
  print_line(audit::head_line(*read));
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_audit_head(const Arguments& arguments) {
  LogOptions options;
  std::string key_hex;
  CommandLine app(
      "Prints the audit log's head: which log it is, and how far it is signed. Nothing in it is\n"
      "secret. Kept where nobody can change it, it shows later whether the log was removed or set\n"
      "back: keyswap audit verify --head FILE",
      "keyswap audit head");
  add_log_options(app, options);
  add_public_key_option(app, key_hex);
  if (const auto status = parse_arguments(app, arguments, "keyswap audit head > head.json")) {
    return *status;
  }
  return head(options, key_hex);
}

}  // namespace keyswap::cli
