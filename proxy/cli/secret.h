// SPDX-License-Identifier: Apache-2.0
//
// What the subcommands of `keyswap secret` share; one file each for import and for the rest.
#pragma once

#include <string>

#include "proxy/cli/command.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/options.h"
#include "vault/vault.h"

namespace keyswap::cli {

struct SecretOptions {
  std::string home;
  UnlockOptions unlock;
  std::string name;
  std::string service;
  bool is_private_key = false;
  bool json = false;
};

struct OpenHome {
  Home home;
  vault::Vault vault;
};

// Guards the process, checks the home, opens the vault.
Outcome<OpenHome> open_home(const std::string& home, const UnlockOptions& unlock);

// A change to the vault that failed.
Failure vault_failure(const base::Error& error, const std::string& name);

// A private key, from a prompt or standard input: parsed and checked, as PKCS#8 DER.
Outcome<vault::Secret> read_private_key(const std::string& name);

int run_secret_import(const Arguments& arguments);

}  // namespace keyswap::cli
