// SPDX-License-Identifier: Apache-2.0
//
// All operations of a proxy, in memory. What is put in here counts from then on, so whoever changes
// one makes it durable first. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/approvals/operation.h"

namespace keyswap::approvals {

class Book {
 public:
  // In place of the one of that id, or as another.
  void put(Operation operation);
  void remove(std::string_view id);

  [[nodiscard]] std::optional<Operation> find(std::string_view id) const;
  // The oldest first.
  [[nodiscard]] std::vector<Operation> list() const;
  [[nodiscard]] bool is_empty() const;

  // I10: may one more of this caller wait?
  [[nodiscard]] bool has_room(std::string_view caller) const;
  // Those that are another by now, as they are then.
  [[nodiscard]] std::vector<Operation> due(std::int64_t now_us) const;
  // The ids of those that are over and need not be kept: for long, or for want of room.
  [[nodiscard]] std::vector<std::string> outlived(std::int64_t now_us) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Operation, std::less<>> operations_;  // guarded by mutex_
};

}  // namespace keyswap::approvals
