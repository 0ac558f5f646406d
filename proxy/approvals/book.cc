// SPDX-License-Identifier: Apache-2.0
#include "proxy/approvals/book.h"

#include <algorithm>
#include <utility>

#include "proxy/approvals/bounds.h"

namespace keyswap::approvals {

namespace {

constexpr std::int64_t kUsPerMs = 1000;

}  // namespace

void Book::put(Operation operation) {
  const std::lock_guard lock(mutex_);
  std::string id = operation.id;
  operations_.insert_or_assign(std::move(id), std::move(operation));
}

void Book::remove(std::string_view id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = operations_.find(id); found != operations_.end()) {
    operations_.erase(found);
  }
}

std::optional<Operation> Book::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = operations_.find(id);
  return found == operations_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Operation> Book::list() const {
  std::vector<Operation> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, operation] : operations_) {
      all.push_back(operation);
    }
  }
  std::ranges::stable_sort(all, {}, &Operation::created_us);
  return all;
}

bool Book::is_empty() const {
  const std::lock_guard lock(mutex_);
  return operations_.empty();
}

bool Book::has_room(std::string_view caller) const {
  const std::lock_guard lock(mutex_);
  std::size_t waiting = 0;
  std::size_t of_caller = 0;
  std::size_t open = 0;
  for (const auto& [id, operation] : operations_) {
    const bool is_waiting = operation.state == State::waiting;
    waiting += is_waiting ? 1 : 0;
    of_caller += is_waiting && operation.caller == caller ? 1 : 0;
    open += is_terminal(operation.state) ? 0 : 1;
  }
  return waiting < bounds::kHeldMax && of_caller < bounds::kHeldPerCallerMax &&
         open < bounds::kOperationsMax;
}

std::vector<Operation> Book::due(std::int64_t now_us) const {
  std::vector<Operation> changed;
  for (const Operation& operation : list()) {
    if (Operation now = at(operation, now_us); now != operation) {
      changed.push_back(std::move(now));
    }
  }
  return changed;
}

std::vector<std::string> Book::outlived(std::int64_t now_us) const {
  const std::vector<Operation> all = list();
  std::size_t too_many =
      all.size() > bounds::kOperationsMax ? all.size() - bounds::kOperationsMax : 0;
  std::vector<std::string> ids;
  for (const Operation& operation : all) {
    if (!is_terminal(operation.state)) {
      continue;
    }
    if (too_many > 0 || now_us - operation.changed_us >= bounds::kKeptMs * kUsPerMs) {
      ids.push_back(operation.id);
      too_many -= too_many > 0 ? 1 : 0;
    }
  }
  return ids;
}

}  // namespace keyswap::approvals
