// SPDX-License-Identifier: Apache-2.0
//
// A login: a person says yes once, in a browser, and the refresh token that comes of it goes into
// the vault, whichever way it came (login_device.h, login_code.h). From then on it is exchanged as
// any other (oauth2_rotation.h).
//
//   the token: record "pending" → lock → what is there → keep it in its place → record "ok"
//
// A proxy that serves and exchanges the old one at that moment has the lock: its new one is kept
// first, and this one replaces it.
#pragma once

#include <cstdint>
#include <string>

#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/source_table.h"
#include "vault/sources/oauth2_answer.h"
#include "vault/sources/oauth2_client.h"
#include "vault/sources/run.h"
#include "vault/vault.h"

namespace keyswap::vault {

// Who logs in, and what for.
struct LoginGrant {
  // `spec`: of the kind `oauth2`, with a `refresh_token`.
  explicit LoginGrant(const SourceSpec& spec);

  TokenClient client;  // its scope is said where the login begins, and not with the token
  std::string scope;
  SecretName refresh;
};

// The second half of a login's run: from the server's answer on.
class LoginKeeping {
 public:
  explicit LoginKeeping(const LoginGrant& grant) : grant_(&grant) {}

  [[nodiscard]] Step begin(TokenAnswer token);
  // To the last step; Done or Failed at the end.
  [[nodiscard]] Step on(Answer answer);

 private:
  using Next = Step (LoginKeeping::*)(Answer);

  Step on_pending_noted(Answer answer);
  Step on_lock(Answer answer);
  Step on_entry(Answer answer);
  Step on_kept(Answer answer);
  Step on_failure_noted(Answer answer);
  Step on_noted(Answer answer);
  Step read();
  Step note(std::string_view outcome, Next next);

  const LoginGrant* grant_;
  Secret refresh_;
  Next next_ = nullptr;
  int conflicts_ = 0;
  std::string failed_;  // its outcome
};

// Is there a refresh token already that no server has refused? `now_s`: when it is looked at.
[[nodiscard]] bool has_live_login(const Vault& vault,
                                  const SecretName& refresh_token,
                                  std::int64_t now_s);

}  // namespace keyswap::vault
