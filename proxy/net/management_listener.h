// SPDX-License-Identifier: Apache-2.0
//
// A listening socket of its own, on loopback or a Unix socket, for who looks after the proxy: its
// connections are like clients', but every request on them is answered by services::Management, and
// none goes anywhere. Lives on the first loop.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/net/listeners.h"
#include "proxy/net/loop_thread.h"
#include "proxy/services/management.h"
#include "proxy/services/metrics.h"
#include "proxy/uv/acceptor.h"

namespace keyswap::net {

class ManagementListener final : public uv::AcceptEvents {
 public:
  // Connections of the whole process: those of this listener count as clients'.
  struct Clients {
    std::atomic<std::size_t>* open = nullptr;
    std::size_t max = 0;
  };

  // As uv::Acceptor::listen. All of it outlives this; `figures` is asked on the first loop; `api`
  // may be null.
  static base::Result<std::unique_ptr<ManagementListener>> listen(
      const ListenOn& where,
      const std::vector<std::unique_ptr<LoopThread>>& loops,
      Clients clients,
      std::function<services::Figures()> figures,
      services::SlowService* api);

  void on_accepted(int socket) override;
  void on_accepted_last(int socket) override;

  // Takes no more connections; those that are there go on.
  void stop() { acceptor_.reset(); }

  // Nothing: it is a Unix socket, which nobody dials.
  [[nodiscard]] const std::optional<uv::Endpoint>& local() const { return local_; }

  // "127.0.0.1:8474", "unix:/run/keyswap/manage.sock"
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  ManagementListener(const std::vector<std::unique_ptr<LoopThread>>& loops,
                     Clients clients,
                     std::function<services::Figures()> figures,
                     services::SlowService* api);

  LoopThread& loop_;
  Clients clients_;
  services::Management service_;
  std::unique_ptr<uv::Acceptor> acceptor_;
  std::optional<uv::Endpoint> local_;
  std::string address_;
};

}  // namespace keyswap::net
