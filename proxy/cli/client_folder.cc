// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_folder.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <grp.h>

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/client_files.h"
#include "proxy/cli/environment_format.h"
#include "proxy/cli/files.h"
#include "proxy/cli/policy.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kSeenInContainer = "/keyswap";
constexpr mode_t kFolderMode = 0755;
constexpr mode_t kPublicMode = 0644;
constexpr mode_t kPrivateMode = 0600;
constexpr int kGroupsMax = 1024;

std::vector<gid_t> groups_of(const sandbox::User& user) {
  int count = kGroupsMax;
  std::vector<gid_t> groups(kGroupsMax);
  if (getgrouplist(user.name.c_str(), user.group, groups.data(), &count) < 0) {
    return {user.group};
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

bool may_enter(const sandbox::User& user,
               const std::vector<gid_t>& groups,
               const struct stat& folder) {
  if (user.id == 0) {
    return true;
  }
  if (folder.st_uid == user.id) {
    return (folder.st_mode & S_IXUSR) != 0;
  }
  const bool is_in_group = std::find(groups.begin(), groups.end(), folder.st_gid) != groups.end();
  return (folder.st_mode & (is_in_group ? S_IXGRP : S_IXOTH)) != 0;
}

std::string folder_of(const Home& home, const FolderWish& wish) {
  if (!wish.folder.empty()) {
    const fs::path folder = fs::path(absolute_path(wish.folder)).lexically_normal();
    return (folder.has_filename() ? folder : folder.parent_path()).string();
  }
  return home.path + "-clients/" + (wish.user ? wish.user->name : "container");
}

Failure cannot_make(const std::string& folder, int number) {
  return {Exit::cannot,
          "cannot make the folder " + folder + ": " + explain_errno(number),
          "name another one with --dir"};
}

Problem check_place(const Home& home, const FolderWish& wish, const std::string& folder) {
  if (folder == home.path || folder.starts_with(home.path + "/")) {
    return Failure{Exit::usage,
                   folder + " is in the home, which nobody else may enter",
                   "name a folder elsewhere with --dir, like /srv/keyswap"};
  }
  // Who could change these files could have the clients trust his own CA.
  if (auto problem = check_folders_above(folder + "/ca.pem")) {
    return Failure{Exit::cannot, problem->what, problem->hint};
  }
  if (!wish.user) {
    return std::nullopt;
  }
  if (const auto closed = folder_closed_to(*wish.user, folder)) {
    return Failure{
        Exit::cannot,
        wish.user->name + " may not enter " + *closed + ", and could not read " + folder,
        "name a folder with --dir that every user can enter, like /srv/keyswap/" + wish.user->name};
  }
  return std::nullopt;
}

// Those that are missing, open to all whatever the umask.
Problem make_folders(const std::string& folder) {
  std::vector<std::string> missing;
  std::error_code ignored;
  for (fs::path at = folder; !fs::exists(at, ignored) && at.has_relative_path();
       at = at.parent_path()) {
    missing.push_back(at.string());
  }
  for (auto made = missing.rbegin(); made != missing.rend(); ++made) {
    if (::mkdir(made->c_str(), kFolderMode) != 0 || ::chmod(made->c_str(), kFolderMode) != 0) {
      return cannot_make(*made, errno);
    }
  }
  return fs::is_directory(folder, ignored) ? std::nullopt : Problem(cannot_make(folder, ENOTDIR));
}

// With a token in it: of that user alone, who has to be us unless we are root.
Problem write_variables(const std::string& path,
                        const std::string& text,
                        bool is_private,
                        const std::optional<sandbox::User>& user) {
  const bool is_given_away = is_private && user && user->id != ::geteuid();
  if (is_given_away && ::geteuid() != 0) {
    return Failure{
        Exit::cannot,
        "only root can give a file with a caller's token to " + user->name,
        "leave --caller out, and let " + user->name + " put the token into its own environment"};
  }
  const auto written = write_file(path, text, is_private ? kPrivateMode : kPublicMode);
  if (!written) {
    return Failure{Exit::cannot,
                   "cannot write " + path + ": " + explain(written.error()),
                   "check the folder's modes and the disk"};
  }
  if (is_given_away && ::lchown(path.c_str(), user->id, user->group) != 0) {
    return Failure{Exit::cannot,
                   "cannot give " + path + " to " + user->name + ": " + explain_errno(errno),
                   ""};
  }
  return std::nullopt;
}

Problem write_both(const ClientFolder& made,
                   const EnvironmentPlan& plan,
                   const FolderWish& wish,
                   bool is_private) {
  auto docker = format_environment(plan, EnvironmentFormat::docker);
  if (!docker) {
    return docker.failure();
  }
  auto shell = format_environment(plan, EnvironmentFormat::sh);
  if (!shell) {
    return shell.failure();
  }
  if (auto problem = write_variables(made.docker_file(), docker.value(), is_private, wish.user)) {
    return problem;
  }
  return write_variables(made.shell_file(), shell.value(), is_private, wish.user);
}

void add_advice(const FolderWish& wish,
                const ProxyAccess& access,
                const bindings::Bindings& bindings,
                std::vector<std::string>& warnings) {
  if (!bindings.callers.empty() && access.caller_token.empty()) {
    warnings.emplace_back(
        "the bindings list callers, and these files have no token: add one with --caller, or let "
        "the programs have it in the URL of their proxy, http://NAME:TOKEN@" +
        access.address);
  }
  if (!wish.user && bindings.callers.empty()) {
    warnings.emplace_back(
        "the bindings list no callers, so that the proxy listens on loopback alone: only a "
        "container with the host's network (--network host) reaches it");
  }
  if (wish.user && bindings.callers.empty() && !bindings.allow_users.has(wish.user->id) &&
      wish.user->id != ::geteuid()) {
    warnings.push_back("the bindings do not let " + wish.user->name +
                       " come: name it in allow_users");
  }
}

}  // namespace

Outcome<std::optional<sandbox::User>> reader_of(const std::string& name) {
  const auto user = sandbox::find_user(name);
  if (!user && user.error().code == base::Errc::not_found) {
    return Failure{Exit::usage,
                   "there is no user " + name + " on this machine",
                   "name one that is there, or use --for-container"};
  }
  if (!user) {
    return Failure{Exit::cannot, "cannot look up the user " + name, explain(user.error())};
  }
  return std::optional<sandbox::User>(*user);
}

bool is_proxy_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return false;
  }
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  const bool is_host =
      is_v6 ? host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1
            : host.find_first_not_of(kPlain) == std::string_view::npos;
  return is_host && !port.empty() && port.size() <= 5 &&
         port.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::string> folder_closed_to(const sandbox::User& user, const std::string& path) {
  const std::vector<gid_t> groups = groups_of(user);
  fs::path at = "/";
  for (const fs::path& name : fs::path(path)) {
    at /= name;

    struct stat info {};

    if (::stat(at.c_str(), &info) != 0) {
      return std::nullopt;  // it is made open to all
    }
    if (!may_enter(user, groups, info)) {
      return at.string();
    }
  }
  return std::nullopt;
}

Outcome<ClientFolder> make_client_folder(const Home& home,
                                         const FolderWish& wish,
                                         const ProxyAccess& access,
                                         const bindings::Bindings& bindings) {
  ClientFolder made;
  made.path = folder_of(home, wish);
  made.seen_at = !wish.seen_at.empty() ? wish.seen_at : wish.user ? made.path : kSeenInContainer;
  if (auto problem = check_place(home, wish, made.path)) {
    return *std::move(problem);
  }
  if (auto problem = make_folders(made.path)) {
    return *std::move(problem);
  }
  auto files = write_public_files(home, made.path, made.seen_at);
  if (!files) {
    return files.failure();
  }
  if (wish.preload == Preload::no) {
    files->node_preload.clear();
  }
  // Nothing of this user's shell; and the session would name a home that nobody there can see.
  EnvironmentPlan plan = plan_environment(
      {}, access, files.value(), placeholders_to_set(bindings), "", bound_hosts_of(bindings));
  plan.set.erase("KEYSWAP_SESSION");
  made.warnings = plan.warnings;
  add_advice(wish, access, bindings, made.warnings);
  if (auto problem = write_both(made, plan, wish, !access.caller_token.empty())) {
    return *std::move(problem);
  }
  return made;
}

}  // namespace keyswap::cli
