// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/management_listener.h"

#include <utility>

#include <unistd.h>

namespace keyswap::net {

namespace {

std::vector<const services::Counts*> counts_of(
    const std::vector<std::unique_ptr<LoopThread>>& loops) {
  std::vector<const services::Counts*> counts;
  counts.reserve(loops.size());
  for (const auto& loop : loops) {
    counts.push_back(&loop->counts());
  }
  return counts;
}

}  // namespace

ManagementListener::ManagementListener(const std::vector<std::unique_ptr<LoopThread>>& loops,
                                       Clients clients,
                                       std::function<services::Figures()> figures,
                                       services::SlowService* api)
    : loop_(*loops.front()),
      clients_(clients),
      service_(
          [counts = counts_of(loops), figures = std::move(figures)] {
            return services::render_metrics(counts, figures());
          },
          *loops.front()->context().clients.health,
          api) {}

base::Result<std::unique_ptr<ManagementListener>> ManagementListener::listen(
    const ListenOn& where,
    const std::vector<std::unique_ptr<LoopThread>>& loops,
    Clients clients,
    std::function<services::Figures()> figures,
    services::SlowService* api) {
  std::unique_ptr<ManagementListener> made(
      new ManagementListener(loops, clients, std::move(figures), api));
  if (!where.unix_path.empty()) {
    made->acceptor_ = uv::Acceptor::adopt(made->loop_.loop(), where.unix_socket, *made);
    made->address_ = "unix:" + where.unix_path;
    return made;
  }
  auto acceptor = uv::Acceptor::listen(made->loop_.loop(), {where.host, where.port}, *made);
  if (!acceptor) {
    return acceptor.error();
  }
  made->acceptor_ = std::move(*acceptor);
  made->local_ = made->acceptor_->local();
  made->address_ = uv::to_string(*made->local_);
  return made;
}

void ManagementListener::on_accepted(int socket) {
  Arrival arrival = loop_.look_at(socket);
  if (!arrival.has_room || *clients_.open >= clients_.max) {
    on_accepted_last(socket);
    return;
  }
  ++*clients_.open;
  loop_.post_client(std::move(arrival), &service_);
}

void ManagementListener::on_accepted_last(int socket) {
  static_cast<void>(::close(socket));
}

}  // namespace keyswap::net
