// SPDX-License-Identifier: Apache-2.0
#include "proxy/loop_thread.h"

#include <bit>
#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::proxy {

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
      *made->loop_, *shared.log, [&context](std::uint64_t id, bool is_durable) {
        if (Session* session = context.sessions->find(id)) {
          session->audit_done(is_durable);
        }
      });
  context.loop = made->loop_.get();
  context.resolver = made->resolver_.get();
  context.clock = shared.clock;
  context.vault = shared.vault;
  context.holdings = shared.holdings;
  context.leaves = shared.leaves;
  context.client_tls = shared.client_tls;
  context.audit = made->lane_.get();
  context.telling = shared.telling;
  made->client_tls_watch_ =
      std::make_unique<ClientTlsWatch>(*made->loop_, *made->lane_, *shared.telling, *shared.clock);
  context.client_tls_watch = made->client_tls_watch_.get();
  context.limiter = shared.limiter;
  context.strangers = shared.strangers;
  context.policy = shared.policy;
  context.upstreams_open = shared.upstreams_open;
  context.upstreams_max = shared.upstreams_max;
  context.users = &made->users_;
  context.scratch = std::make_unique<vault::LockedBuffer>(std::move(*scratch));
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): size is dynamic
  context.plain_chunk = std::make_unique_for_overwrite<char[]>(base::bounds::kReadChunkBytes);
  made->connector_ = std::make_unique<Connector>(context);
  context.connector = made->connector_.get();
  made->sessions_ = std::make_unique<SessionTable>(context);
  context.sessions = made->sessions_.get();
  made->sessions_->on_ended = [raw = made.get(), told = shared.connection_ended] {
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
  // Sessions first, then what they used; each closes its handles, which the loop then waits for.
  sessions_->on_ended = [] {
  };
  sessions_->cut_all();
  connector_->close_idle();
  context_.end_turn();
  sessions_.reset();
  connector_.reset();
  drain_limit_.reset();
  client_tls_watch_.reset();
  context_.end_turn();
}

void LoopThread::run() {
  loop_->run();
}

void LoopThread::post_client(int socket) {
  loop_->post([this, socket] { sessions_->add().start(socket); });
}

void LoopThread::post_policy(Policy policy) {
  loop_->post([this, policy = std::move(policy)] {
    context_.policy = policy;
    context_.form_cache.clear();
    sessions_->policy_changed();
    connector_->forget_all();  // they were reached and verified by the policy before
  });
}

void LoopThread::post_vault_refreshed() {
  loop_->post([this] { context_.form_cache.clear(); });
}

void LoopThread::post_drain() {
  loop_->post([this] { begin_drain(); });
}

void LoopThread::post_stop() {
  loop_->post([this] { loop_->stop(); });
}

void LoopThread::begin_drain() {
  if (context_.is_draining) {
    sessions_->cut_all();
    stop_if_idle();
    return;
  }
  context_.is_draining = true;
  drain_limit_ = std::make_unique<uv::Timer>(*loop_, [this] {
    sessions_->cut_all();
    // A session that waits for its record ends with it; a second look soon is enough.
    if (sessions_->size() > 0) {
      drain_limit_->set(100);
    }
    stop_if_idle();
  });
  drain_limit_->set(base::bounds::kDrainMs);
  sessions_->drain_all();
  connector_->close_idle();
  stop_if_idle();
}

void LoopThread::stop_if_idle() {
  if (context_.is_draining && sessions_->size() == 0) {
    loop_->post([this] {
      context_.end_turn();
      loop_->stop();
    });
  }
}

}  // namespace keyswap::proxy
