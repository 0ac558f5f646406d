// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_search.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::flow {

namespace {

constexpr std::size_t kWindowBytes = kScrubbedSecretBytesMin;
constexpr std::size_t kBlockBytes = 4;
constexpr std::size_t kFarthestShift = kWindowBytes - kBlockBytes + 1;
constexpr unsigned kShiftBitsMin = 9;
constexpr unsigned kShiftBitsMax = 14;
constexpr std::size_t kBytes = 256;
static_assert(kWindowBytes == sizeof(std::uint64_t));

template <typename Word>
Word load(const char* bytes) {
  Word word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::size_t slot_of(const char* block, unsigned bits) {
  constexpr std::uint32_t kSpread = 0x9E3779B1U;  // 2^32 / golden ratio
  return (load<std::uint32_t>(block) * kSpread) >> (32U - bits);
}

std::uint64_t window_of(std::string_view text) {
  return load<std::uint64_t>(text.data());
}

std::size_t byte_of(char c) {
  return static_cast<unsigned char>(c);
}

// Do both begin with the same `size` bytes? Takes what it compared of the allowance.
bool are_equal(std::string_view a,
               std::string_view b,
               std::size_t size,
               SecretSearch::Allowance& allowance) {
  constexpr std::size_t kStride = 64;
  for (std::size_t at = 0; at < size; at += kStride) {
    const std::size_t count = std::min(kStride, size - at);
    allowance.bytes -= std::min(allowance.bytes, count);
    if (allowance.bytes == 0 || std::memcmp(a.data() + at, b.data() + at, count) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

SecretSearch::Allowance SecretSearch::allowance_for(std::size_t text_bytes) {
  // A secret, and those that begin as it does, are compared whole however short the piece is.
  constexpr std::size_t kAnyway = 4 * base::bounds::kSecretBytesMax;
  return {text_bytes * base::bounds::kComparedTimesMax + kAnyway};
}

std::shared_ptr<const SecretSearch> SecretSearch::make(std::vector<SharedForms> secrets) {
  auto search = std::make_shared<SecretSearch>(std::move(secrets));
  return search->fill() ? search : nullptr;
}

bool SecretSearch::fill() {
  for (const SharedForms& known : secrets_) {
    for (const std::string_view text : known->texts) {
      sorted_.push_back({text, known.get()});
    }
  }
  std::stable_sort(sorted_.begin(), sorted_.end(), [](const Entry& a, const Entry& b) {
    return window_of(a.text) < window_of(b.text);
  });
  const auto blocks = sorted_.size() * kFarthestShift;
  shift_bits_ =
      std::clamp(static_cast<unsigned>(std::bit_width(blocks * 8)), kShiftBitsMin, kShiftBitsMax);
  const std::size_t shifts = std::size_t{1} << shift_bits_;
  auto bytes = vault::LockedBytes::of_size(shifts + kBytes);
  if (!bytes) {
    return false;
  }
  std::fill_n(bytes->data(), shifts, static_cast<char>(kFarthestShift));
  for (const Entry& entry : sorted_) {
    for (std::size_t at = 0; at < kFarthestShift; ++at) {
      char& shift = bytes->data()[slot_of(entry.text.data() + at, shift_bits_)];
      shift = std::min(shift, static_cast<char>(kWindowBytes - kBlockBytes - at));
    }
    bytes->data()[shifts + byte_of(entry.text.front())] = 1;
  }
  table_ = vault::Secret::adopt(std::move(*bytes), shifts + kBytes);
  return true;
}

SecretSearch::Found SecretSearch::find(std::string_view text,
                                       std::size_t from,
                                       Rest rest,
                                       Allowance& allowance) const {
  std::size_t at = from;
  const Found found = find_whole_window(text, at, rest, allowance);
  if (found.is_something() || rest == Rest::none || allowance.bytes == 0) {
    return found;
  }
  // The last few bytes are less than a window.
  for (; at < text.size(); ++at) {
    if (may_begin(text.substr(at))) {
      return {at, 0, nullptr};
    }
  }
  return {};
}

// Leaves `at` where the first window is not whole any more, if it finds nothing.
SecretSearch::Found SecretSearch::find_whole_window(std::string_view text,
                                                    std::size_t& at,
                                                    Rest rest,
                                                    Allowance& allowance) const {
  const char* const shifts = table_.reveal().data();
  const char* const begins = shifts + (std::size_t{1} << shift_bits_);
  while (at + kWindowBytes <= text.size()) {
    const char* const window = text.data() + at;
    const char shift = shifts[slot_of(window + kWindowBytes - kBlockBytes, shift_bits_)];
    if (shift != 0) {
      at += byte_of(shift);
      continue;
    }
    if (begins[byte_of(*window)] != 0) {
      const Found found = match_at(text, at, rest, allowance);
      if (found.is_something() || allowance.bytes == 0) {
        return found;
      }
    }
    ++at;
  }
  return {};
}

SecretSearch::Found SecretSearch::match_at(std::string_view text,
                                           std::size_t at,
                                           Rest rest,
                                           Allowance& allowance) const {
  const std::string_view here = text.substr(at);
  const std::uint64_t window = window_of(here);
  auto entry = std::ranges::lower_bound(
      sorted_, window, {}, [](const Entry& sorted) { return window_of(sorted.text); });
  Found found;
  for (; entry != sorted_.end() && window_of(entry->text) == window; ++entry) {
    const std::size_t size = std::min(entry->text.size(), here.size());
    const bool is_whole = size == entry->text.size();
    if ((!is_whole && rest == Rest::none) || !are_equal(entry->text, here, size, allowance)) {
      continue;
    }
    if (!is_whole) {
      return {at, 0, nullptr};
    }
    if (size > found.size) {
      found = {at, size, entry->secret};
    }
  }
  return found;
}

// `text` is shorter than a window.
bool SecretSearch::may_begin(std::string_view text) const {
  const char* const begins = table_.reveal().data() + (std::size_t{1} << shift_bits_);
  return begins[byte_of(text.front())] != 0 &&
         std::ranges::any_of(sorted_,
                             [&](const Entry& entry) { return entry.text.starts_with(text); });
}

}  // namespace keyswap::flow
