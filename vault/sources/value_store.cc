// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/value_store.h"

#include <algorithm>
#include <utility>

namespace keyswap::vault {

KeptValue KeptValue::share() const {
  return {.value = value.share(),
          .version = version,
          .expires_at = expires_at,
          .generation = generation,
          .field_of = field_of,
          .answer = answer,
          .came_us = came_us,
          .refresh_us = refresh_us,
          .end_us = end_us,
          .stale_end_us = stale_end_us};
}

std::optional<KeptValue> ValueStore::find(Owner owner, std::string_view key, Reading reading) {
  const std::lock_guard lock(mutex_);
  const Place place = place_of(owner, key);
  if (place == entries_.end()) {
    return std::nullopt;
  }
  if (reading == Reading::use) {
    entries_.splice(entries_.begin(), entries_, place);
  }
  return place->kept.share();
}

void ValueStore::put(Owner owner, std::string_view key, KeptValue value, std::size_t entries_max) {
  const std::lock_guard lock(mutex_);
  if (const Place place = place_of(owner, key); place != entries_.end()) {
    erase(place);
  }
  const std::size_t size = value.value.size();
  if (size > bytes_max_ || entries_max == 0) {
    return;
  }
  while (bytes_ + size > bytes_max_) {
    erase(std::prev(entries_.end()));
  }
  while (count_of(owner) >= entries_max && erase_oldest_of(owner, value.field_of)) {
  }
  entries_.push_front({owner, std::string(key), std::move(value)});
  owners_[owner].emplace(key, entries_.begin());
  bytes_ += size;
}

void ValueStore::drop(Owner owner, std::string_view key) {
  const std::lock_guard lock(mutex_);
  if (const Place place = place_of(owner, key); place != entries_.end()) {
    erase(place);
  }
}

std::size_t ValueStore::drop_all(Owner owner) {
  const std::lock_guard lock(mutex_);
  const std::size_t count = count_of(owner);
  drop_where([owner](const Entry& entry) { return entry.owner == owner; });
  return count;
}

void ValueStore::drop_ended(std::int64_t now_us, std::int64_t wall_s) {
  const std::lock_guard lock(mutex_);
  drop_where([=](const Entry& entry) {
    return entry.kept.stale_end_us <= now_us || entry.kept.expires_at.value_or(INT64_MAX) <= wall_s;
  });
}

std::optional<std::int64_t> ValueStore::first_end_us(Owner owner) const {
  const std::lock_guard lock(mutex_);
  std::optional<std::int64_t> first_us;
  if (const auto owned = owners_.find(owner); owned != owners_.end()) {
    for (const auto& [key, place] : owned->second) {
      first_us = std::min(first_us.value_or(INT64_MAX), place->kept.stale_end_us);
    }
  }
  return first_us;
}

std::vector<std::string> ValueStore::keys(Owner owner) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  if (const auto owned = owners_.find(owner); owned != owners_.end()) {
    for (const auto& [key, place] : owned->second) {
      keys.push_back(key);
    }
  }
  return keys;
}

std::size_t ValueStore::count(Owner owner) const {
  const std::lock_guard lock(mutex_);
  return count_of(owner);
}

std::size_t ValueStore::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

ValueStore::Place ValueStore::place_of(Owner owner, std::string_view key) {
  const auto owned = owners_.find(owner);
  if (owned == owners_.end()) {
    return entries_.end();
  }
  const auto found = owned->second.find(std::string(key));
  return found == owned->second.end() ? entries_.end() : found->second;
}

std::size_t ValueStore::count_of(Owner owner) const {
  const auto owned = owners_.find(owner);
  return owned == owners_.end() ? 0 : owned->second.size();
}

template <typename Is>
void ValueStore::drop_where(Is is) {
  for (auto place = entries_.begin(); place != entries_.end();) {
    const Place one = place++;
    if (is(*one)) {
      erase(one);
    }
  }
}

void ValueStore::erase(Place place) {
  bytes_ -= place->kept.value.size();
  const auto owned = owners_.find(place->owner);
  owned->second.erase(place->key);
  if (owned->second.empty()) {
    owners_.erase(owned);
  }
  entries_.erase(place);
}

// False: there is none.
bool ValueStore::erase_oldest_of(Owner owner, const std::string& but_field_of) {
  const auto oldest = std::find_if(entries_.rbegin(), entries_.rend(), [&](const Entry& entry) {
    return entry.owner == owner && (but_field_of.empty() || entry.kept.field_of != but_field_of);
  });
  if (oldest == entries_.rend()) {
    return false;
  }
  erase(std::prev(oldest.base()));
  return true;
}

}  // namespace keyswap::vault
