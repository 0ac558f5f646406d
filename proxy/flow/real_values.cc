// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/real_values.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::flow {

namespace {

namespace bounds = base::bounds;

// In the Holdings: no caller can be called so.
constexpr std::string_view kHolderName = "(real values)";

// What a search shall know, as far as there is room.
class Room {
 public:
  [[nodiscard]] const std::vector<WantedSecret>& list() const { return list_; }

  // False: it is there, or there is no room for it.
  bool take(const WantedSecret& value) {
    const bool is_there = std::ranges::any_of(list_, [&](const WantedSecret& other) {
      return base::equal_constant_time(other.bytes, value.bytes);
    });
    const std::size_t bytes = FormWriter::room_for(value.bytes.size());
    if (is_there || value.bytes.size() < kTokenBytesMin || values_of(value.name) == 0 ||
        list_.size() == bounds::kRealValuesMax || bytes > bounds::kRealValuesBytesMax - bytes_) {
      return false;
    }
    bytes_ += bytes;
    list_.push_back(value);
    return true;
  }

  // The others are newer.
  void put_first(std::size_t count) {
    std::rotate(list_.begin(), list_.end() - static_cast<std::ptrdiff_t>(count), list_.end());
  }

 private:
  // How many more of that entry there may be.
  [[nodiscard]] std::size_t values_of(std::string_view name) const {
    const auto there = std::ranges::count(list_, name, &WantedSecret::name);
    return bounds::kValuesPerSecretMax - static_cast<std::size_t>(there);
  }

  std::vector<WantedSecret> list_;
  std::size_t bytes_ = 0;
};

}  // namespace

SharedSearch RealValues::search() const {
  if (is_empty_) {
    return nullptr;
  }
  const std::lock_guard guard(mutex_);
  return search_;
}

bool RealValues::knows(const WantedSecret& value) const {
  if (search_ == nullptr) {
    return false;
  }
  const auto is_it = [&](const SecretSearch::Known& known) {
    return base::equal_constant_time(known.bytes, value.bytes);
  };
  // Most often it is its entry's.
  return std::ranges::any_of(search_->secrets(),
                             [&](const SecretSearch::Known& known) {
                               return known.name == value.name && is_it(known);
                             }) ||
         std::ranges::any_of(search_->secrets(), is_it);
}

void RealValues::add(std::span<const WantedSecret> values) {
  const std::lock_guard guard(mutex_);
  std::vector<WantedSecret> fresh;
  for (const WantedSecret& value : values) {
    if (value.bytes.size() >= kTokenBytesMin && !knows(value)) {
      fresh.push_back(value);
    }
  }
  if (fresh.empty()) {
    return;
  }
  Room room;
  for (std::size_t i = 0; search_ != nullptr && i < search_->secrets().size(); ++i) {
    const SecretSearch::Known& known = search_->secrets()[i];
    const auto newer = std::span(search_->secrets()).first(i);
    const auto of_its_entry =
        std::ranges::count(newer, known.name, &SecretSearch::Known::name) +
        std::ranges::count(fresh, std::string_view(known.name), &WantedSecret::name);
    if (static_cast<std::size_t>(of_its_entry) < bounds::kValuesPerSecretMax) {
      room.take(known.wanted());
    }
  }
  std::deque<std::string> shown;
  std::size_t taken = 0;
  for (WantedSecret& value : fresh) {
    value.placeholder = shown.emplace_back("<" + std::string(value.name) + ">");
    taken += room.take(value) ? 1 : 0;
  }
  room.put_first(taken);
  if (taken == 0) {
    return;
  }
  if (auto made = make_held_search(holdings_, kHolderName, room.list())) {
    search_ = std::move(made);
    is_empty_ = false;
  }
}

bool RealValues::should_learn(std::string_view host, std::uint16_t port, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  if (ask_again_at_ms_ && now_ms >= *ask_again_at_ms_) {
    for (const std::string& entry : missing_) {
      asked_.erase(entry);
    }
    missing_.clear();
    ask_again_at_ms_.reset();
    hosts_.clear();
  }
  auto found = hosts_.find(host);
  if (found == hosts_.end()) {
    if (hosts_.size() >= bounds::kKnownHostsMax) {
      hosts_.clear();
    }
    found = hosts_.try_emplace(std::string(host)).first;
  }
  return found->second.insert(port).second;
}

bool RealValues::should_ask(const std::string& entry) {
  const std::lock_guard guard(mutex_);
  return asked_.insert(entry).second;
}

void RealValues::ask_again(const std::string& entry, std::int64_t now_ms) {
  const std::lock_guard guard(mutex_);
  missing_.insert(entry);
  // I10: a source that fails is asked no more often for it.
  ask_again_at_ms_ = ask_again_at_ms_.value_or(now_ms + bounds::kSecretAskedAgainMs);
}

void RealValues::renew() {
  const std::lock_guard guard(mutex_);
  hosts_.clear();
  asked_.clear();
  missing_.clear();
  ask_again_at_ms_.reset();
}

}  // namespace keyswap::flow
