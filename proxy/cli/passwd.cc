// SPDX-License-Identifier: Apache-2.0
//
// keyswap passwd
#include <utility>

#include "proxy/cli/approval.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/unlock.h"
#include "proxy/cli/unlock_ways.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "keyswap passwd                    # another passphrase\n"
    "  keyswap passwd --add-key-file     # for unattended starts, beside the passphrase\n"
    "  keyswap passwd --drop-key-file";

struct PasswdOptions {
  std::string home;
  UnlockOptions unlock;
  UnlockOptions next;  // of the new passphrase
  bool adds_key_file = false;
  bool drops_key_file = false;
  bool drops_passphrase = false;
};

struct Opened {
  Home home;
  std::size_t ways = 1;
  vault::Vault vault;
};

Outcome<Opened> open_for_change(const PasswdOptions& options) {
  if (auto problem = begin_guarded()) {
    return *problem;
  }
  auto home = checked_home_of(options.home);
  if (!home) {
    return home.failure();
  }
  const auto ways = vault::Vault::count_ways(home->vault());
  if (!ways) {
    return Failure{Exit::cannot,
                   "cannot read the vault " + home->vault() + ": " + explain(ways.error()),
                   "put back a backup: keyswap restore FILE"};
  }
  UnlockOptions unlock = options.unlock;
  unlock.ignores_key_file = options.drops_key_file && *ways > 1;
  auto vault = open_vault(home.value(), unlock);
  if (!vault) {
    return vault.failure();
  }
  return Opened{std::move(home).value(), *ways, std::move(vault).value()};
}

Outcome<vault::Secret> set_next_passphrase(const PasswdOptions& options, Opened& opened) {
  auto passphrase = read_next_passphrase(options.next);
  if (!passphrase) {
    return passphrase.failure();
  }
  if (auto problem = check_new_passphrase(passphrase->view())) {
    return *problem;
  }
  vault::Secret secret = std::move(passphrase).value().to_secret();
  if (auto problem = set_passphrase(opened.home, opened.vault, secret)) {
    return *problem;
  }
  return secret;
}

Problem change_passphrase(const PasswdOptions& options, Opened& opened) {
  if (auto set = set_next_passphrase(options, opened); !set) {
    return set.failure();
  }
  print_long_line("the passphrase is another one from now on");
  note("  where a file, a service or the keyring holds the old one, put in the new one");
  note("  copies of the home that were made before still open with the old one");
  return std::nullopt;
}

// Whoever reads the file has the vault, and so the operator's word on bindings.
void warn_about_approvals(const Opened& opened) {
  const auto approval = vault::read_approval(opened.vault);
  if (approval && *approval && (*approval)->mode == vault::ApprovalMode::passphrase) {
    warn("the vault's passphrase approves bindings here, and so does the key file now",
         "keep programs that you do not trust from reading it: another user for the proxy");
  }
}

Problem add_key(Opened& opened) {
  if (auto problem = add_key_file(opened.home, opened.vault)) {
    return problem;
  }
  print_long_line("made " + printable(opened.home.key()) +
                  ": it opens the vault without asking; whoever reads it has every secret");
  warn_about_approvals(opened);
  return std::nullopt;
}

Problem drop_key(const PasswdOptions& options, Opened& opened) {
  if (opened.ways > 1 && (!options.next.password_file.empty() || options.next.password_fd >= 0)) {
    return Failure{Exit::usage,
                   "there is a passphrase already, and it stays: a new one was given",
                   "leave that out; or change it first: keyswap passwd. Nothing was changed"};
  }
  if (opened.ways > 1) {
    return drop_key_file(opened.home, opened.vault);
  }
  if (!has_key_in_place(opened.home)) {
    return Failure{Exit::no,
                   "there is no key file in " + opened.home.path,
                   "the passphrase alone opens the vault already"};
  }
  // The only way yet: first there is a passphrase, which is tried, then the file goes.
  auto passphrase = set_next_passphrase(options, opened);
  if (!passphrase) {
    return passphrase.failure();
  }
  auto by_passphrase = vault::Vault::open(opened.home.vault(), passphrase.value());
  if (!by_passphrase) {
    return Failure{Exit::cannot,
                   "the vault cannot be opened again: " + explain(by_passphrase.error()),
                   "the key file still opens it; try again"};
  }
  return drop_key_file(opened.home, *by_passphrase);
}

Problem change(const PasswdOptions& options, Opened& opened) {
  if (options.adds_key_file) {
    return add_key(opened);
  }
  if (options.drops_key_file) {
    if (auto problem = drop_key(options, opened)) {
      return problem;
    }
    print_long_line("the passphrase alone opens the vault from now on");
    return std::nullopt;
  }
  if (options.drops_passphrase) {
    if (auto problem = drop_passphrase(opened.home, opened.vault)) {
      return problem;
    }
    print_long_line("the key file alone opens the vault from now on: keep a copy of it, elsewhere");
    return std::nullopt;
  }
  return change_passphrase(options, opened);
}

int passwd(const PasswdOptions& options) {
  auto opened = open_for_change(options);
  if (!opened) {
    return report(opened.failure());
  }
  return end_with(change(options, opened.value()));
}

}  // namespace

int run_passwd(const Arguments& arguments) {
  PasswdOptions options;
  CommandLine app(
      "Changes how the vault is opened: another passphrase, or a key file beside it. The secrets "
      "stay\nas they are, and a running proxy goes on.",
      "keyswap passwd");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  auto* file =
      app.add_option("--new-password-file", options.next.password_file, "read the new one from it")
          ->type_name("FILE");
  auto* descriptor =
      app.add_option("--new-password-fd", options.next.password_fd, "read the new one from it")
          ->type_name("N")
          ->check(check_descriptor)
          ->excludes(file);
  auto* adds = app.add_flag(
      "--add-key-file", options.adds_key_file, "make a random key in the home's file 'key'");
  auto* drops = app.add_flag("--drop-key-file",
                             options.drops_key_file,
                             "the file goes; the passphrase alone opens the vault")
                    ->excludes(adds);
  auto* drops_passphrase =
      app.add_flag(
             "--drop-passphrase", options.drops_passphrase, "the key file alone opens the vault")
          ->excludes(adds)
          ->excludes(drops);
  for (auto* next : {file, descriptor}) {  // what is given is never left aside
    next->excludes(adds)->excludes(drops_passphrase);
  }
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  return passwd(options);
}

}  // namespace keyswap::cli
