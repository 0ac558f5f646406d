// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/strangers.h"

#include <utility>

#include "proxy/flow/caller.h"

namespace keyswap::net {

namespace {

using audit::Reason;
using base::bounds::kRefusalsRecordedMax;
using base::bounds::kStrangersRecordedMax;

bool is_for_token(Reason reason) {
  return reason == Reason::caller_required || reason == Reason::caller_not_allowed ||
         reason == Reason::user_not_allowed || reason == Reason::origin_not_allowed ||
         reason == Reason::too_busy;
}

// An address without its port. A local program can come from any of 127.0.0.0/8, so they are one.
std::string stranger_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  return flow::is_loopback(host) ? "loopback" : host;
}

}  // namespace

void LeavePlace::operator()(Strangers* strangers) const {
  --strangers->taken_;
}

StrangerPlace Strangers::take_place() {
  if (taken_.fetch_add(1) < places_) {
    return StrangerPlace(this);
  }
  --taken_;
  return nullptr;
}

bool Strangers::add(const RefusedStranger& refused, std::int64_t steady_us) {
  const std::size_t at_once =
      is_for_token(refused.reason) ? kStrangersRecordedMax : kRefusalsRecordedMax;
  Kind kind{
      stranger_of(refused.address), refused.user, refused.caller, is_for_token(refused.reason)};
  const std::lock_guard<std::mutex> guard(mutex_);
  if (repeats_.has_room_for(kind, steady_us)) {
    return repeats_.add(std::move(kind), refused, at_once, steady_us);
  }
  // All others are one, of whatever users.
  RefusedStranger other = refused;
  other.user.reset();
  return repeats_.add({}, other, at_once, steady_us);
}

std::vector<RefusedStranger> Strangers::take_due(std::int64_t steady_us) {
  const std::lock_guard<std::mutex> guard(mutex_);
  return repeats_.take_due(steady_us);
}

std::vector<RefusedStranger> Strangers::take_all() {
  const std::lock_guard<std::mutex> guard(mutex_);
  return repeats_.take_all();
}

audit::DecisionRecord record_of(const RefusedStranger& refused, std::int64_t wall_us) {
  audit::DecisionRecord record;
  record.ts_us = wall_us;
  record.request_id = refused.request_id;
  record.decision = audit::Decision::refused;
  record.reason = refused.reason;
  record.client = {refused.address, refused.user, refused.caller};
  record.destination = {refused.host, refused.port, refused.method, refused.path};
  record.bindings_sha256 = refused.bindings_sha256;
  record.count = refused.count;
  return record;
}

}  // namespace keyswap::net
