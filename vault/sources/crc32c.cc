// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/crc32c.h"

#include <array>
#include <cstddef>

namespace keyswap::vault {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // its bits in reverse order

constexpr std::array<std::uint32_t, 256> kOfByte = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) {
      rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? kPolynomial : 0U);
    }
    table.at(byte) = rest;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t rest = ~0U;
  for (const char c : bytes) {
    rest = (rest >> 8U) ^ kOfByte[(rest ^ static_cast<unsigned char>(c)) & 0xffU];
  }
  return ~rest;
}

}  // namespace keyswap::vault
