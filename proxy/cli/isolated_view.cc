// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/isolated_view.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/files.h"
#include "proxy/cli/socket_paths.h"
#include "proxy/sandbox/isolation.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kEmptyFile = "/dev/null";
constexpr const char* kNameServers = "/etc/resolv.conf";
constexpr const char* kOwnNameServers = "resolv.conf";  // in the covered home
// Sockets of daemons, and of the user's session below it.
constexpr std::string_view kRunFolder = "/run";

constexpr std::array kSocketVariables = {"CONTAINER_HOST",
                                         "DBUS_SESSION_BUS_ADDRESS",
                                         "DBUS_SYSTEM_BUS_ADDRESS",
                                         "DISPLAY",
                                         "DOCKER_HOST",
                                         "GPG_AGENT_INFO",
                                         "PULSE_SERVER",
                                         "SSH_AGENT_PID",
                                         "SSH_AUTH_SOCK",
                                         "STY",
                                         "TMUX",
                                         "VSCODE_IPC_HOOK_CLI",
                                         "WAYLAND_DISPLAY",
                                         "XDG_RUNTIME_DIR"};

bool lies_in(std::string_view path, std::string_view folder) {
  return path == folder ||
         (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

// Without links; "" when nothing is there.
std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> found(realpath(path.c_str(), nullptr),
                                                          &std::free);
  return found == nullptr ? "" : found.get();
}

Failure cannot_hide(const std::string& path, const base::Error& error) {
  return {Exit::cannot,
          "cannot hide " + path + " from the command: " + explain(error),
          "it was not started; run it without --isolated, or move that elsewhere"};
}

Problem hide_file(const std::string& path) {
  const auto hidden = sandbox::cover_file(path, kEmptyFile);
  if (!hidden && hidden.error().code != base::Errc::not_found) {
    return cannot_hide(path, hidden.error());
  }
  return std::nullopt;
}

Problem hide_folder(const sandbox::Cover& cover) {
  const auto hidden = sandbox::cover_folder(cover);
  if (!hidden && hidden.error().code != base::Errc::not_found) {
    return cannot_hide(cover.folder, hidden.error());
  }
  return std::nullopt;
}

// What clients read of it stays (proxy/cli/client_files.h).
Problem hide_home(const std::string& home) {
  return hide_folder({home,
                      {"ca.pem", "bundle.pem", "clients"},
                      {{kOwnNameServers, "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n"}}});
}

// Of /run one file may be needed: the one that /etc/resolv.conf leads to, so that ours can be put
// over it.
Problem hide_run_folder(const std::string& name_servers) {
  sandbox::Cover cover{std::string(kRunFolder), {}, {}};
  if (lies_in(name_servers, kRunFolder)) {
    cover.kept.push_back(name_servers.substr(kRunFolder.size() + 1));
  }
  return hide_folder(cover);
}

// Sockets that are gone since, or of other views of the file system, are none.
Problem hide_sockets(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    struct stat info {};

    if (stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
      if (auto problem = hide_file(path)) {
        return problem;
      }
    }
  }
  return std::nullopt;
}

// The working directory as it is seen now: the one from before would still lead below a cover.
Problem enter_again(const std::string& folder) {
  if (chdir(folder.c_str()) != 0) {
    return Failure{Exit::cannot,
                   folder + ", the working directory, is hidden from an isolated command",
                   "run it in another folder"};
  }
  return std::nullopt;
}

}  // namespace

Outcome<Surroundings> look_around() {
  std::error_code error;
  const fs::path folder = fs::current_path(error);
  if (error) {
    return Failure{Exit::cannot,
                   "the working directory cannot be named: " + explain_errno(error.value()),
                   "run it in another folder"};
  }
  const auto table = read_file("/proc/net/unix", base::bounds::kSocketTableBytesMax);
  if (!table) {
    return Failure{Exit::cannot,
                   "cannot see which sockets are to be hidden: " + explain(table.error()),
                   "an isolated command needs /proc/net/unix"};
  }
  return Surroundings{folder.string(), socket_paths(*table)};
}

Problem hide(const Home& home, const Hidden& hidden, const Surroundings& around) {
  const std::string own = real_path(home.path);
  if (lies_in(own, kRunFolder)) {
    return Failure{Exit::cannot,
                   "an isolated command sees nothing of /run, where the home is: " + own,
                   "put the home elsewhere"};
  }
  const std::string name_servers = real_path(kNameServers);
  for (const std::string& file : hidden.files) {
    if (auto problem = hide_file(file)) {
      return problem;
    }
  }
  for (const std::string& folder : hidden.folders) {
    if (const std::string real = real_path(folder); !real.empty() && !lies_in(real, own)) {
      if (auto problem = hide_folder({real, {}, {}})) {
        return problem;
      }
    }
  }
  if (auto problem = hide_home(own)) {
    return problem;
  }
  if (auto problem = hide_run_folder(name_servers)) {
    return problem;
  }
  if (!name_servers.empty()) {
    const auto covered = sandbox::cover_file(name_servers, own + "/" + kOwnNameServers);
    if (!covered) {
      return cannot_hide(name_servers, covered.error());
    }
  }
  if (auto problem = hide_sockets(around.sockets)) {
    return problem;
  }
  return enter_again(around.folder);
}

void forget_sockets(Variables& environment) {
  for (const char* name : kSocketVariables) {
    environment.erase(name);
  }
}

}  // namespace keyswap::cli
