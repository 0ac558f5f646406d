// SPDX-License-Identifier: Apache-2.0
#include "proxy/connector.h"

#include <algorithm>
#include <utility>

#include "proxy/base/limits.h"

namespace keyswap::proxy {

namespace {
constexpr std::int64_t kOverdueCheckMs = 5'000;
}  // namespace

Connector::Connector(Context& context)
    : context_(&context), overdue_(*context.loop, [this] { close_overdue(); }) {}

UpstreamKey Connector::key_of(const Policy& policy, const flow::Destination& destination) {
  std::string text(destination.scheme == flow::Scheme::https ? "s" : "p");
  text += http::to_string(destination.authority);
  return {std::move(text), policy.number};
}

bool Connector::is_of_policy_in_force(const UpstreamKey& key) const {
  return key.policy == context_->policy.number;
}

std::unique_ptr<Upstream> Connector::take(const UpstreamKey& key) {
  if (!is_of_policy_in_force(key)) {
    return nullptr;
  }
  const auto entry = idle_.find(key.destination);
  if (entry == idle_.end()) {
    return nullptr;
  }
  std::unique_ptr<Upstream> newest = std::move(entry->second.back());
  entry->second.pop_back();
  --idle_count_;
  if (entry->second.empty()) {
    idle_.erase(entry);
  }
  return newest;
}

void Connector::give_back(std::unique_ptr<Upstream> upstream) {
  upstream->leave();
  keep_session(*upstream);
  const auto entry = idle_.find(upstream->key().destination);
  const std::size_t same = entry == idle_.end() ? 0 : entry->second.size();
  if (!upstream->is_reusable() || !is_of_policy_in_force(upstream->key()) ||
      context_->is_draining || same >= base::limits::kIdleUpstreamsPerDestinationMax ||
      idle_count_ >= base::limits::kIdleUpstreamsMax) {
    upstream->leg().finish_writing(Leg::Ending::said);
    upstream->leg().silence();
    context_->bury(std::move(upstream));
    return;
  }
  upstream->idle_since_ms = context_->loop->now_ms();
  if (idle_count_++ == 0) {
    overdue_.set(kOverdueCheckMs);
  }
  idle_[upstream->key().destination].push_back(std::move(upstream));
}

void Connector::drop(Upstream& upstream) {
  const auto entry = idle_.find(upstream.key().destination);
  if (entry == idle_.end()) {
    return;
  }
  auto& same = entry->second;
  const auto found = std::ranges::find_if(
      same, [&](const std::unique_ptr<Upstream>& idle) { return idle.get() == &upstream; });
  if (found == same.end()) {
    return;
  }
  upstream.leg().silence();
  context_->bury(std::move(*found));
  same.erase(found);
  --idle_count_;
  if (same.empty()) {
    idle_.erase(entry);
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
  if (sessions_.size() >= base::limits::kTlsSessionsMax && !sessions_.contains(key.destination)) {
    sessions_.erase(sessions_.begin());  // any: losing one costs a full handshake, no more
  }
  sessions_[key.destination] = std::move(session);
}

void Connector::forget_session(const UpstreamKey& key) {
  if (is_of_policy_in_force(key)) {
    sessions_.erase(key.destination);
  }
}

void Connector::close_overdue() {
  const std::int64_t now = context_->loop->now_ms();
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    auto& same = entry->second;
    // Oldest first: the newest is taken and given back at the end.
    while (!same.empty() && now - same.front()->idle_since_ms >= base::limits::kUpstreamIdleMs) {
      same.front()->leg().finish_writing(Leg::Ending::said);
      same.front()->leg().silence();
      context_->bury(std::move(same.front()));
      same.erase(same.begin());
      --idle_count_;
    }
    entry = same.empty() ? idle_.erase(entry) : std::next(entry);
  }
  if (idle_count_ > 0) {
    overdue_.set(kOverdueCheckMs);
  }
}

void Connector::close_idle() {
  for (auto& [key, same] : idle_) {
    for (auto& upstream : same) {
      upstream->leg().finish_writing(Leg::Ending::said);
      upstream->leg().silence();
      context_->bury(std::move(upstream));
    }
  }
  idle_.clear();
  idle_count_ = 0;
}

void Connector::forget_all() {
  close_idle();
  sessions_.clear();
}

}  // namespace keyswap::proxy
