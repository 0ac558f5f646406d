// SPDX-License-Identifier: Apache-2.0
//
// A machine account of Bitwarden's Secrets Manager: how it logs in, and how a run asks and opens
// what comes while it is logged in. What is asked for is said in bitwarden.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "vault/sources/backend_parts.h"
#include "vault/sources/bitwarden_crypto.h"

namespace keyswap::vault::bitwarden {

struct Session {
  Secret bearer;            // "Bearer …"
  Secret key;               // the organisation's
  std::int64_t due_us = 0;  // to be made anew, ahead of its end
  std::int64_t ends_us = 0;
};

// A secret's note as it was when the secret was of that version; empty where it is nobody's
// business (vault/note_mark.h).
struct KeptNote {
  std::string version;
  Secret note;
};

struct Account {
  explicit Account(const SourceSpec& spec);

  std::string organization;
  std::string api;
  std::string identity;
  std::string token;  // where it is
  // A run goes on with the one that it began with, though another may have lost it.
  std::shared_ptr<const Session> session;
  // By a secret's name; "" where several have it.
  std::unordered_map<std::string, std::string> ids;
  std::unordered_map<std::string, KeptNote> notes;  // by a secret's id
};

// Logs in where it is not, does its work, and logs in once more where it is told that it is not.
class LoggedInRun : public Run {
 public:
  explicit LoggedInRun(Account& account) : account_(account) {}

  [[nodiscard]] Step begin(std::int64_t now_us) final;
  [[nodiscard]] Step on(Answer answer, std::int64_t now_us) final;

 protected:
  // Anew after each log-in.
  virtual Step work() = 0;

  virtual Step on_success(const JsonText& /*answer*/) {
    return fail(FetchFault::bad_answer, "malformed");
  }

  // Of the list: what an organisation is to those who may not see it.
  virtual Step on_missing() { return fail(FetchFault::auth_lost, "no_organization"); }

  Step ask(std::string_view method, const std::string& path, std::string_view body = {});

  // An opened text; what is no text, and what does not open, says why.
  [[nodiscard]] std::variant<Secret, Failed> open(JsonView sealed) const;

  Account& account_;

 private:
  using Next = Step (LoggedInRun::*)(Answer);

  Step log_in();
  Step on_token(Answer answer);
  Step on_login(Answer answer);
  void keep_session(Secret bearer, Secret key, JsonView answer);
  Step on_answer(Answer answer);
  Step on_lost();

  Next next_ = nullptr;
  std::shared_ptr<const Session> session_;
  AccessToken token_;
  std::int64_t now_us_ = 0;
  bool is_second_ = false;
};

// A log-in alone.
std::unique_ptr<Run> log_in_run(Account& account);

}  // namespace keyswap::vault::bitwarden
