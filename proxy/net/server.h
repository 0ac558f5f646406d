// SPDX-License-Identifier: Apache-2.0
//
// The composition root: builds the event loops and wires vault, bindings, audit, ca and listener
// together; reload; drain. It is given parts that are already checked (proxy/cli/serve.cc opens
// them and speaks to the operator), so nothing here asks a question or reads a configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "audit/record.h"
#include "ca/authority.h"
#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/limits/limiter.h"
#include "proxy/net/listeners.h"
#include "proxy/net/listening.h"
#include "proxy/net/policy.h"
#include "proxy/net/troubles.h"
#include "vault/sources/cache.h"
#include "vault/vault.h"

namespace keyswap::services {
class SlowService;
}

namespace keyswap::net {

// What there is to record of a policy's approval.
struct ApprovalNote {
  audit::ApprovalEvent event = audit::ApprovalEvent::renewed;
  std::uint64_t number = 0;
  std::string bindings_sha256;
};

struct Reloaded {
  std::optional<Policy> policy;  // nothing: the old one stays in force
  std::optional<ApprovalNote> approval;
};

// Who carries out the runs of the sources that are elsewhere (vault/sources/cache.h), on threads of
// its own; each may be empty.
struct Outside {
  vault::Engine* engine = nullptr;  // outlives serve(); null: nothing comes from elsewhere
  // Called before `start`: where this proxy listens, for calls that would come back to it (I12).
  std::function<void(const Listening&)> listening;
  // Called once, with the other threads.
  std::function<base::Status()> start;
  // Called before sources are asked by this policy (I14); first before `start`.
  std::function<void(const Policy&)> apply;
};

// What is kept and told behind the requests, on a worker; each may be empty. Those that say so are
// not called beside one another, nor beside a reload.
struct Behind {
  std::optional<ListenOn> manage;  // where metrics are told, and what `api` answers
  // Outlives serve(), which starts and stops it; null: metrics alone.
  services::SlowService* api = nullptr;
  // Called before `ready` with the address of that.
  std::function<void(const std::string& address)> managing;
  // Alone: after each reload, and when another policy came into force.
  std::function<void()> in_force;
  // Alone: behind a reload, once what was read counts and is recorded.
  std::function<void()> reloaded;
  // I17. Alone, before vault_read: gives nothing while the policy in force is approved; else what
  // takes its place. Without a policy in it none can be had, and the vault is locked until one can.
  std::function<std::optional<Reloaded>()> hold_policy;
  // Alone, twice a second, and once before `ready`, when it may take its time: what takes the place
  // of the policy in force, of the same approval; nothing: it stays.
  std::function<std::optional<Policy>()> renew_policy;
  // Alone: when the vault was read, twice a second and after each change of the home. All that its
  // file held counts, the approval too.
  std::function<void()> vault_read;
  // Alone: behind that, also where the vault could not be read.
  std::function<void()> looked;
  // Alone: behind that. Has `flush` called with the id of each source that is to drop what it gave,
  // "" for all of them.
  std::function<void(const std::function<void(std::string_view id)>& flush)> flushing;
  // Alone: behind that, twice a second.
  std::function<void(const Troubles& troubles)> troubled;
  // Called after each minute in which requests were refused, with their number.
  std::function<void(std::uint64_t)> refused;
  Outside outside;
};

struct ServerParts {
  vault::Vault* vault = nullptr;
  audit::Log* log = nullptr;
  const base::Clock* clock = nullptr;
  std::unique_ptr<limits::Limiter> limiter;
  Policy policy;
  std::shared_ptr<const ca::Authority> authority;
  std::string signing_key_hex;  // public, for the start record

  std::string home;  // watched: a secret added, rotated or removed by a command counts at once
  ListenPlan listen;
  unsigned threads = 1;  // event loops; the arena has bounds::kLockedLoopBytes for each

  // Called on SIGHUP, on a thread of its own at no time twice at once: the new policy, or nothing
  // when the file is broken or not approved (the caller has then said why on stderr). The old one
  // stays in force then.
  std::function<Reloaded()> reload;
  // Called on SIGHUP: the root now in the vault, or null when it did not change.
  std::function<std::shared_ptr<const ca::Authority>()> reload_authority;
  Behind behind;
  // Called once, when every thread runs and every socket listens, before the first client is taken:
  // gives up what is not needed from then on. Its failure is that of serve(); may be empty.
  std::function<base::Status()> confine;
  // Called once, when every loop accepts: the addresses listened on ("127.0.0.1:8472",
  // "unix:/run/keyswap.sock"), in the order of the plan.
  std::function<void(const std::vector<std::string>& addresses)> ready;
};

// Serves until SIGTERM or SIGINT, then drains (bounds::kDrainMs) and returns. already_exists
// (number = errno) when the port is in use; network when it cannot listen; io when a loop cannot be
// made; unavailable when a thread cannot be started (base::is_lack_of_threads): all are started
// before `ready`; what `confine` says.
base::Status serve(ServerParts parts);

}  // namespace keyswap::net
