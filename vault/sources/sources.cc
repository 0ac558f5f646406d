// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/sources.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <utility>

#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "vault/sources/kinds.h"
#include "vault/sources/oauth2_rotation.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;
using base::Errc;

constexpr std::int64_t kUsPerMs = 1000;

std::unique_ptr<Backend> make_of_its_kind(const SourceSpec& spec) {
  const BackendKind* kind = find_backend_kind(spec.kind);
  KS_ASSERT(kind != nullptr);  // the bindings take no other
  return kind->make == nullptr ? nullptr : kind->make(spec);
}

// Counts those that are not through yet.
class Countdown {
 public:
  explicit Countdown(std::size_t count) : left_(count) {}

  void one_less() {
    const std::lock_guard lock(mutex_);
    --left_;
    is_over_.notify_all();
  }

  void wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    is_over_.wait_for(lock, time, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable is_over_;
  std::size_t left_;
};

}  // namespace

Sources::Sources(const Vault& vault, Engine* engine, const base::Clock& clock)
    : Sources(vault, engine, clock, make_of_its_kind, random_draw()) {}

Sources::Sources(const Vault& vault, Engine* engine, const base::Clock& clock, Make make, Draw draw)
    : vault_(&vault),
      vault_generation_(vault.generation_read()),
      local_(vault),
      engine_(engine),
      clock_(&clock),
      make_(std::move(make)),
      draw_(std::move(draw)),
      store_(bounds::kSourceCacheBytesMax),
      pending_(std::make_shared<PendingRotations>()) {}

std::optional<FetchAnswer> Sources::fetch(const Wanted& wanted, FetchCallback callback) {
  const Route* route = wanted.table == nullptr ? nullptr : wanted.table->find(wanted.name);
  if (route == nullptr) {
    return local_.fetch(wanted, std::move(callback));
  }
  if (wanted.table->specs()[route->source].kind == kLocalKind) {
    auto name = SecretName::parse(route->key);
    if (!name) {
      return base::Error{Errc::not_found, "the vault has no entry of such a name"};
    }
    Wanted own{.name = *name,
               .kind = wanted.kind,
               .now_s = wanted.now_s,
               .is_only_known = wanted.is_only_known};
    return local_.fetch(own, std::move(callback));
  }
  // Kept while it answers, though another policy may come into force.
  const auto cache = cache_of(*wanted.table, route->source);
  if (cache == nullptr) {
    return base::Error{Errc::network, "the source of the secret is not in use", 1};
  }
  return cache->fetch(*route, wanted, std::move(callback));
}

void Sources::refused(const Wanted& wanted, std::string_view version) {
  const Route* route = wanted.table == nullptr ? nullptr : wanted.table->find(wanted.name);
  const auto cache = route == nullptr ? nullptr : cache_of(*wanted.table, route->source);
  if (cache != nullptr) {
    cache->refused(*route, wanted.kind, version);
  }
}

std::shared_ptr<SourceCache> Sources::cache_of(const SourceTable& table,
                                               std::uint32_t source) const {
  const std::lock_guard lock(mutex_);
  const auto found = applied_.find(&table);
  return found == applied_.end() ? nullptr : found->second.caches[source];
}

void Sources::apply(std::shared_ptr<const SourceTable> table) {
  Caches flushed;
  std::vector<Applied> gone;  // what is dropped tells those who wait, so not with the lock held
  {
    const std::lock_guard lock(mutex_);
    Caches caches = table == nullptr ? Caches() : caches_for(*table, flushed);
    std::erase_if(applied_, [&](auto& one) {
      const bool is_gone = one.second.table.expired() || one.first == table.get();
      if (is_gone) {
        gone.push_back(std::move(one.second));
      }
      return is_gone;
    });
    if (table != nullptr) {
      applied_.emplace(table.get(), Applied{table, std::move(caches)});
    }
    in_force_ = std::move(table);
  }
  for (const auto& cache : flushed) {
    cache->flush();
  }
}

// With mutex_ held. `minted`: those that go on and whose values do not.
Sources::Caches Sources::caches_for(const SourceTable& table, Caches& minted) {
  std::unordered_map<std::string, std::shared_ptr<SourceCache>> before;
  for (const auto& [address, applied] : applied_) {
    for (const auto& cache : applied.caches) {
      if (cache != nullptr) {
        before.emplace(cache->spec().digest(), cache);
      }
    }
  }
  Caches caches;
  for (const SourceSpec& spec : table.specs()) {
    const auto found = before.find(spec.digest());
    if (found == before.end()) {
      caches.push_back(make_cache(spec));
      continue;
    }
    caches.push_back(found->second);
    if (spec.is_minted) {
      minted.push_back(found->second);
    }
  }
  return caches;
}

std::shared_ptr<SourceCache> Sources::make_cache(const SourceSpec& spec) {
  if (engine_ == nullptr || spec.kind == kLocalKind) {
    return nullptr;
  }
  auto backend = make_(spec);
  if (backend == nullptr) {
    return nullptr;
  }
  backend->share(pending_);
  return std::make_shared<SourceCache>(
      spec, std::move(backend), CacheParts{*engine_, *clock_, store_, draw_}, openers_of(spec));
}

void Sources::vault_read() {
  const std::uint64_t generation = vault_->generation_read();
  if (vault_generation_.exchange(generation) == generation) {
    return;
  }
  for (const auto& cache : caches()) {
    cache->vault_changed(openers_of(cache->spec()));
  }
}

Openers Sources::openers_of(const SourceSpec& spec) const {
  Openers openers;
  for (const SecretName& name : spec.own) {
    openers.push_back(vault_->read_in(name));
  }
  return openers;
}

std::size_t Sources::flush(std::string_view id) {
  std::size_t dropped = 0;
  for (const auto& cache : caches()) {
    if (id.empty() || cache->spec().id == id) {
      dropped += cache->flush();
    }
  }
  return dropped;
}

std::vector<Sources::Named> Sources::states() const {
  std::vector<Named> states;
  const std::lock_guard lock(mutex_);
  const auto found = applied_.find(in_force_.get());
  if (found == applied_.end()) {
    return states;
  }
  for (std::size_t at = 0; at < found->second.caches.size(); ++at) {
    const SourceSpec& spec = in_force_->specs()[at];
    const auto& cache = found->second.caches[at];
    states.push_back({spec.id, spec.kind, cache == nullptr ? SourceState{} : cache->state()});
  }
  return states;
}

// Each once.
Sources::Caches Sources::caches() const {
  const std::lock_guard lock(mutex_);
  Caches all;
  for (const auto& [address, applied] : applied_) {
    for (const auto& cache : applied.caches) {
      if (cache != nullptr && std::ranges::find(all, cache) == all.end()) {
        all.push_back(cache);
      }
    }
  }
  return all;
}

void Sources::stop() {
  if (engine_ == nullptr || is_stopped_.exchange(true)) {
    return;
  }
  const auto all = caches();
  const auto left = std::make_shared<Countdown>(all.size());
  engine_->post([all, left, clock = clock_] {
    const std::int64_t deadline_us = clock->steady_us() + bounds::kSourceLogOutMs * kUsPerMs;
    for (const auto& cache : all) {
      cache->log_out(deadline_us, [left] { left->one_less(); });
    }
  });
  left->wait_for(std::chrono::milliseconds(bounds::kSourceLogOutMs));
  engine_->stop();
  for (const auto& cache : all) {
    cache->fall_silent();
  }
}

}  // namespace keyswap::vault
