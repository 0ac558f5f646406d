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
#include <span>
#include <string>
#include <vector>

#include "ca/leaf_cache.h"
#include "proxy/base/clock.h"
#include "proxy/flow/collected_body.h"
#include "proxy/flow/scrub.h"
#include "proxy/server.h"
#include "proxy/tls/context.h"
#include "proxy/uv/local_users.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/resolver.h"
#include "proxy/uv/tcp.h"
#include "vault/caller_digests.h"
#include "vault/holdings.h"
#include "vault/secret.h"

namespace keyswap::proxy {

class AuditLane;
class ClientTlsWatch;
class Connector;
class SecretLane;
class SessionTable;
class Strangers;
class Telling;

// Something that may be destroyed only when no call into it is on the stack.
class Mortal {
 public:
  Mortal() = default;
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;
  Mortal(Mortal&&) = delete;
  Mortal& operator=(Mortal&&) = delete;
  virtual ~Mortal() = default;
};

struct Context {
  uv::Loop* loop = nullptr;
  uv::Resolver* resolver = nullptr;
  const base::Clock* clock = nullptr;
  const vault::CallerDigests* callers = nullptr;
  SecretLane* secrets = nullptr;
  ca::LeafCache* leaves = nullptr;
  const tls::ServerContext* client_tls = nullptr;
  AuditLane* audit = nullptr;
  Strangers* strangers = nullptr;
  Telling* telling = nullptr;
  ClientTlsWatch* client_tls_watch = nullptr;
  limits::Meter* limiter = nullptr;
  Connector* connector = nullptr;
  SessionTable* sessions = nullptr;
  uv::Endpoint listening;  // I12: never dialled
  Policy policy;           // for requests that begin now (I14)
  // Connections to upstreams of the whole process, and how many there may be before those at rest
  // give way.
  std::atomic<std::size_t>* upstreams_open = nullptr;
  std::size_t upstreams_max = 0;
  uv::LocalUsers* users = nullptr;
  bool is_draining = false;
  flow::CollectedBytes collected_bytes;          // of bodies and messages that signers read
  flow::FormCache form_cache;                    // of secrets that are looked for in responses
  vault::Holdings* holdings = nullptr;           // what waits in locked memory, of all loops
  std::unique_ptr<vault::LockedBuffer> scratch;  // where heads with a secret in them are written
  std::unique_ptr<char[]> plain_chunk;  // NOLINT(modernize-avoid-c-arrays): one read's plaintext

  // Runs `task` at the end of this turn.
  void defer(std::function<void()> task) { deferred_.push_back(std::move(task)); }

  // Destroys it at the end of this turn.
  void bury(std::unique_ptr<Mortal> dead) { dead_.push_back(std::move(dead)); }

  // Called by the loop before it waits.
  void end_turn();

  // 96 bits, half random by loop, half counted: unique in a log. 24 hex digits.
  std::string next_request_id();

  [[nodiscard]] std::int64_t now_s() const { return clock->wall_us() / 1'000'000; }

 private:
  std::vector<std::function<void()>> deferred_;
  std::vector<std::unique_ptr<Mortal>> dead_;
  std::string id_prefix_;
  std::uint64_t ids_given_ = 0;
};

}  // namespace keyswap::proxy
