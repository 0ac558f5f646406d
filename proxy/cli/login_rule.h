// SPDX-License-Identifier: Apache-2.0
//
// The rule that a log-in is for: an entry of the bindings' file whose `inject` is `oauth2_refresh`
// (bindings/parse_mint.cc). One that is there already is logged in again as it stands; else one is
// made, checked and its approval prepared before anybody logs in, so that nothing but a disk can
// fail behind it.
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/bindings_file.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/login_target.h"
#include "proxy/cli/run_online.h"
#include "vault/secret_name.h"
#include "vault/source_table.h"

namespace keyswap::cli {

struct LoginRule {
  vault::SecretName name;
  vault::SecretName refresh;  // the entry that its refresh token is kept under
  vault::SourceSpec spec;     // of the source that gets its access tokens
  bool is_new = false;
  bool had_refresh = false;  // an entry of that name was in the vault before

  // --- of a new one ---
  BindingsFile file = {};
  FileApproval approval = {};
  vault::SecretName client = {};  // the entry of the client's id
  bool had_client = false;        // as had_refresh
  std::string placeholder = {};
  std::string text = {};  // of the file, with its entry
};

// Of the rule of that name, which is there; null: there is none, or it has no refresh token.
const vault::SourceSpec* find_login_source(const bindings::Bindings& bindings,
                                           const std::string& name);

// Where the target's token endpoint is not known yet, its rule and `spec` are good for asking the
// issuer alone: complete_rule() makes them whole.
Outcome<LoginRule> find_or_make_rule(Online& online,
                                     const LoginOptions& options,
                                     const LoginTarget& target);
Problem complete_rule(const LoginOptions& options, const LoginTarget& target, LoginRule& rule);

// What a new rule's client needs in the vault: its id, which is kept there, and its secret, which
// has to be there.
Problem keep_client(Online& online, const LoginOptions& options, const LoginRule& rule);
// Of a log-in that failed: what was kept for a new rule is removed.
void forget_login(Online& online, const LoginRule& rule);

// After the log-in: a new rule comes into force, and a running proxy takes the new token.
Problem bind_login(Online& online, const LoginRule& rule);
Problem await_login(Online& online, const LoginRule& rule);

}  // namespace keyswap::cli
