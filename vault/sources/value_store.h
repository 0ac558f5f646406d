// SPDX-License-Identifier: Apache-2.0
//
// The values that sources gave, of all of them together: bounded in bytes, and each source's in
// number; what was used least lately goes first. It knows nothing of fetching
// (vault/sources/cache.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vault/secret.h"

namespace keyswap::vault {

// One value, with times of the steady clock.
struct KeptValue {
  Secret value;
  std::string version;
  std::optional<std::int64_t> expires_at;  // as its source says, seconds since 1970
  std::uint64_t generation = 0;            // of its source
  std::string field_of = {};               // as Fetched has it, and the next
  std::uint64_t answer = 0;
  std::int64_t came_us = 0;
  std::int64_t refresh_us = 0;    // from then on a new one is fetched
  std::int64_t end_us = 0;        // good until then
  std::int64_t stale_end_us = 0;  // kept until then, for a source that is down

  [[nodiscard]] KeptValue share() const;
};

// Thread-safe.
class ValueStore {
 public:
  explicit ValueStore(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Whose values: an owner's address, told apart by nothing else.
  using Owner = const void*;

  // What is kept there, be it good or stale; it counts as used, but for a mere look.
  enum class Reading : std::uint8_t { use, look };
  [[nodiscard]] std::optional<KeptValue> find(Owner owner,
                                              std::string_view key,
                                              Reading reading = Reading::use);
  // In place of what was there; what was used least lately goes, if there has to be room. A value
  // that is larger than all of it is not kept. Fields of one value (field_of) do not make room for
  // each other: a secret that needs more of them than `entries_max` would never have them all.
  void put(Owner owner, std::string_view key, KeptValue value, std::size_t entries_max);
  void drop(Owner owner, std::string_view key);
  // All of that owner's; gives how many.
  std::size_t drop_all(Owner owner);
  // All whose stale_end_us is over, or that their source says to be over; seconds since 1970.
  void drop_ended(std::int64_t now_us, std::int64_t wall_s);

  // When the first of that owner's is over, as drop_ended() takes it; nothing: it has none.
  [[nodiscard]] std::optional<std::int64_t> first_end_us(Owner owner) const;
  // Of all that is kept for it, in no order.
  [[nodiscard]] std::vector<std::string> keys(Owner owner) const;
  [[nodiscard]] std::size_t count(Owner owner) const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    Owner owner = nullptr;
    std::string key;
    KeptValue kept;
  };

  using Place = std::list<Entry>::iterator;

  [[nodiscard]] Place place_of(Owner owner, std::string_view key);
  [[nodiscard]] std::size_t count_of(Owner owner) const;
  template <typename Is>
  void drop_where(Is is);
  void erase(Place place);
  bool erase_oldest_of(Owner owner, const std::string& but_field_of);

  std::size_t bytes_max_;
  mutable std::mutex mutex_;  // guards what follows
  std::list<Entry> entries_;  // the one used last comes first
  std::unordered_map<Owner, std::unordered_map<std::string, Place>> owners_;
  std::size_t bytes_ = 0;
};

}  // namespace keyswap::vault
