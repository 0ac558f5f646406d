// SPDX-License-Identifier: Apache-2.0
//
// host -> leaf, for all loops. Bounded (least recently used goes first), renewed a day ahead of
// expiry, and one mint for any number of simultaneous requests of a host. Minting runs where `run`
// runs it (off the event loops); waiters are told on that thread and post to their own loop
// themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ca/leaf.h"
#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"

namespace keyswap::ca {

// How much of them there may be.
struct LeafRoom {
  std::size_t leaves = base::bounds::kLeafCacheMax;
  std::size_t mints = base::bounds::kMintQueueMax;  // hosts for which one is being made
};

// Thread-safe.
class LeafCache {
 public:
  using Task = std::function<void()>;
  using Done = std::function<void(base::Result<std::shared_ptr<const Leaf>>)>;

  LeafCache(std::shared_ptr<const Authority> authority,
            std::shared_ptr<const LeafKey> key,
            const base::Clock& clock,
            std::function<void(Task)> run,
            LeafRoom room = {});
  LeafCache(const LeafCache&) = delete;
  LeafCache& operator=(const LeafCache&) = delete;
  LeafCache(LeafCache&&) = delete;
  LeafCache& operator=(LeafCache&&) = delete;
  ~LeafCache();

  // How many are kept; and since it was made: looked for by find() and there, or not; made, or
  // failed to be.
  struct Figures {
    std::uint64_t kept = 0;
    std::uint64_t found = 0;
    std::uint64_t missed = 0;
    std::uint64_t made = 0;
    std::uint64_t failed = 0;
  };

  // A task may still run when the cache is gone; `clock` outlives it. Tasks that `run` drops leave
  // their waiters untold.

  // The leaf if one is cached and good (begins a renewal when it is due within a day); else
  // nullptr.
  std::shared_ptr<const Leaf> find(const std::string& host);
  // Mints if need be and tells `done`, in the caller's own call when the answer is known already: a
  // leaf that is cached, or limit_exceeded when as many hosts are being minted as there is room.
  void request(const std::string& host, bool host_is_ip, Done done);
  // From now on leaves come from this root; cached ones are dropped (connections keep theirs).
  void replace_authority(std::shared_ptr<const Authority> authority);

  [[nodiscard]] Figures figures() const;

 private:
  struct State;
  void start_mint(const std::string& host, bool host_is_ip);
  std::shared_ptr<State> state_;  // shared with running tasks, which may outlive the cache
  std::function<void(Task)> run_;
};

}  // namespace keyswap::ca
