// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_listen.h"

#include <cstdint>
#include <utility>

#include "proxy/cli/command_line.h"
#include "proxy/cli/serve_failure.h"
#include "proxy/net/listeners.h"

namespace keyswap::cli {

namespace {

constexpr std::uint16_t kFirstPortForAll = 1024;  // as the kernel has it where nobody changed it

mode_t mode_of(const std::string& text) {
  mode_t mode = 0;
  for (const char digit : text) {
    mode = mode * 8 + static_cast<mode_t>(digit - '0');
  }
  return mode;
}

}  // namespace

void add_listen_options(CommandLine& app, ListenOptions& options) {
  app.add_option("--listen",
                 options.addresses,
                 std::string("address and port (default: ") + kDefaultListen +
                     "), or unix:PATH; repeatable; port 0 picks a free one; beyond loopback the "
                     "bindings have to list callers")
      ->type_name("ADDR:PORT")
      ->allow_extra_args(false);
  app.add_option("--socket-mode",
                 options.socket_mode,
                 "who may connect to unix:PATH: 0600 this user, 0660 its group, 0666 all")
      ->type_name("MODE")
      ->one_of({"0600", "0660", "0666"})
      ->capture_default_str();
}

Outcome<ServeListeners> ServeListeners::parse(const ListenOptions& options) {
  auto addresses = parse_all_listens(options.addresses);
  if (!addresses) {
    return addresses.failure();
  }
  ServeListeners listeners;
  listeners.addresses_ = std::move(addresses).value();
  listeners.socket_mode_ = mode_of(options.socket_mode);
  for (const ListenAddress& address : listeners.addresses_) {
    listeners.failed_ += (listeners.failed_.empty() ? "" : ", ") + to_string(address);
  }
  return listeners;
}

Problem ServeListeners::check(const bindings::Bindings& bindings,
                              const std::string& bindings_file) const {
  return check_listens(addresses_, bindings, bindings_file);
}

Problem ServeListeners::check_beside(const ListenAddress& manage) const {
  return check_manage(manage, addresses_);
}

Problem ServeListeners::bind_low_ports() {
  for (const ListenAddress& address : addresses_) {
    bound_.emplace_back();
    if (address.is_unix() || address.port == 0 || address.port >= kFirstPortForAll) {
      continue;
    }
    auto bound = net::bind_early({.host = address.host, .port = address.port});
    if (!bound) {
      return serve_failure(to_string(address), "", bound.error());
    }
    bound_.back() = File(*bound);
  }
  return std::nullopt;
}

Problem ServeListeners::open_sockets() {
  for (const ListenAddress& address : addresses_) {
    if (!address.is_unix()) {
      continue;
    }
    auto socket = UnixSocket::listen(address.unix_path, socket_mode_);
    if (!socket) {
      return socket.failure();
    }
    sockets_.push_back(std::move(socket).value());
  }
  return std::nullopt;
}

std::vector<std::string> ServeListeners::socket_folders() const {
  std::vector<std::string> folders;
  for (const UnixSocket& socket : sockets_) {
    folders.push_back(socket.folder());
  }
  return folders;
}

net::ListenPlan ServeListeners::plan() {
  net::ListenPlan plan;
  auto socket = sockets_.begin();
  auto bound = bound_.begin();
  for (const ListenAddress& address : addresses_) {
    net::ListenOn on{.host = address.host, .port = address.port};
    on.bound = bound == bound_.end() ? -1 : (bound++)->release();
    if (address.is_unix()) {
      on.unix_path = address.unix_path;
      on.unix_socket = (socket++)->release();
    }
    plan.on.push_back(std::move(on));
  }
  plan.failed = [this](const net::ListenOn& where) {
    failed_ = to_string(ListenAddress{where.host, where.port, where.unix_path});
  };
  return plan;
}

std::vector<std::string> addresses_to_tell(const std::vector<std::string>& addresses) {
  const bool is_said = addresses.size() == 1 && addresses.front() == address_for_clients(addresses);
  return is_said ? std::vector<std::string>() : addresses;
}

}  // namespace keyswap::cli
