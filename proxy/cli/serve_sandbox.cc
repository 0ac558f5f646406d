// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_sandbox.h"

#include <filesystem>
#include <system_error>

#include <unistd.h>

#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"
#include "proxy/sandbox/file_access.h"
#include "proxy/sandbox/system_calls.h"

namespace keyswap::cli {

namespace {

constexpr const char* kUserHint = "name a user who owns the home, like: --user keyswap";

// Numbers of proxy/sandbox are all errno's.
std::string text_of(const base::Error& error) {
  std::string text = error.note.text();
  if (error.number > 0) {
    text += ": " + explain_errno(static_cast<int>(error.number));
  }
  return text;
}

}  // namespace

Outcome<std::optional<sandbox::User>> user_to_become(const std::string& name) {
  if (name.empty()) {
    return std::optional<sandbox::User>();
  }
  const auto user = sandbox::find_user(name);
  if (!user && user.error().code == base::Errc::not_found) {
    return Failure{Exit::usage, "there is no user " + name + " on this machine", kUserHint};
  }
  if (!user) {
    return Failure{
        Exit::cannot, "cannot look up the user " + name + ": " + text_of(user.error()), kUserHint};
  }
  if (user->id == 0) {
    return Failure{Exit::usage, "--user " + name + " is root, whom it is to get rid of", kUserHint};
  }
  if (geteuid() == user->id) {
    return std::optional<sandbox::User>();
  }
  if (geteuid() != 0) {
    return Failure{Exit::cannot,
                   "only root can become another user: --user " + name,
                   "start it as root, or as " + name};
  }
  return std::optional<sandbox::User>(*user);
}

std::string home_of(const sandbox::User& user, const std::string& option) {
  const std::string keyswap_home = environment_variable("KEYSWAP_HOME");
  return choose_home({.option = option,
                      .keyswap_home = keyswap_home,
                      .xdg_state_home = "",  // root's own
                      .user_home = user.folder})
      .path;
}

Problem give_up_privileges(const std::optional<sandbox::User>& user) {
  if (const auto given_up = sandbox::give_up_privileges(user); !given_up) {
    return Failure{Exit::cannot,
                   "cannot give up the rights of root: " + text_of(given_up.error()),
                   "start it as an ordinary user"};
  }
  return std::nullopt;
}

void warn_about_root() {
  if (geteuid() == 0) {
    warn("running as root: a flaw in keyswap would open every file of root's; use --user NAME");
  }
}

Problem restrict_files(const Home& home,
                       const std::string& audit_folder,
                       const std::vector<std::string>& socket_folders) {
  std::vector<std::string> writable = {home.path};
  // What is no folder cannot be written below either; who opens the log says what is wrong with it.
  if (std::error_code ignored; std::filesystem::is_directory(audit_folder, ignored)) {
    writable.push_back(audit_folder);
  }
  const auto restricted = sandbox::restrict_files(writable, socket_folders);
  if (restricted) {
    return std::nullopt;
  }
  if (restricted.error().code == base::Errc::unsupported) {
    warn("no Landlock here (" + explain_errno(static_cast<int>(restricted.error().number)) +
         "): what this process may write is not restricted");
    return std::nullopt;
  }
  return sandbox_failure(restricted.error());
}

base::Status restrict_system_calls() {
  return sandbox::restrict_system_calls();
}

Failure sandbox_failure(const base::Error& error) {
  return {Exit::cannot,
          "cannot give up what serving does not need: " + text_of(error),
          "a container has to allow seccomp(2): keyswap help sandbox"};
}

}  // namespace keyswap::cli
