// SPDX-License-Identifier: Apache-2.0
#include "ca/leaf_cache.h"

#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ca/certificate.h"
#include "proxy/base/bounds.h"

namespace keyswap::ca {

namespace bounds = base::bounds;

using LeafResult = base::Result<std::shared_ptr<const Leaf>>;

struct LeafCache::State {
  struct Entry {
    std::string host;
    bool host_is_ip = false;
    std::int64_t not_before_s = 0;
    std::shared_ptr<const Leaf> leaf;
  };

  using Entries = std::list<Entry>;

  State(std::shared_ptr<const Authority> root,
        std::shared_ptr<const LeafKey> leaf_key,
        const base::Clock& time,
        LeafRoom its_room)
      : key(std::move(leaf_key)), clock(time), room(its_room), authority(std::move(root)) {}

  [[nodiscard]] std::int64_t now_s() const { return clock.wall_us() / 1'000'000; }

  // All of these: with `mutex` held.
  std::shared_ptr<const Leaf> cached(const std::string& host, std::int64_t now_s);
  // What a request can be told without waiting, if anything.
  std::optional<LeafResult> answer_now(const std::string& host);
  [[nodiscard]] bool is_renewal_due(const Entry& entry, std::int64_t now_s) const;
  void insert(Entry entry);

  // Mints for `host` and tells those who wait; runs where minting runs.
  void mint(const std::string& host, bool host_is_ip);
  // The leaf, made by the authority that is in force when it is done, now in the cache; with it
  // those who wait for it.
  std::pair<LeafResult, std::vector<Done>> mint_and_insert(const std::string& host,
                                                           bool host_is_ip);

  const std::shared_ptr<const LeafKey> key;
  const base::Clock& clock;
  const LeafRoom room;

  std::mutex mutex;
  std::shared_ptr<const Authority> authority;
  std::uint64_t generation =
      0;            // of `authority`: a mint that finds another at its end starts again
  Entries entries;  // the most recently used first
  std::unordered_map<std::string, Entries::iterator> by_host;
  std::unordered_map<std::string, std::vector<Done>> pending;  // hosts being minted, and who waits
  Figures figures;                                             // without what is kept
};

std::shared_ptr<const Leaf> LeafCache::State::cached(const std::string& host, std::int64_t now_s) {
  const auto found = by_host.find(host);
  if (found == by_host.end()) {
    return nullptr;
  }
  const Entry& entry = *found->second;
  // A clock that was set back makes a leaf one that is not valid yet: as bad as an expired one.
  const bool is_good = now_s >= entry.not_before_s && now_s < entry.leaf->not_after_s;
  if (!is_good) {
    entries.erase(found->second);
    by_host.erase(found);
    return nullptr;
  }
  entries.splice(entries.begin(), entries, found->second);
  return entry.leaf;
}

std::optional<LeafResult> LeafCache::State::answer_now(const std::string& host) {
  if (auto leaf = cached(host, now_s())) {
    return LeafResult(std::move(leaf));
  }
  if (pending.size() >= room.mints && pending.find(host) == pending.end()) {
    return LeafResult(base::Error{base::Errc::limit_exceeded, "too many certificates being made"});
  }
  return std::nullopt;
}

bool LeafCache::State::is_renewal_due(const Entry& entry, std::int64_t now_s) const {
  // Not when the root's own end is what ends the leaf: a new one would live no longer.
  return now_s >= entry.leaf->not_after_s - bounds::kLeafRenewAheadSeconds &&
         entry.leaf->not_after_s < authority->not_after_s() &&
         pending.find(entry.host) == pending.end() && pending.size() < room.mints;
}

void LeafCache::State::insert(Entry entry) {
  const auto found = by_host.find(entry.host);
  if (found != by_host.end()) {
    entries.erase(found->second);
    by_host.erase(found);
  }
  entries.push_front(std::move(entry));
  by_host[entries.front().host] = entries.begin();
  if (entries.size() > room.leaves) {
    by_host.erase(entries.back().host);
    entries.pop_back();
  }
}

void LeafCache::State::mint(const std::string& host, bool host_is_ip) {
  const auto [result, waiting] = mint_and_insert(host, host_is_ip);
  for (const Done& done : waiting) {
    done(result);
  }
}

std::pair<LeafResult, std::vector<LeafCache::Done>> LeafCache::State::mint_and_insert(
    const std::string& host, bool host_is_ip) {
  std::unique_lock lock(mutex);
  while (true) {
    const std::uint64_t generation_at_start = generation;
    const std::shared_ptr<const Authority> root = authority;
    lock.unlock();
    LeafResult result = mint_leaf(*root, key, host, host_is_ip, now_s());
    lock.lock();
    if (generation != generation_at_start) {
      continue;  // the root was replaced meanwhile: its leaf must not outlive it in the cache
    }
    ++(result ? figures.made : figures.failed);
    if (result) {
      insert(Entry{host, host_is_ip, not_before_of((*result)->certificate), *result});
    }
    auto node = pending.extract(host);
    return {std::move(result), node.empty() ? std::vector<Done>() : std::move(node.mapped())};
  }
}

LeafCache::LeafCache(std::shared_ptr<const Authority> authority,
                     std::shared_ptr<const LeafKey> key,
                     const base::Clock& clock,
                     std::function<void(Task)> run,
                     LeafRoom room)
    : state_(std::make_shared<State>(std::move(authority), std::move(key), clock, room)),
      run_(std::move(run)) {}

LeafCache::~LeafCache() = default;

std::shared_ptr<const Leaf> LeafCache::find(const std::string& host) {
  std::shared_ptr<const Leaf> leaf;
  std::optional<bool> renew_ip;  // set when a renewal is to begin
  {
    const std::lock_guard lock(state_->mutex);
    const std::int64_t now_s = state_->now_s();
    leaf = state_->cached(host, now_s);
    ++(leaf != nullptr ? state_->figures.found : state_->figures.missed);
    if (leaf == nullptr) {
      return nullptr;
    }
    const State::Entry& entry = state_->entries.front();
    if (state_->is_renewal_due(entry, now_s)) {
      state_->pending.try_emplace(host);
      renew_ip = entry.host_is_ip;
    }
  }
  if (renew_ip) {
    start_mint(host, *renew_ip);
  }
  return leaf;
}

void LeafCache::request(const std::string& host, bool host_is_ip, Done done) {
  std::unique_lock lock(state_->mutex);
  if (auto answer = state_->answer_now(host)) {
    lock.unlock();
    done(std::move(*answer));
    return;
  }
  const auto [waiting, is_first] = state_->pending.try_emplace(host);
  waiting->second.push_back(std::move(done));
  lock.unlock();
  if (is_first) {  // one mint serves all who ask meanwhile
    start_mint(host, host_is_ip);
  }
}

void LeafCache::replace_authority(std::shared_ptr<const Authority> authority) {
  const std::lock_guard lock(state_->mutex);
  state_->authority = std::move(authority);
  ++state_->generation;
  state_->by_host.clear();
  state_->entries.clear();
}

LeafCache::Figures LeafCache::figures() const {
  const std::lock_guard lock(state_->mutex);
  Figures figures = state_->figures;
  figures.kept = state_->entries.size();
  return figures;
}

// Never with the mutex held: `run` may run the task at once.
void LeafCache::start_mint(const std::string& host, bool host_is_ip) {
  run_([state = state_, host, host_is_ip] { state->mint(host, host_is_ip); });
}

}  // namespace keyswap::ca
