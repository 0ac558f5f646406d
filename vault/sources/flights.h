// SPDX-License-Identifier: Apache-2.0
//
// Who waits for which value of a source: one flight for each value, however many wait for it. A
// flight is in the queue until a run takes it, and over when it is answered. Knows nothing of
// sources, time or threads: its owner holds a lock (vault/sources/cache_core.h).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vault/source_table.h"
#include "vault/sources/cache.h"
#include "vault/sources/run.h"
#include "vault/sources/value_store.h"

namespace keyswap::vault {

// A flight's name: a value is kept once for each of the kinds that it is needed as.
std::string flight_of(const Route& route, EntryKind kind);
// What the backend is asked for. A view into the name.
std::string_view key_of(std::string_view flight);
EntryKind kind_of(std::string_view flight);

// What came for a flight.
struct Arrived {
  const FetchedValue* told = nullptr;  // null: nothing came that it is needed for
  Secret value = {};                   // as it is needed
  Failed failed = {};                  // why nothing did
};

// A key that a source says nothing of is missed. `done` outlives the result.
Arrived arrived_for(const std::string& flight, const Done& done);

Fetched fetched_of(KeptValue kept, bool is_stale = false);

class Flights {
 public:
  // Who is to be told, and what.
  using Told = std::vector<std::pair<FetchCallback, FetchAnswer>>;
  // Which value a flight is, or is a field of.
  using WholeOf = std::function<std::string(const std::string& flight)>;

  // For one more who waits (bounds::kSourceQueueMax).
  [[nodiscard]] bool has_room() const;

  // True: it was neither in the queue nor under way, and is in the queue now.
  bool want(const std::string& flight);
  // One that is wanted.
  void wait(const std::string& flight, FetchCallback callback);

  [[nodiscard]] bool has_queue() const { return !queue_.empty(); }

  // The queue, for one run: they are under way then. Fields of one value are of one answer: with
  // those in the queue go those of `kept` that are of the same values, and a field of a value that
  // is under way stays until that has come. So does what is more than `values_max` values.
  std::vector<std::string> take_for_run(const WholeOf& whole_of,
                                        std::vector<std::string> kept,
                                        std::size_t values_max);

  // The queue, to be answered without a run.
  std::vector<std::string> take_queue() { return std::exchange(queue_, {}); }

  [[nodiscard]] std::vector<std::string> under_way() const;

  // Ends a flight; nothing if there is none.
  void answer(const std::string& flight, const FetchAnswer& given, Told& told);
  void answer_all(const FetchAnswer& given, Told& told);
  // Nobody is told.
  void clear();

 private:
  struct Flight {
    std::vector<FetchCallback> waiters;  // none: it is fetched ahead of its end
    bool is_under_way = false;
  };

  std::unordered_map<std::string, Flight> flights_;
  std::vector<std::string> queue_;  // those that no run is under way for
  std::size_t waiters_ = 0;
};

}  // namespace keyswap::vault
