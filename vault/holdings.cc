// SPDX-License-Identifier: Apache-2.0
#include "vault/holdings.h"

#include "proxy/base/bounds.h"
#include "vault/arena.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;

std::size_t bytes_of(const Secret& secret) {
  return arena::block_size(secret.size());
}

}  // namespace

std::size_t Holdings::Tally::bytes_with(const Secret& secret) const {
  return holders.contains(secret.reveal().data()) ? bytes : bytes + bytes_of(secret);
}

void Holdings::Tally::add(const Secret& secret) {
  const auto [holder, is_new] = holders.try_emplace(secret.reveal().data(), 0);
  ++holder->second;
  bytes += is_new ? bytes_of(secret) : 0;
}

void Holdings::Tally::remove(const Secret& secret) {
  const auto found = holders.find(secret.reveal().data());
  KS_ASSERT(found != holders.end());
  if (--found->second == 0) {
    holders.erase(found);
    bytes -= bytes_of(secret);
  }
}

std::size_t Holdings::bytes() const {
  const std::lock_guard guard(mutex_);
  return all_.bytes;
}

bool Holdings::take(const std::string& caller, const Secret& secret) {
  const std::lock_guard guard(mutex_);
  const auto found = callers_.find(caller);
  const std::size_t before = found == callers_.end() ? 0 : found->second.bytes;
  const std::size_t after =
      found == callers_.end() ? bytes_of(secret) : found->second.bytes_with(secret);
  const std::size_t all = all_.bytes_with(secret);
  // More of what it holds already takes no memory.
  const bool fits = after == before ||
                    (all <= bytes_max_ && after <= bounds::kHeldTimesFreeMax * (bytes_max_ - all));
  if (fits) {
    (found == callers_.end() ? callers_[caller] : found->second).add(secret);
    all_.add(secret);
  }
  return fits;
}

void Holdings::give_back(const std::string& caller, const std::vector<Secret>& secrets) {
  const std::lock_guard guard(mutex_);
  const auto found = callers_.find(caller);
  KS_ASSERT(found != callers_.end());
  for (const Secret& secret : secrets) {
    found->second.remove(secret);
    all_.remove(secret);
  }
  if (found->second.holders.empty()) {
    callers_.erase(found);
  }
}

bool Holder::hold(const Secret& secret) {
  const std::size_t bytes = bytes_of(secret);
  if (all_ == nullptr || bytes == 0) {
    return true;
  }
  if (bytes_ + bytes > bounds::kHeldPerConnectionBytesMax || !all_->take(caller_, secret)) {
    return false;
  }
  held_.push_back(secret.share());
  bytes_ += bytes;
  return true;
}

void Holder::release() {
  if (!held_.empty()) {
    all_->give_back(caller_, held_);
    held_.clear();
    bytes_ = 0;
  }
}

}  // namespace keyswap::vault
