// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/flights.h"

#include <algorithm>
#include <set>

#include "proxy/base/bounds.h"
#include "vault/sources/source_value.h"

namespace keyswap::vault {

namespace {

constexpr char kAsText = 't';
constexpr char kAsPrivateKey = 'k';

FetchAnswer share_of(const FetchAnswer& answer) {
  if (!answer) {
    return answer.error();
  }
  return Fetched{.value = answer->value.share(),
                 .version = answer->version,
                 .expires_at = answer->expires_at,
                 .is_stale = answer->is_stale,
                 .generation = answer->generation,
                 .field_of = answer->field_of,
                 .answer = answer->answer};
}

}  // namespace

std::string flight_of(const Route& route, EntryKind kind) {
  return (kind == EntryKind::private_key ? kAsPrivateKey : kAsText) +
         key_text(route.key, route.field);
}

std::string_view key_of(std::string_view flight) {
  return flight.substr(1);
}

EntryKind kind_of(std::string_view flight) {
  return flight.front() == kAsPrivateKey ? EntryKind::private_key : EntryKind::text;
}

Arrived arrived_for(const std::string& flight, const Done& done) {
  const auto found = std::ranges::find(done.values, key_of(flight), &FetchedValue::key);
  if (found != done.values.end()) {
    auto value = usable_value(found->value, kind_of(flight));
    if (!value) {
      return {.failed = {value.error().code == base::Errc::unavailable ? FetchFault::no_room
                                                                       : FetchFault::bad_answer,
                         "malformed",
                         0}};
    }
    return {.told = &*found, .value = std::move(*value)};
  }
  const auto missed = std::ranges::find(done.missed, key_of(flight), &Missed::key);
  return {.failed = missed == done.missed.end() ? Failed{FetchFault::not_found, "not_found", 0}
                                                : missed->failed};
}

Fetched fetched_of(KeptValue kept, bool is_stale) {
  return {.value = std::move(kept.value),
          .version = std::move(kept.version),
          .expires_at = kept.expires_at,
          .is_stale = is_stale,
          .generation = kept.generation,
          .field_of = std::move(kept.field_of),
          .answer = kept.answer};
}

bool Flights::has_room() const {
  return waiters_ < base::bounds::kSourceQueueMax;
}

bool Flights::want(const std::string& flight) {
  const bool is_new = flights_.try_emplace(flight).second;
  if (is_new) {
    queue_.push_back(flight);
  }
  return is_new;
}

void Flights::wait(const std::string& flight, FetchCallback callback) {
  flights_[flight].waiters.push_back(std::move(callback));
  ++waiters_;
}

std::vector<std::string> Flights::take_for_run(const WholeOf& whole_of,
                                               std::vector<std::string> kept,
                                               std::size_t values_max) {
  std::set<std::string> busy;
  for (const std::string& flight : under_way()) {
    busy.insert(whole_of(flight));
  }
  std::set<std::string> wholes;
  std::vector<std::string> taken;
  for (std::string& flight : take_queue()) {
    std::string whole = whole_of(flight);
    const bool is_one_more = !wholes.contains(whole);
    if (busy.contains(whole) || (is_one_more && wholes.size() >= values_max)) {
      queue_.push_back(std::move(flight));
    } else {
      wholes.insert(std::move(whole));
      taken.push_back(std::move(flight));
    }
  }
  for (std::string& flight : kept) {
    if (wholes.contains(whole_of(flight)) && flights_.try_emplace(flight).second) {
      taken.push_back(std::move(flight));
    }
  }
  for (const std::string& flight : taken) {
    flights_[flight].is_under_way = true;
  }
  return taken;
}

std::vector<std::string> Flights::under_way() const {
  std::vector<std::string> names;
  for (const auto& [name, flight] : flights_) {
    if (flight.is_under_way) {
      names.push_back(name);
    }
  }
  return names;
}

void Flights::answer(const std::string& flight, const FetchAnswer& given, Told& told) {
  auto found = flights_.extract(flight);
  if (found.empty()) {
    return;
  }
  waiters_ -= found.mapped().waiters.size();
  for (FetchCallback& waiter : found.mapped().waiters) {
    told.emplace_back(std::move(waiter), share_of(given));
  }
}

void Flights::answer_all(const FetchAnswer& given, Told& told) {
  queue_.clear();
  while (!flights_.empty()) {
    answer(std::string(flights_.begin()->first), given, told);
  }
}

void Flights::clear() {
  flights_.clear();
  queue_.clear();
  waiters_ = 0;
}

}  // namespace keyswap::vault
