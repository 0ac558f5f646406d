// SPDX-License-Identifier: Apache-2.0
//
// One event loop with all that lives on it: clients' connections, the pool of upstream connections,
// the lane to the audit log. Only post_*() and run() may be called from another thread than the
// loop's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "proxy/net/arrival.h"
#include "proxy/net/audit_lane.h"
#include "proxy/net/capture_lane.h"
#include "proxy/net/client_tls_watch.h"
#include "proxy/net/connections.h"
#include "proxy/net/connector.h"
#include "proxy/net/context.h"
#include "proxy/net/secret_lane.h"
#include "proxy/services/health.h"
#include "proxy/uv/local_users.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/timer.h"

namespace keyswap::net {

class LoopThread {
 public:
  // What is known of secrets, and what waits in locked memory.
  struct Memory {
    vault::Holdings* holdings = nullptr;
    flow::KnownSecrets* known = nullptr;
    flow::RealValues* real = nullptr;  // null: none is looked for
    Approvals* approvals = nullptr;    // null: nobody decides on requests
  };

  // What clients' TLS is made of (Context::Clients).
  struct Certificates {
    ca::LeafCache* leaves = nullptr;
    ca::LeafCache* refusal_leaves = nullptr;
    const tls::ServerContext* tls = nullptr;
  };

  // Of upstreams, for all loops: connections to them, how many there may be, and what their clocks
  // are like (Context::Upstreams).
  struct OfUpstreams {
    std::atomic<std::size_t>* open = nullptr;
    std::size_t open_max = 0;
    UpstreamClocks* clocks = nullptr;
  };

  struct Shared {
    const base::Clock* clock = nullptr;
    vault::Source* secrets = nullptr;
    vault::Engine* engine = nullptr;  // who keeps what is captured; null: nobody
    const vault::CallerDigests* callers = nullptr;
    Memory memory;
    audit::Sink* log = nullptr;
    limits::Meter* limiter = nullptr;
    Certificates certificates;
    Strangers* strangers = nullptr;
    Telling* telling = nullptr;
    Policy policy;
    // Is the vault's file another than what was opened? From any thread; empty: it never is.
    std::function<bool()> vault_is_locked{};
    // Is the file of the bindings another than what is approved? null: nobody looks.
    const std::atomic<bool>* is_refusing_policy = nullptr;
    std::function<void()> connection_ended;  // from the loop's thread
    OfUpstreams upstreams;
  };

  static base::Result<std::unique_ptr<LoopThread>> create(const Shared& shared);
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  LoopThread(LoopThread&&) = delete;
  LoopThread& operator=(LoopThread&&) = delete;
  ~LoopThread();

  // What one opens for itself: its events, its wake-up, and those of its resolver.
  static constexpr std::size_t kDescriptors = 4;

  // What one takes of the locked memory: its buffer, and what it needs while it computes.
  static std::size_t locked_bytes();

  // Runs until drained or stopped.
  void run();

  // On the loop's thread: whose it is, and whether there is room for it.
  [[nodiscard]] Arrival look_at(int socket) const { return look_at_arrival(context_, socket); }

  // One that has room. `management`, which outlives it, answers all that it asks; null: it is a
  // client.
  void post_client(Arrival arrival, const services::LocalService* management = nullptr);
  void post_policy(Policy policy);
  // Finish what is under way and stop; cut what is left after bounds::kDrainMs, or now if asked
  // twice.
  void post_drain();
  // Stop now, whatever is under way.
  void post_stop();

  void set_listening(Listening listening) { context_.upstreams.listening = std::move(listening); }

  // On the loop's thread: there is no room for that client. It is told so, and recorded.
  void turn_away(int socket, std::optional<std::uint32_t> user);

  // On the loop's thread: a record that nobody waits for.
  void record(const audit::DecisionRecord& record) { lane_->add(record); }

  [[nodiscard]] uv::Loop& loop() { return *loop_; }

  // Any thread may read them.
  [[nodiscard]] const services::Counts& counts() const { return lane_->counts(); }

  // Of clients, on the loop's thread.
  [[nodiscard]] std::size_t connection_count() const { return connections_->size(); }

  // What its connections share; of the loop's thread.
  [[nodiscard]] const Context& context() const { return context_; }

 private:
  explicit LoopThread(std::unique_ptr<uv::Loop> loop);
  void begin_drain();
  void stop_if_idle();

  std::unique_ptr<uv::Loop> loop_;
  std::unique_ptr<uv::Resolver> resolver_;
  uv::LocalUsers users_;
  Context context_;
  std::unique_ptr<AuditLane> lane_;
  std::unique_ptr<SecretLane> secrets_;
  std::unique_ptr<CaptureLane> captures_;
  std::unique_ptr<ClientTlsWatch> client_tls_watch_;
  std::unique_ptr<services::Health> health_;
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<Connections> connections_;
  std::unique_ptr<uv::Timer> drain_limit_;
};

}  // namespace keyswap::net
