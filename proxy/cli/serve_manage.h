// SPDX-License-Identifier: Apache-2.0
//
// Management of a serving proxy: where it listens (`--manage`, else `manage:` of the bindings that
// are approved, as they are at the start), and the API that answers there.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audit/log.h"
#include "bindings/binding.h"
#include "proxy/base/clock.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/listen_address.h"
#include "proxy/cli/unix_socket.h"
#include "proxy/manage/api.h"
#include "proxy/net/listeners.h"

namespace keyswap::cli {

class ServeManagement {
 public:
  // Where the option asks for it, else the bindings; nowhere where neither does. A failure (usage)
  // for an address that is beyond loopback.
  Problem choose(const std::string& option, const bindings::Bindings& bindings);

  [[nodiscard]] const std::optional<ListenAddress>& where() const { return where_; }

  // Makes its Unix socket, mode 0600, if it is one; and the folder that has to stay writable.
  Problem open_socket();
  void add_socket_folder(std::vector<std::string>& folders) const;

  // All of it outlives this. `file`: the bindings that are served.
  void begin(const Home& home,
             const std::string& file,
             vault::Vault& vault,
             audit::Sink& log,
             const base::Clock& clock);

  // Behind begin(). All of it outlives this.
  void show_log(const std::string& folder, const audit::Log& log, const std::string& key_hex);

  // For the server, once, behind begin(). Nothing: there is none.
  std::optional<net::ListenOn> listen_on();

  [[nodiscard]] services::SlowService* api() { return api_.get(); }

  // It listens there ("127.0.0.1:8474").
  void listens(const std::string& address);

  // These are in force from now on. From any thread.
  void apply(std::shared_ptr<const bindings::Bindings> bindings);

 private:
  std::optional<ListenAddress> where_;
  std::optional<UnixSocket> socket_;
  std::mutex mutex_;
  std::shared_ptr<const bindings::Bindings> bindings_;  // guarded by mutex_
  std::unique_ptr<manage::Manager> manager_;
  std::unique_ptr<manage::Api> api_;
};

}  // namespace keyswap::cli
