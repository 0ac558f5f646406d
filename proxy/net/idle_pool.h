// SPDX-License-Identifier: Apache-2.0
//
// Connections at rest, by key. The one that rested last is taken first, so that the surplus grows
// old; where there is no room, the one that has rested longest goes. Every operation takes constant
// time but those that look at all of them. It owns what is in it and closes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

namespace keyswap::net {

// Where a Thing rests; the pool's.
template <typename Thing>
struct IdlePlace {
  typename std::list<std::unique_ptr<Thing>>::iterator on_shelf;
  typename std::list<Thing*>::iterator by_age;
  std::int64_t until_ms = 0;
};

// `Thing` has a type `Key` with `Key::Hash`, key(), and a member `IdlePlace<Thing> idle_place`.
template <typename Thing>
class IdlePool {
 public:
  [[nodiscard]] std::size_t size() const { return by_age_.size(); }

  // It may be taken until then.
  void put(std::unique_ptr<Thing> thing, std::int64_t until_ms) {
    Thing& rests = *thing;
    Shelf& shelf = shelves_[rests.key()];
    shelf.push_back(std::move(thing));
    by_age_.push_back(&rests);
    rests.idle_place = {std::prev(shelf.end()), std::prev(by_age_.end()), until_ms};
  }

  // The newest of this key that may be taken now, or null.
  std::unique_ptr<Thing> take(const typename Thing::Key& key, std::int64_t now_ms) {
    const auto entry = shelves_.find(key);
    if (entry == shelves_.end()) {
      return nullptr;
    }
    Shelf& shelf = entry->second;
    for (auto place = shelf.end(); place != shelf.begin();) {
      --place;
      if ((*place)->idle_place.until_ms > now_ms) {
        return remove(entry, place);
      }
    }
    return nullptr;
  }

  // Out of turn; it must be in here.
  std::unique_ptr<Thing> remove(const Thing& thing) {
    return remove(shelves_.find(thing.key()), thing.idle_place.on_shelf);
  }

  // The one that has rested longest, or null.
  std::unique_ptr<Thing> take_oldest() {
    return by_age_.empty() ? nullptr : remove(*by_age_.front());
  }

  // Hands all that may not be taken any more to `taker`.
  template <typename Taker>
  void take_overdue(std::int64_t now_ms, const Taker& taker) {
    for (auto place = by_age_.begin(); place != by_age_.end();) {
      const Thing& thing = **place++;
      if (thing.idle_place.until_ms <= now_ms) {
        taker(remove(thing));
      }
    }
  }

 private:
  using Shelf = std::list<std::unique_ptr<Thing>>;
  using Shelves = std::unordered_map<typename Thing::Key, Shelf, typename Thing::Key::Hash>;

  std::unique_ptr<Thing> remove(typename Shelves::iterator entry, typename Shelf::iterator place) {
    std::unique_ptr<Thing> thing = std::move(*place);
    by_age_.erase(thing->idle_place.by_age);
    entry->second.erase(place);
    if (entry->second.empty()) {
      shelves_.erase(entry);
    }
    return thing;
  }

  Shelves shelves_;           // none is empty
  std::list<Thing*> by_age_;  // all of them, the oldest first
};

}  // namespace keyswap::net
