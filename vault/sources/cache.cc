// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/cache.h"

#include <array>
#include <cstring>

#include "proxy/base/bytes.h"
#include "vault/sources/cache_core.h"

namespace keyswap::vault {

SourceCache::SourceCache(SourceSpec spec,
                         std::unique_ptr<Backend> backend,
                         CacheParts parts,
                         Openers openers)
    : core_(std::make_shared<Core>(
          std::move(spec), std::move(backend), std::move(parts), std::move(openers))) {}

SourceCache::~SourceCache() {
  core_->retire();
}

std::optional<FetchAnswer> SourceCache::fetch(const Route& route,
                                              const Wanted& wanted,
                                              FetchCallback callback) {
  return core_->fetch(route, wanted, std::move(callback));
}

void SourceCache::refused(const Route& route, EntryKind kind, std::string_view version) {
  core_->refused(flight_of(route, kind), version);
}

void SourceCache::vault_changed(const Openers& openers) {
  core_->vault_changed(openers);
}

std::size_t SourceCache::flush() {
  return core_->flush();
}

void SourceCache::fall_silent() {
  core_->fall_silent();
}

void SourceCache::log_out(std::int64_t deadline_us, std::function<void()> done) {
  core_->log_out(deadline_us, done);
}

const SourceSpec& SourceCache::spec() const {
  return core_->spec();
}

SourceState SourceCache::state() const {
  return core_->state();
}

Draw random_draw() {
  return [](std::uint64_t below) {
    std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
    base::random_bytes(bytes);
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof(number));
    return number % below;
  };
}

}  // namespace keyswap::vault
