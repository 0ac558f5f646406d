// SPDX-License-Identifier: Apache-2.0
//
// A HashiCorp Vault or OpenBao: where it is, how a token of it is come by, and how long that is
// good. What is asked for with the token is its user's (hashicorp_vault.cc, transit.cc).
// Source: OpenBao's API documentation, "AppRole", "Kubernetes" and "Token" auth methods.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/bounds.h"
#include "vault/sources/backend_parts.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault::hashicorp {

struct Session {
  Secret token;
  std::int64_t due_us = INT64_MAX;   // to be renewed: half of its lease
  std::int64_t ends_us = INT64_MAX;  // the lease
  bool is_renewable = false;
  bool is_made = false;  // for us, by logging in: given back at the end
};

class Server {
 public:
  // Each of its calls ends after so long.
  explicit Server(const SourceSpec& spec, std::int64_t call_ms = base::bounds::kCallMs);

  // A call of `path` behind "/v1/", with what goes into every call.
  [[nodiscard]] Call call(std::string_view method,
                          const std::string& path,
                          const Session* session) const;

  [[nodiscard]] std::int64_t login_due_us() const {
    return session == nullptr ? 0 : session->due_us;
  }

  [[nodiscard]] std::int64_t login_ends_us() const {
    return session == nullptr ? 0 : session->ends_us;
  }

  // A run goes on with the one that it began with, though another may have lost it.
  std::shared_ptr<const Session> session;

 private:
  friend class LogIn;

  enum class Auth : std::uint8_t { token, approle, kubernetes };

  std::string address_;
  std::int64_t call_ms_;
  std::string namespace_;
  Auth auth_ = Auth::token;
  std::string mount_;  // of the auth method
  std::string role_;   // of Kubernetes
  // What it is opened with: a token; a role's id and its secret; Kubernetes' token.
  std::string first_;
  std::string second_;
};

// The steps of a log-in, as a part of a run.
class LogIn {
 public:
  explicit LogIn(Server& server) : server_(server) {}

  // Anew.
  [[nodiscard]] Step begin();
  // What there is goes on where that can be; else as begin().
  [[nodiscard]] Step renew();
  // The next step, to the answer to the one before; nothing: Server::session is the new one.
  [[nodiscard]] std::optional<Step> on(Answer answer, std::int64_t now_us);

 private:
  using Next = std::optional<Step> (LogIn::*)(Answer);

  std::optional<Step> ask(base::Result<Secret> body);
  std::optional<Step> on_first(Answer answer);
  std::optional<Step> on_second(Answer answer);
  std::optional<Step> on_renewed(Answer answer);
  std::optional<Step> on_login(Answer answer);
  std::optional<Step> on_looked_up(Answer answer);
  std::optional<Step> keep(Secret token, JsonView lease, std::string_view life, bool is_made);

  Server& server_;
  Next next_ = nullptr;
  Secret first_;
  std::int64_t now_us_ = 0;
};

// A token for a run that asks with it: logs in where there is none, and finds out after a 403
// whether the token is lost or may not do that.
class TokenSteps {
 public:
  explicit TokenSteps(Server& server) : server_(server), log_in_(server) {}

  // The first step; nothing: there is a token.
  [[nodiscard]] std::optional<Step> begin(std::int64_t now_us);
  [[nodiscard]] Call call(std::string_view method, const std::string& path) const;
  // The step after a 403.
  [[nodiscard]] Step doubt();

  // Is the answer that comes one of its own steps'?
  [[nodiscard]] bool is_waiting() const { return waits_ != Waits::nothing; }

  // The next step to it; nothing: it may be asked now, or again, unless is_forbidden().
  [[nodiscard]] std::optional<Step> on(Answer answer, std::int64_t now_us);

  // The token is good, and may not do what was asked last.
  [[nodiscard]] bool is_forbidden() const { return is_forbidden_; }

 private:
  enum class Waits : std::uint8_t { nothing, login, lookup };

  Step log_in();
  std::optional<Step> on_lookup(const Answer& answer);
  std::optional<Step> on_lost();

  Server& server_;
  LogIn log_in_;
  std::shared_ptr<const Session> session_;
  Waits waits_ = Waits::nothing;
  bool is_second_ = false;
  bool is_forbidden_ = false;
};

// What an answer says that is no success, and no 403.
Failed fail_of_answer(const CallAnswer& answer);

// A log-in alone: renewed where it can be.
std::unique_ptr<Run> log_in_run(Server& server);
// Gives back what was made for us; null: nothing was.
std::unique_ptr<Run> log_out_run(Server& server);

// Why it is none of the words that `auth:` takes; null: it is one.
const char* check_auth(std::string_view text);

// The settings that all kinds of it take.
inline constexpr std::array kServerSettings = {
    SettingRule{.name = "address", .is_required = true, .check = check_base_url},
    SettingRule{.name = "namespace", .check = check_words},
    SettingRule{.name = "auth", .check = check_auth},
    SettingRule{.name = "auth_mount", .check = check_words},
    SettingRule{.name = "token", .is_entry = true},
    SettingRule{.name = "role_id", .is_entry = true},
    SettingRule{.name = "secret_id", .is_entry = true},
    SettingRule{.name = "role", .check = check_word},
    SettingRule{.name = "jwt_file", .check = check_absolute_path},
};

// Those, and a kind's own.
template <std::size_t n>
consteval auto with_server_settings(const std::array<SettingRule, n>& own) {
  std::array<SettingRule, kServerSettings.size() + n> all;
  std::copy(own.begin(),
            own.end(),
            std::copy(kServerSettings.begin(), kServerSettings.end(), all.begin()));
  return all;
}

}  // namespace keyswap::vault::hashicorp
