// SPDX-License-Identifier: Apache-2.0
//
// keyswap init
#include <optional>
#include <utility>

#include "proxy/base/clock.h"
#include "proxy/cli/approval.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/options.h"
#include "proxy/cli/permit_option.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/trust.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap init                      # asks for a passphrase\n"
    "  keyswap init --key-file           # a random key in the home, for an unattended machine";

struct InitOptions {
  std::string home;
  UnlockOptions unlock;
  bool writes_key_file = false;
  std::string approval;  // "key", "passphrase"; "" = by how the vault is opened
  ApprovalOptions approval_passphrase;
  PermitOption permit;
};

Outcome<LockedText> choose_passphrase(const InitOptions& options) {
  return options.writes_key_file ? make_random_key() : read_new_passphrase(options.unlock);
}

// Who will approve: with a passphrase that is in nobody's file, nobody but who knows it. Where a
// key file opens the vault, that takes a passphrase of its own.
Outcome<NewApproval> choose_approval(const InitOptions& options, std::int64_t now_s) {
  const bool is_given = !options.approval_passphrase.password_file.empty();
  if (is_given && options.approval == "key") {
    return Failure{Exit::usage,
                   "where the key approves, approvals have no passphrase",
                   "leave out --approval key or --approval-password-file"};
  }
  if (is_given || (options.approval == "passphrase" && options.writes_key_file)) {
    auto passphrase = read_new_approval_passphrase(options.approval_passphrase);
    if (!passphrase) {
      return passphrase.failure();
    }
    return nothing_approved(std::move(passphrase).value().to_secret(), now_s);
  }
  const bool by_key =
      options.approval.empty() ? options.writes_key_file : options.approval == "key";
  const auto mode = by_key ? vault::ApprovalMode::key : vault::ApprovalMode::passphrase;
  // Nobody serves the starter: who sets up by script writes the bindings next, and serves.
  return NewApproval{nothing_approved(mode), {}, by_key || !options.approval.empty()};
}

void tell_who_approves(const NewApproval& approval) {
  switch (approval.before.approval->mode) {
    case vault::ApprovalMode::key:
      print_long_line("Approval: key. Whoever can write bindings.yaml decides where secrets go.");
      return;
    case vault::ApprovalMode::passphrase:
    case vault::ApprovalMode::own_passphrase:
      print_long_line(
          "Approval: passphrase. A changed bindings.yaml counts once you approved it: serve "
          "asks, and keyswap bindings edit.");
      return;
  }
}

void tell_what_is_there(const Home& home, const InitOptions& options) {
  print_long_line("Made the keyswap home " + printable(home.path) + ":");
  print(format_table({{"  vault.db", "secrets, sealed"},
                      {"  ca.pem", "the local CA's certificate: clients must trust it"},
                      {"  bundle.pem", "the host's roots and ca.pem in one file"},
                      {"  bindings.yaml", "which secret may go where: keyswap bindings add"},
                      {"  audit/", "every decision, hash-chained"}}));
  if (options.writes_key_file) {
    print_long_line(
        "  key            opens the vault without asking: whoever reads it has every secret");
  }
}

int init(const InitOptions& options) {
  if (auto problem = begin_guarded()) {
    return report(*problem);
  }
  auto permitted = options.permit.parse();
  if (!permitted) {
    return report(permitted.failure());
  }
  const Home home = home_of(options.home);
  if (auto problem = check_place_for_home(home)) {
    return report(*problem);
  }
  auto passphrase = choose_passphrase(options);
  if (!passphrase) {
    return report(passphrase.failure());
  }
  const std::int64_t now_s = base::SystemClock().wall_us() / 1'000'000;
  const KeyFile key_file = options.writes_key_file ? KeyFile::write : KeyFile::none;
  auto approval = choose_approval(options, now_s);
  if (!approval) {
    return report(approval.failure());
  }
  std::optional<WaitNotice> notice(std::in_place, "making the home…");
  const auto problem =
      create_home(home, passphrase.value(), key_file, approval.value(), now_s, permitted.value());
  notice.reset();
  if (problem) {
    return report(*problem);
  }
  if (host_roots_path().empty()) {
    warn("this host has no root certificates: bundle.pem holds keyswap's alone",
         "install them (package ca-certificates), then run: keyswap ca export");
  }
  tell_what_is_there(home, options);
  tell_who_approves(approval.value());
  print_long_line(
      "Next: keyswap secret add NAME, keyswap bindings add NAME --host HOST, keyswap serve.");
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_init(const Arguments& arguments) {
  InitOptions options;
  CommandLine app(
      "Makes the home folder: vault, CA, audit folder, starter bindings.yaml. Never overwrites.",
      "keyswap init");
  add_home_option(app, options.home);
  auto* file =
      app.add_option(
             "--password-file", options.unlock.password_file, "take the passphrase from this file")
          ->type_name("FILE");
  auto* descriptor = app.add_option("--password-fd",
                                    options.unlock.password_fd,
                                    "take the passphrase from this file descriptor")
                         ->type_name("N")
                         ->check(check_descriptor)
                         ->excludes(file);
  app.add_flag("--key-file",
               options.writes_key_file,
               "make a random passphrase and keep it in the home's file 'key'")
      ->excludes(file)
      ->excludes(descriptor);
  app.add_option("--approval",
                 options.approval,
                 "who lets changed bindings into force: key (whoever opens the vault) or\n"
                 "passphrase (default: key with --key-file, else passphrase)")
      ->type_name("HOW")
      ->one_of({"key", "passphrase"});
  add_approval_option(app, options.approval_passphrase);
  add_permit_option(app, options.permit);
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  return init(options);
}

}  // namespace keyswap::cli
