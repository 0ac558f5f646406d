// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_manage.h"

#include <csignal>
#include <utility>

#include <unistd.h>

#include "bindings/manage_settings.h"
#include "proxy/cli/audit.h"
#include "proxy/cli/manage_log.h"
#include "proxy/cli/manage_views.h"
#include "proxy/manage/page_files.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kOwnerOnly = 0600;

}  // namespace

Problem ServeManagement::choose(const std::string& option, const bindings::Bindings& bindings) {
  const std::string text =
      option.empty() && bindings.manage != nullptr ? bindings.manage->listen : option;
  if (text.empty()) {
    return std::nullopt;
  }
  auto address = parse_manage(text);
  if (!address) {
    return address.failure();
  }
  where_ = std::move(address).value();
  return std::nullopt;
}

Problem ServeManagement::open_socket() {
  if (!where_ || !where_->is_unix()) {
    return std::nullopt;
  }
  auto socket = UnixSocket::listen(where_->unix_path, kOwnerOnly);
  if (!socket) {
    return socket.failure();
  }
  socket_ = std::move(socket).value();
  return std::nullopt;
}

void ServeManagement::add_socket_folder(std::vector<std::string>& folders) const {
  if (socket_) {
    folders.push_back(socket_->folder());
  }
}

void ServeManagement::begin(const Home& home,
                            const std::string& file,
                            vault::Vault& vault,
                            audit::Sink& log,
                            const base::Clock& clock) {
  if (!where_) {
    return;
  }
  manager_ = std::make_unique<manage::Manager>(vault, log, clock);
  manager_->around.bindings = [this] {
    const std::lock_guard lock(mutex_);
    return bindings_;
  };
  manager_->around.reload = [] {
    static_cast<void>(::kill(::getpid(), SIGHUP));  // as whoever else asks for it
  };
  add_views(manager_->around, home, file, vault, clock);
  api_ = std::make_unique<manage::Api>(
      *manager_, manage::BrowserRules::of_unix_socket(), manage::page_files());
}

void ServeManagement::show_log(const std::string& folder,
                               const audit::Log& log,
                               const std::string& key_hex) {
  auto key = parse_public_key(key_hex);
  if (manager_ && key && key.value()) {
    manager_->around.log = view_of_log(folder, log, *key.value());
    manager_->live.set_folder(folder);
  }
}

std::optional<net::ListenOn> ServeManagement::listen_on() {
  if (!where_) {
    return std::nullopt;
  }
  net::ListenOn on{.host = where_->host, .port = where_->port};
  if (socket_) {
    on.unix_path = where_->unix_path;
    on.unix_socket = socket_->release();
  }
  return on;
}

void ServeManagement::listens(const std::string& address) {
  if (!where_->is_unix()) {
    api_->set_rules(manage::BrowserRules::of_address(address));
  }
}

void ServeManagement::apply(std::shared_ptr<const bindings::Bindings> bindings) {
  const std::lock_guard lock(mutex_);
  bindings_ = std::move(bindings);
}

}  // namespace keyswap::cli
