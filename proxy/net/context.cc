// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/context.h"

#include <array>

#include "proxy/base/bytes.h"
#include "proxy/net/audit_lane.h"

namespace keyswap::net {

namespace {
constexpr std::size_t kIdRandomBytes = 6;
constexpr std::uint64_t kIdCountMask = (1ULL << 48U) - 1;
}  // namespace

void Context::end_turn() {
  // A deferred task may defer another; each of them belongs to this turn.
  for (std::size_t i = 0; i < deferred_.size(); ++i) {
    const auto task = std::move(deferred_[i]);
    task();
  }
  deferred_.clear();
  audit->hand_over();
  while (!dead_.empty()) {
    const auto dead = std::move(dead_);
    dead_.clear();
  }
}

std::string Context::next_request_id() {
  if (id_prefix_.empty()) {
    std::array<std::uint8_t, kIdRandomBytes> random{};
    base::random_bytes(random);
    id_prefix_ = base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  }
  std::uint64_t count = ++ids_given_ & kIdCountMask;
  std::array<char, kIdRandomBytes> bytes{};
  for (std::size_t i = bytes.size(); i-- > 0; count >>= 8U) {
    bytes[i] = static_cast<char>(count & 0xffU);
  }
  return id_prefix_ + base::to_hex({bytes.data(), bytes.size()});
}

}  // namespace keyswap::net
