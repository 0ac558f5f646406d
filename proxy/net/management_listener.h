// SPDX-License-Identifier: Apache-2.0
//
// A listening socket of its own, on loopback, for who looks after the proxy: its connections are
// like clients', but every request on them is answered by services::Management, and none goes
// anywhere. Lives on the first loop.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

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

  // Of uv::Acceptor::listen. All of it outlives this; `figures` is asked on the first loop.
  static base::Result<std::unique_ptr<ManagementListener>> listen(
      const uv::Endpoint& endpoint,
      const std::vector<std::unique_ptr<LoopThread>>& loops,
      Clients clients,
      std::function<services::Figures()> figures);

  void on_accepted(int socket) override;
  void on_accepted_last(int socket) override;

  // Takes no more connections; those that are there go on.
  void stop() { acceptor_.reset(); }

  [[nodiscard]] uv::Endpoint local() const { return acceptor_->local(); }

 private:
  ManagementListener(const std::vector<std::unique_ptr<LoopThread>>& loops,
                     Clients clients,
                     std::function<services::Figures()> figures);

  LoopThread& loop_;
  Clients clients_;
  services::Management service_;
  std::unique_ptr<uv::Acceptor> acceptor_;
};

}  // namespace keyswap::net
