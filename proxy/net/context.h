// SPDX-License-Identifier: Apache-2.0
//
// What the connections of one event loop share, and the end of a turn: work put off so that nothing
// re-enters a machine, the turn's audit records handed over as one batch, and the dead buried.
// Lives as long as its loop; used on its thread only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ca/leaf_cache.h"
#include "proxy/base/clock.h"
#include "proxy/flow/action.h"
#include "proxy/flow/collected_body.h"
#include "proxy/flow/event.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/real_values.h"
#include "proxy/limits/limiter.h"
#include "proxy/net/listening.h"
#include "proxy/net/policy.h"
#include "proxy/net/request_ids.h"
#include "proxy/net/turn.h"
#include "proxy/tls/context.h"
#include "proxy/uv/local_users.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/resolver.h"
#include "proxy/uv/tcp.h"
#include "vault/caller_digests.h"
#include "vault/holdings.h"
#include "vault/secret.h"

namespace keyswap::services {
class LocalService;
}

namespace keyswap::net {

class Approvals;
class AuditLane;
class CaptureLane;
class ClientTlsWatch;
class Connector;
class SecretLane;
class Strangers;
class Telling;
class UpstreamClocks;

struct Context {
  // For those who deal with clients.
  struct Clients {
    ca::LeafCache* leaves = nullptr;
    const tls::ServerContext* tls = nullptr;
    ClientTlsWatch* tls_watch = nullptr;
    uv::LocalUsers* users = nullptr;
    const services::LocalService* health = nullptr;
    // For refusals that are told inside of a tunnel; null: each is the answer to CONNECT.
    ca::LeafCache* refusal_leaves = nullptr;
  };

  // For those who reach upstreams.
  struct Upstreams {
    uv::Resolver* resolver = nullptr;
    Connector* connector = nullptr;
    Listening listening;  // I12: never dialled
    // Connections to upstreams of the whole process, and how many there may be before those at rest
    // give way.
    std::atomic<std::size_t>* open = nullptr;
    std::size_t open_max = 0;
    UpstreamClocks* clocks = nullptr;  // of all loops; null: nobody looks at them
  };

  // What machines and connections write to and count in.
  struct Memory {
    std::unique_ptr<vault::LockedBuffer> scratch;  // where heads with a secret in them are written
    std::unique_ptr<char[]> plain_chunk;   // NOLINT(modernize-avoid-c-arrays): one read's plaintext
    flow::CollectedBytes collected_bytes;  // of bodies and messages that signers read
    flow::KnownSecrets* known = nullptr;   // what hosts received of secrets, of all loops
    // What is looked for in what clients send, of all loops; null: nothing.
    flow::RealValues* real = nullptr;
    vault::Holdings* holdings = nullptr;  // what waits in locked memory, of all loops
    CaptureLane* captures = nullptr;      // null: nothing that is captured can be kept
    Approvals* approvals = nullptr;       // of all loops; null: nobody decides on requests
    // Empty; lent to the machines that run (proxy/net/stream.cc).
    flow::Actions spare_actions;
    std::vector<flow::Event> spare_events;
  };

  uv::Loop* loop = nullptr;
  const base::Clock* clock = nullptr;
  const vault::CallerDigests* callers = nullptr;
  SecretLane* secrets = nullptr;
  limits::Meter* limiter = nullptr;
  AuditLane* audit = nullptr;
  Strangers* strangers = nullptr;
  Telling* telling = nullptr;
  Clients clients;
  Upstreams upstreams;
  Memory memory;
  Policy policy;  // for requests that begin now (I14)
  bool is_draining = false;

  // Runs `task` at the end of this turn.
  void defer(std::function<void()> task) { turn_.defer(std::move(task)); }

  // Destroys it at the end of this turn.
  void bury(std::unique_ptr<Mortal> dead) { turn_.bury(std::move(dead)); }

  // Called by the loop before it waits.
  void end_turn();

  std::string next_request_id() { return ids_.next(); }

  [[nodiscard]] std::int64_t now_s() const { return clock->wall_us() / 1'000'000; }

 private:
  Turn turn_;
  RequestIds ids_;
};

}  // namespace keyswap::net
