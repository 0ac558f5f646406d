// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/connector.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::net {

namespace {
constexpr std::int64_t kTidyMs = 1'000;
}  // namespace

Connector::Connector(Context& context)
    : context_(&context), tidy_(*context.loop, [this] { tidy(); }) {}

UpstreamKey Connector::key_of(const Policy& policy, const flow::Destination& destination) {
  std::string text(destination.protocol == flow::Protocol::https ? "s" : "p");
  text += http::to_string(destination.authority);
  text += '/';
  text += destination.custom_service;
  return {std::move(text), policy.number, {}};
}

bool Connector::is_of_policy_in_force(const UpstreamKey& key) const {
  return key.policy == context_->policy.number;
}

std::unique_ptr<Upstream> Connector::take(const UpstreamKey& key) {
  return idle_.take(key, context_->loop->now_ms());
}

void Connector::give_back(std::unique_ptr<Upstream> upstream, std::int64_t rest_ms) {
  put(std::move(upstream), context_->loop->now_ms() + rest_ms);
}

void Connector::give_back_unused(std::unique_ptr<Upstream> upstream) {
  const std::int64_t until_ms = upstream->idle_place.until_ms;
  const bool has_rested = until_ms > 0;
  put(std::move(upstream),
      has_rested ? until_ms : context_->loop->now_ms() + base::bounds::kUpstreamIdleMs);
}

void Connector::put(std::unique_ptr<Upstream> upstream, std::int64_t until_ms) {
  upstream->rest(*this);
  keep_session(*upstream);
  if (!may_serve_again(*upstream) || until_ms <= context_->loop->now_ms()) {
    close(std::move(upstream));
    return;
  }
  if (idle_.size() == 0) {
    tidy_.set(kTidyMs);
  }
  idle_.put(std::move(upstream), until_ms);
  shed(0);
}

void Connector::make_room() {
  shed(1);
}

bool Connector::may_serve_again(const Upstream& upstream) const {
  return upstream.is_reusable() && is_of_policy_in_force(upstream.key()) && !context_->is_draining;
}

void Connector::close(std::unique_ptr<Upstream> upstream) {
  upstream->write_off();
  upstream->leg().finish_writing(Leg::Ending::said);
  bury(std::move(upstream));
}

void Connector::bury(std::unique_ptr<Upstream> upstream) {
  upstream->write_off();
  upstream->leg().silence();
  context_->bury(std::move(upstream));
}

void Connector::drop(Upstream& upstream) {
  bury(idle_.remove(upstream));
}

// I10: closes as many of those at rest as there are too many, with `wanted` more to come.
void Connector::shed(std::size_t wanted) {
  while (idle_.size() > 0 && *context_->upstreams.open + wanted > context_->upstreams.open_max) {
    close(idle_.take_oldest());
  }
}

tls::Session Connector::session_for(const UpstreamKey& key) {
  if (!is_of_policy_in_force(key)) {
    return nullptr;
  }
  const auto entry = sessions_.find(key.destination);
  return entry == sessions_.end() ? nullptr : entry->second;
}

void Connector::keep_session(Upstream& upstream) {
  const UpstreamKey& key = upstream.key();
  if (!upstream.leg().has_tls() || !is_of_policy_in_force(key)) {
    return;
  }
  tls::Session session = upstream.leg().engine().take_session();
  if (!session) {
    return;
  }
  if (sessions_.size() >= base::bounds::kTlsSessionsMax && !sessions_.contains(key.destination)) {
    sessions_.erase(sessions_.begin());  // any: losing one costs a full handshake, no more
  }
  sessions_[key.destination] = std::move(session);
}

void Connector::forget_session(const UpstreamKey& key) {
  if (is_of_policy_in_force(key)) {
    sessions_.erase(key.destination);
  }
}

void Connector::tidy() {
  idle_.take_overdue(context_->loop->now_ms(),
                     [this](std::unique_ptr<Upstream> upstream) { close(std::move(upstream)); });
  shed(0);
  if (idle_.size() > 0) {
    tidy_.set(kTidyMs);
  }
}

void Connector::close_idle() {
  while (auto upstream = idle_.take_oldest()) {
    close(std::move(upstream));
  }
}

void Connector::forget_all() {
  close_idle();
  sessions_.clear();
}

}  // namespace keyswap::net
