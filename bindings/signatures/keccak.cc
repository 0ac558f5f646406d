// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/keccak.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace keyswap::bindings {

namespace {

// FIPS 202 section 3: 5 times 5 lanes of 64 bits; lane (x, y) is at x + 5 * y.
using State = std::array<std::uint64_t, 25>;

constexpr std::size_t kSide = 5;
constexpr std::size_t kRateBytes = 136;  // 1600 bits less twice the 256 of the digest
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kLaneBytes = 8;

// Section 3.2.5.
constexpr std::array<std::uint64_t, 24> kRoundConstants = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

// Section 3.2.2: by so many bits the lane at that place is turned.
constexpr std::array<int, 25> kOffsets = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                          25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};

// Theta, rho and pi, chi, iota.
void round(State& state, std::uint64_t constant) {
  std::array<std::uint64_t, kSide> columns{};
  for (std::size_t i = 0; i < state.size(); ++i) {
    columns.at(i % kSide) ^= state.at(i);
  }
  State turned{};
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      const auto from = x + kSide * y;
      const auto mixed =
          state.at(from) ^ columns.at((x + 4) % kSide) ^ std::rotl(columns.at((x + 1) % kSide), 1);
      turned.at(y + kSide * ((2 * x + 3 * y) % kSide)) = std::rotl(mixed, kOffsets.at(from));
    }
  }
  for (std::size_t y = 0; y < kSide; ++y) {
    for (std::size_t x = 0; x < kSide; ++x) {
      const auto at = [&](std::size_t column) {
        return turned.at(column % kSide + kSide * y);
      };
      state.at(x + kSide * y) = at(x) ^ (~at(x + 1) & at(x + 2));
    }
  }
  state[0] ^= constant;
}

// Lanes are little-endian.
void add_byte(State& state, std::size_t at, unsigned char byte) {
  state.at(at / kLaneBytes) ^= std::uint64_t{byte} << (at % kLaneBytes * 8);
}

void permute(State& state) {
  for (const auto constant : kRoundConstants) {
    round(state, constant);
  }
}

}  // namespace

std::string keccak256(std::string_view bytes) {
  constexpr unsigned char kFirstPadding = 0x01;
  constexpr unsigned char kLastPadding = 0x80;
  State state{};
  std::size_t at = 0;
  for (const char c : bytes) {
    add_byte(state, at, static_cast<unsigned char>(c));
    at = (at + 1) % kRateBytes;
    if (at == 0) {
      permute(state);
    }
  }
  add_byte(state, at, kFirstPadding);
  add_byte(state, kRateBytes - 1, kLastPadding);
  permute(state);
  std::string digest;
  for (std::size_t i = 0; i < kDigestBytes; ++i) {
    digest += static_cast<char>(
        static_cast<unsigned char>(state.at(i / kLaneBytes) >> (i % kLaneBytes * 8) & 0xffU));
  }
  return digest;
}

}  // namespace keyswap::bindings
