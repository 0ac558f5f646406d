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

std::string Connector::key_of(const Context& context, const flow::Destination& destination) {
  std::string key(destination.scheme == flow::Scheme::https ? "s" : "p");
  key += http::to_string(destination.authority);
  key += '#';
  key += std::to_string(context.policy_number);
  return key;
}

std::unique_ptr<Upstream> Connector::take(const std::string& key) {
  const auto entry = idle_.find(key);
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
  if (upstream->leg().has_tls()) {
    if (tls::Session session = upstream->leg().engine().take_session()) {
      keep_session(upstream->key(), std::move(session));
    }
  }
  const auto entry = idle_.find(upstream->key());
  const std::size_t same = entry == idle_.end() ? 0 : entry->second.size();
  if (!upstream->is_reusable() || context_->is_draining ||
      same >= base::limits::kIdleUpstreamsPerDestinationMax ||
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
  idle_[upstream->key()].push_back(std::move(upstream));
}

void Connector::drop(Upstream& upstream) {
  const auto entry = idle_.find(upstream.key());
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

tls::Session Connector::session_for(const std::string& key) {
  const auto entry = sessions_.find(key);
  return entry == sessions_.end() ? nullptr : entry->second;
}

void Connector::keep_session(const std::string& key, tls::Session session) {
  if (sessions_.size() >= base::limits::kTlsSessionsMax && !sessions_.contains(key)) {
    sessions_.erase(sessions_.begin());  // any: losing one costs a full handshake, no more
  }
  sessions_[key] = std::move(session);
}

void Connector::forget_session(const std::string& key) {
  sessions_.erase(key);
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

}  // namespace keyswap::proxy
