// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/request_ids.h"

#include <array>
#include <cstddef>

#include "proxy/base/bytes.h"

namespace keyswap::net {

namespace {
constexpr std::size_t kRandomBytes = 6;
constexpr std::uint64_t kCountMask = (1ULL << 48U) - 1;
}  // namespace

std::string RequestIds::next() {
  if (prefix_.empty()) {
    std::array<std::uint8_t, kRandomBytes> random{};
    base::random_bytes(random);
    prefix_ = base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  }
  std::uint64_t count = ++given_ & kCountMask;
  std::array<char, kRandomBytes> bytes{};
  for (std::size_t i = bytes.size(); i-- > 0; count >>= 8U) {
    bytes[i] = static_cast<char>(count & 0xffU);
  }
  return prefix_ + base::to_hex({bytes.data(), bytes.size()});
}

}  // namespace keyswap::net
