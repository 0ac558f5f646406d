// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/env_folder.h"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "proxy/cli/client_folder.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/listen_address.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr int kStartingMs = 15'000;
// What docker and podman call the host that a container runs on.
constexpr const char* kHostOfContainers = "host.docker.internal";

// Where the proxy is, as seen from there.
Outcome<std::string> proxy_address(const FolderOptions& options,
                                   const std::optional<RunningProxy>& running,
                                   const Home& home) {
  if (!options.proxy.empty()) {
    return options.proxy;
  }
  if (!running) {
    return Failure{Exit::cannot,
                   "no proxy runs on this home: " + home.path,
                   "start one with: keyswap serve   or say where it will be: --proxy HOST:PORT"};
  }
  if (auto problem = check_client_address(running->address)) {
    return *std::move(problem);
  }
  if (options.is_container) {
    return kHostOfContainers + running->address.substr(running->address.rfind(':'));
  }
  return running->address;
}

// A token goes into the files only where somebody says so by an option.
Outcome<std::string> token_asked_for(const CallerChoice& caller,
                                     const bindings::Bindings& bindings) {
  if (caller.name.empty() && caller.token_file.empty()) {
    return std::string();
  }
  auto token = read_caller_token(caller);
  if (!token) {
    return token;
  }
  if (auto problem = check_caller_token(caller, token.value(), bindings)) {
    return *std::move(problem);
  }
  return token;
}

Outcome<ClientFolder> make_folder(const Home& home,
                                  const FolderOptions& options,
                                  const CallerChoice& caller,
                                  ProxyAccess& access) {
  FolderWish wish{.user = std::nullopt,
                  .folder = options.folder,
                  .seen_at = options.seen_at,
                  .preload = options.has_no_preload ? Preload::no : Preload::yes};
  if (!options.user.empty()) {
    auto user = reader_of(options.user);
    if (!user) {
      return user.failure();
    }
    wish.user = std::move(user).value();
  }
  const auto running = find_ready(home, options.proxy.empty() ? kStartingMs : 0);
  auto address = proxy_address(options, running, home);
  if (!address) {
    return address.failure();
  }
  const bool is_elsewhere = running && !running->bindings.empty();
  auto bindings = load_bindings(is_elsewhere ? running->bindings : home.bindings());
  if (!bindings) {
    return bindings.failure();
  }
  auto token = token_asked_for(caller, *bindings.value());
  if (!token) {
    return token.failure();
  }
  access = {std::move(address).value(), std::move(token).value()};
  return make_client_folder(home, wish, access, *bindings.value());
}

void say_how_to_use(const ClientFolder& made, const FolderOptions& options) {
  if (!options.is_container) {
    print_line("written; " + options.user + " uses it with: . " + made.shell_file());
    return;
  }
  print_line("written; start the container with:");
  print_line("  docker run --env-file " + made.docker_file() + " -v " + made.path + ":" +
             made.seen_at + ":ro \\");
  print_line(std::string("    --add-host ") + kHostOfContainers + ":host-gateway IMAGE ...");
}

void say_as_json(const ClientFolder& made, const ProxyAccess& access) {
  nlohmann::ordered_json json;
  json["folder"] = made.path;
  json["seen_at"] = made.seen_at;
  json["proxy"] = access.address;
  json["env_file"] = made.docker_file();
  json["shell_file"] = made.shell_file();
  json["has_token"] = !access.caller_token.empty();
  print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

void add_folder_options(CommandLine& app, FolderOptions& options) {
  auto* user =
      app.add_option("--for-user",
                     options.user,
                     "write a folder with all that this other user needs: no secret in it");
  user->type_name("NAME");
  app.add_flag("--for-container", options.is_container, "the same for a container")->excludes(user);
  app.add_option("--dir", options.folder, "that folder (default: beside the home, HOME-clients/)")
      ->type_name("DIR");
  app.add_option("--at", options.seen_at, "where programs see it (a container: /keyswap)")
      ->type_name("PATH");
  app.add_option("--proxy", options.proxy, "where the proxy is, as seen from there")
      ->type_name("HOST:PORT");
}

Problem check_folder_options(const FolderOptions& options) {
  if (!options.is_asked_for()) {
    if (options.folder.empty() && options.seen_at.empty() && options.proxy.empty()) {
      return std::nullopt;
    }
    return Failure{Exit::usage,
                   "--dir, --at and --proxy are for a folder that is written for somebody else",
                   "say for whom: --for-user NAME, or --for-container"};
  }
  if (!options.proxy.empty() && !is_proxy_address(options.proxy)) {
    return Failure{Exit::usage,
                   "--proxy wants HOST:PORT, not " + options.proxy,
                   "like: --proxy host.docker.internal:8472"};
  }
  if (!options.seen_at.empty() &&
      (!options.seen_at.starts_with('/') || options.seen_at.ends_with('/'))) {
    return Failure{Exit::usage,
                   "--at wants an absolute path without a slash at its end, not " + options.seen_at,
                   "like: --at /keyswap"};
  }
  return std::nullopt;
}

int write_folder(const Home& home,
                 const FolderOptions& options,
                 const CallerChoice& caller,
                 bool json) {
  ProxyAccess access;
  auto made = make_folder(home, options, caller, access);
  if (!made) {
    return report(made.failure());
  }
  for (const std::string& warning : made->warnings) {
    warn(warning);
  }
  if (json) {
    say_as_json(made.value(), access);
  } else {
    say_how_to_use(made.value(), options);
  }
  return static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
