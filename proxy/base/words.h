// SPDX-License-Identifier: Apache-2.0
//
// Looking through text eight bytes at a time: for questions that are asked of every byte of every
// head (I10), and whose answer is no nearly always.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace keyswap::base {

// Of a word, 0x80 in each byte that has the property, 0 in the others.
namespace words {

inline constexpr std::size_t kBytes = sizeof(std::uint64_t);
inline constexpr std::uint64_t kOnes = 0x0101010101010101U;
inline constexpr std::uint64_t kHighBits = 0x80U * kOnes;

constexpr std::uint64_t zeros(std::uint64_t word) {
  return ~(((word & ~kHighBits) + ~kHighBits) | word) & kHighBits;
}

constexpr std::uint64_t equal_to(std::uint64_t word, char byte) {
  return zeros(word ^ (static_cast<unsigned char>(byte) * kOnes));
}

constexpr std::uint64_t below_space(std::uint64_t word) {
  return zeros(word & (0xe0U * kOnes));
}

inline std::uint64_t load(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, kBytes);
  return word;
}

// Does `test` find something in a word that begins at one of the first `count` bytes? There are
// seven bytes more, at least.
template <typename Test>
bool any_from(const char* bytes, std::size_t count, Test test) {
  std::uint64_t found = test(bytes + count - 1);
  for (std::size_t at = 0; at < count; at += kBytes) {
    found |= test(bytes + at);
  }
  return found != 0;
}

// Is there a word in `text`, of kBytes at least, in which `test` finds something?
template <typename Test>
bool any(std::string_view text, Test test) {
  return any_from(
      text.data(), text.size() - kBytes + 1, [test](const char* at) { return test(load(at)); });
}

}  // namespace words

inline bool is_ascii(std::string_view text) {
  if (text.size() < words::kBytes) {
    unsigned int bits = 0;
    for (const char c : text) {
      bits |= static_cast<unsigned char>(c);
    }
    return bits < 0x80;
  }
  return !words::any(text, [](std::uint64_t word) { return word & words::kHighBits; });
}

// Does `second` stand behind `first` somewhere?
inline bool has_pair(std::string_view text, char first, char second) {
  if (text.size() <= words::kBytes) {
    const std::array pair = {first, second};
    return text.find(pair.data(), 0, pair.size()) != std::string_view::npos;
  }
  return words::any_from(text.data(), text.size() - words::kBytes, [first, second](const char* at) {
    return words::equal_to(words::load(at), first) & words::equal_to(words::load(at + 1), second);
  });
}

}  // namespace keyswap::base
