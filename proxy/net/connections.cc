// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/connections.h"

#include <utility>

namespace keyswap::net {

Connection& Connections::add() {
  const std::uint64_t number = ++numbers_given_;
  auto connection = std::make_unique<Connection>(*context_, number, [this](std::uint64_t ended) {
    const auto entry = connections_.find(ended);
    if (entry != connections_.end()) {
      context_->bury(std::move(entry->second));
      connections_.erase(entry);
      on_ended();
    }
  });
  return *connections_.emplace(number, std::move(connection)).first->second;
}

std::vector<Connection*> Connections::all() {
  std::vector<Connection*> found;
  found.reserve(connections_.size());
  for (const auto& [number, connection] : connections_) {
    found.push_back(connection.get());
  }
  return found;
}

void Connections::policy_changed() {
  for (const auto& [number, connection] : connections_) {
    connection->policy_changed();
  }
}

void Connections::drain_all() {
  for (Connection* connection : all()) {
    connection->drain();
  }
}

void Connections::cut_all() {
  for (Connection* connection : all()) {
    connection->cut();
  }
}

}  // namespace keyswap::net
