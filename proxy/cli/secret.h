// SPDX-License-Identifier: Apache-2.0
//
// What the subcommands of `keyswap secret` share; one file each for import, for
// `add --provider` and for the rest.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "proxy/cli/command.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"
#include "vault/vault.h"

namespace keyswap::cli {

struct SecretOptions {
  std::string home;
  UnlockOptions unlock;
  std::string name;
  std::string service;
  bool is_private_key = false;
  bool trims = false;  // blanks at the ends of a value
  // With a provider (secret_provider.cc).
  std::string provider;
  std::string host;
  ApprovalOptions approval;
  bool says_yes = false;  // to a provider of the home's own
  std::string bindings;   // the file that gets the entry; "" = the home's
  bool has_valid_checksum = false;
  bool is_dry_run = false;
  bool json = false;
};

struct OpenHome {
  Home home;
  vault::Vault vault;
};

// Guards the process, checks the home, opens the vault.
Outcome<OpenHome> open_home(const std::string& home, const UnlockOptions& unlock);
// The same for a command that does one thing in it: the exit status.
int do_in_home(const std::string& home,
               const UnlockOptions& unlock,
               const std::function<Problem(OpenHome& opened)>& act);

// A change to the vault that failed.
Failure vault_failure(const base::Error& error, const std::string& name);

// The name of a secret, or what a name is.
Outcome<vault::SecretName> parse_secret_name(const std::string& text);

// A value, from a prompt without echo, or from standard input when that is no terminal; never from
// argv. `trims` as in take_blanks_off().
Outcome<LockedText> read_value(const std::string& name, bool trims);
// Blanks and line breaks at a value's ends come along with a paste, and no header can carry them:
// removed if the operator said so before (`trims`), or says so on the terminal; else they stay, and
// check_value() refuses them.
void take_blanks_off(const std::string& name, LockedText& value, bool trims);
// Can it be a secret's?
Problem check_value(const std::string& name, std::string_view value);

// Adds a secret and binds it as its provider's keys are used.
int add_with_provider(const SecretOptions& options);

// A private key, from a prompt or standard input: parsed and checked, as PKCS#8 DER.
Outcome<vault::Secret> read_private_key(const std::string& name);

int run_secret_import(const Arguments& arguments);
// The same, as `keyswap import env`.
int run_import_env(const Arguments& arguments);

}  // namespace keyswap::cli
