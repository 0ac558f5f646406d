// SPDX-License-Identifier: Apache-2.0
#include "proxy/failed_handshakes.h"

#include <utility>

#include "proxy/base/limits.h"

namespace keyswap::proxy {

bool FailedHandshakes::add(const FailedHandshake& failed) {
  Kind kind{
      failed.address.substr(0, failed.address.rfind(':')), failed.host, failed.alert, failed.by};
  const auto known = kinds_.find(kind);
  if (known != kinds_.end()) {
    const std::uint64_t count = known->second.count + 1;
    known->second = failed;
    known->second.count = count;
    return false;
  }
  if (kinds_.size() >= base::limits::kTlsFailedKindsMax) {
    others_.address = failed.address;
    ++others_.count;
    return false;
  }
  FailedHandshake& counted = kinds_[std::move(kind)];
  counted = failed;
  counted.count = 0;
  return true;
}

std::vector<FailedHandshake> FailedHandshakes::end_window() {
  std::vector<FailedHandshake> due;
  for (auto entry = kinds_.begin(); entry != kinds_.end();) {
    if (entry->second.count == 0) {
      entry = kinds_.erase(entry);
      continue;
    }
    due.push_back(entry->second);
    entry->second.count = 0;
    ++entry;
  }
  if (others_.count > 0) {
    due.push_back(others_);
    others_.count = 0;
  }
  return due;
}

}  // namespace keyswap::proxy
