// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/loop_thread.h"

#include <bit>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/net/strangers.h"
#include "proxy/net/turn_away.h"
#include "proxy/uv/acceptor.h"

namespace keyswap::net {

LoopThread::LoopThread(std::unique_ptr<uv::Loop> loop) : loop_(std::move(loop)) {}

base::Result<std::unique_ptr<LoopThread>> LoopThread::create(const Shared& shared) {
  auto loop = uv::Loop::create();
  if (!loop) {
    return loop.error();
  }
  auto resolver = uv::Resolver::create(**loop);
  if (!resolver) {
    return resolver.error();
  }
  auto scratch = vault::LockedBuffer::of_capacity(base::bounds::kSwappedHeadBytesMax);
  if (!scratch) {
    return scratch.error();
  }
  std::unique_ptr<LoopThread> made(new LoopThread(std::move(*loop)));
  made->resolver_ = std::move(*resolver);
  Context& context = made->context_;
  made->lane_ = std::make_unique<AuditLane>(
      *made->loop_, *shared.log, shared.memory.real, &shared.telling->refusals());
  context.loop = made->loop_.get();
  context.upstreams.resolver = made->resolver_.get();
  context.clock = shared.clock;
  context.callers = shared.callers;
  made->secrets_ = std::make_unique<SecretLane>(
      *made->loop_, *shared.secrets, *shared.clock, shared.memory.holdings);
  context.secrets = made->secrets_.get();
  made->captures_ = std::make_unique<CaptureLane>(*made->loop_, shared.engine, *shared.clock);
  context.memory.captures = made->captures_.get();
  context.memory.holdings = shared.memory.holdings;
  context.memory.known = shared.memory.known;
  context.memory.real = shared.memory.real;
  context.memory.approvals = shared.memory.approvals;
  context.clients.leaves = shared.certificates.leaves;
  context.clients.refusal_leaves = shared.certificates.refusal_leaves;
  context.clients.tls = shared.certificates.tls;
  context.audit = made->lane_.get();
  context.telling = shared.telling;
  made->client_tls_watch_ =
      std::make_unique<ClientTlsWatch>(*made->loop_, *made->lane_, *shared.telling, *shared.clock);
  context.clients.tls_watch = made->client_tls_watch_.get();
  context.limiter = shared.limiter;
  context.strangers = shared.strangers;
  context.policy = shared.policy;
  context.upstreams.open = shared.upstreams.open;
  context.upstreams.open_max = shared.upstreams.open_max;
  context.upstreams.clocks = shared.upstreams.clocks;
  context.clients.users = &made->users_;
  // A dead log refuses every request, and without a vault no secret is sent: who asks for our
  // health must not hear that all is well.
  made->health_ = std::make_unique<services::Health>(
      [lane = made->lane_.get(),
       is_locked = shared.vault_is_locked]() -> std::optional<audit::Reason> {
        if (lane->is_dead()) {
          return audit::Reason::audit_unavailable;
        }
        return is_locked && is_locked() ? std::optional(audit::Reason::vault_locked) : std::nullopt;
      },
      [refusing = shared.is_refusing_policy] { return refusing != nullptr && refusing->load(); });
  context.clients.health = made->health_.get();
  context.memory.scratch = std::make_unique<vault::LockedBuffer>(std::move(*scratch));
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): size is dynamic
  context.memory.plain_chunk =
      std::make_unique_for_overwrite<char[]>(base::bounds::kReadChunkBytes);
  made->connector_ = std::make_unique<Connector>(context);
  context.upstreams.connector = made->connector_.get();
  made->connections_ = std::make_unique<Connections>(context);
  made->connections_->on_ended = [raw = made.get(), told = shared.connection_ended] {
    told();
    raw->stop_if_idle();
  };
  made->loop_->on_turn_end([&context] { context.end_turn(); });
  return made;
}

// The arena gives blocks of powers of two, so the buffer takes more than its size.
std::size_t LoopThread::locked_bytes() {
  constexpr std::size_t kBuffer = base::bounds::kSwappedHeadBytesMax;
  return base::bounds::kLockedLoopBytes + (std::bit_ceil(kBuffer) - kBuffer);
}

LoopThread::~LoopThread() {
  // Connections first, then what they used; each closes its handles, which the loop then waits for.
  connections_->on_ended = [] {
  };
  connections_->cut_all();
  connector_->close_idle();
  context_.end_turn();
  connections_.reset();
  connector_.reset();
  drain_limit_.reset();
  client_tls_watch_.reset();
  context_.end_turn();
}

void LoopThread::run() {
  loop_->run();
}

void LoopThread::post_client(Arrival arrival, const services::LocalService* management) {
  // Shared, for what is posted can be copied.
  loop_->post([this, kept = std::make_shared<Arrival>(std::move(arrival)), management] {
    connections_->add().start(std::move(*kept), management);
  });
}

void LoopThread::turn_away(int socket, std::optional<std::uint32_t> user) {
  RefusedStranger refused;
  refused.request_id = context_.next_request_id();
  refused.reason = audit::Reason::too_busy;
  refused.address = uv::to_string(uv::remote_of(socket));
  refused.user = user;
  refused.bindings_sha256 = context_.policy.bindings->sha256;
  if (context_.strangers->add(refused, context_.clock->steady_us())) {
    lane_->add(record_of(refused, context_.clock->wall_us()));
  }
  net::turn_away(socket, refused.request_id);
}

void LoopThread::post_policy(Policy policy) {
  loop_->post([this, policy = std::move(policy)] {
    context_.policy = policy;
    connections_->policy_changed();
    connector_->forget_all();  // they were reached and verified by the policy before
  });
}

void LoopThread::post_drain() {
  loop_->post([this] { begin_drain(); });
}

void LoopThread::post_stop() {
  loop_->post([this] { loop_->stop(); });
}

void LoopThread::begin_drain() {
  if (context_.is_draining) {
    connections_->cut_all();
    stop_if_idle();
    return;
  }
  context_.is_draining = true;
  drain_limit_ = std::make_unique<uv::Timer>(*loop_, [this] {
    connections_->cut_all();
    // A connection that waits for its record ends with it; a second look soon is enough.
    if (connections_->size() > 0) {
      drain_limit_->set(100);
    }
    stop_if_idle();
  });
  drain_limit_->set(base::bounds::kDrainMs);
  connections_->drain_all();
  connector_->close_idle();
  stop_if_idle();
}

void LoopThread::stop_if_idle() {
  if (context_.is_draining && connections_->size() == 0) {
    loop_->post([this] {
      context_.end_turn();
      loop_->stop();
    });
  }
}

}  // namespace keyswap::net
