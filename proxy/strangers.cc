// SPDX-License-Identifier: Apache-2.0
#include "proxy/strangers.h"

#include <algorithm>
#include <limits>

#include "proxy/base/limits.h"
#include "proxy/flow/caller.h"

namespace keyswap::proxy {

namespace {

using audit::Reason;
using base::limits::kRefusalsRecordedMax;
using base::limits::kStrangersMax;
using base::limits::kStrangersRecordedMax;

constexpr std::int64_t kSecondUs = 1'000'000;

bool is_for_token(Reason reason) {
  return reason == Reason::caller_required || reason == Reason::caller_not_allowed ||
         reason == Reason::too_busy;
}

// An address without its port. A local program can come from any of 127.0.0.0/8, so they are one.
std::string stranger_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  return flow::is_loopback(host) ? "loopback" : host;
}

// How far ahead a client may pay: so many records at once, then one a second.
std::int64_t credit_us(Reason reason) {
  const auto records = is_for_token(reason) ? kStrangersRecordedMax : kRefusalsRecordedMax;
  return static_cast<std::int64_t>(records) * kSecondUs;
}

}  // namespace

bool Strangers::add(const RefusedStranger& refused, std::int64_t steady_us) {
  const std::lock_guard<std::mutex> guard(mutex_);
  Entry& entry = entry_of(refused, steady_us);
  const std::int64_t paid_us = std::max(entry.paid_until_us, steady_us) + kSecondUs;
  const bool is_counting = entry.counted.count > 0;
  if (!is_counting && paid_us - steady_us <= credit_us(refused.reason)) {
    entry.paid_until_us = paid_us;
    return true;
  }
  if (!is_counting) {
    entry.due_us = steady_us + kSecondUs;
  }
  const std::uint64_t count = entry.counted.count + 1;
  entry.counted = refused;
  entry.counted.count = count;
  return false;
}

// Past the bound all others are one.
Strangers::Entry& Strangers::entry_of(const RefusedStranger& refused, std::int64_t steady_us) {
  Key key{stranger_of(refused.address), refused.caller, is_for_token(refused.reason)};
  if (entries_.size() >= kStrangersMax && !entries_.contains(key)) {
    forget_idle(steady_us);
    key = entries_.size() >= kStrangersMax ? Key{} : std::move(key);
  }
  const auto [at, is_new] = entries_.try_emplace(std::move(key));
  if (is_new) {
    at->second.counted.count = 0;
  }
  return at->second;
}

void Strangers::forget_idle(std::int64_t steady_us) {
  std::erase_if(entries_, [&](const auto& item) {
    return item.second.counted.count == 0 && item.second.paid_until_us <= steady_us;
  });
}

std::vector<RefusedStranger> Strangers::take_due(std::int64_t steady_us) {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::vector<RefusedStranger> due;
  for (auto& [key, entry] : entries_) {
    if (entry.counted.count > 0 && entry.due_us <= steady_us) {
      due.push_back(std::exchange(entry.counted, {}));
      entry.counted.count = 0;
      entry.paid_until_us = std::max(entry.paid_until_us, steady_us) + kSecondUs;
    }
  }
  forget_idle(steady_us);
  return due;
}

std::vector<RefusedStranger> Strangers::take_all() {
  return take_due(std::numeric_limits<std::int64_t>::max() - kSecondUs);
}

audit::DecisionRecord record_of(const RefusedStranger& refused, std::int64_t wall_us) {
  audit::DecisionRecord record;
  record.ts_us = wall_us;
  record.request_id = refused.request_id;
  record.decision = audit::Decision::refused;
  record.reason = refused.reason;
  record.client = {refused.address, std::nullopt, refused.caller};
  record.destination = {refused.host, refused.port, refused.method, refused.path};
  record.bindings_sha256 = refused.bindings_sha256;
  record.count = refused.count;
  return record;
}

}  // namespace keyswap::proxy
