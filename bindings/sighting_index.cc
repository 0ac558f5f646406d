// SPDX-License-Identifier: Apache-2.0
#include "bindings/sighting_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string>

#include "bindings/bounds.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::size_t kSampleBytes = 8;
constexpr std::size_t kStride = 16;  // and so many characters of base64 are a sample
constexpr std::size_t kWindowBytes = base::bounds::kPlaceholderBytesMin;
static_assert(kStride + kSampleBytes <= kWindowBytes);

constexpr unsigned kFilterBitsMin = 4;  // of words
constexpr unsigned kFilterBitsMax = 16;
constexpr unsigned kOffsetBitsMin = 8;
constexpr unsigned kOffsetBitsMax = 18;

std::uint64_t load(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::uint64_t spread(std::uint64_t sample) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ULL;  // 2^64 / golden ratio
  const std::uint64_t hash = sample * kSpread;
  return (hash ^ (hash >> 32U)) * kSpread;
}

// Two bits of a word of the filter.
std::uint64_t marks_of(std::uint64_t hash) {
  return (std::uint64_t{1} << ((hash >> 30U) & 63U)) | (std::uint64_t{1} << ((hash >> 36U) & 63U));
}

// --- base64 ---

constexpr std::uint8_t kNoValue = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoValue);
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values.at(static_cast<unsigned char>(kAlphabet[i])) = static_cast<std::uint8_t>(i);
  }
  values.at('-') = 62;  // RFC 4648 section 5
  values.at('_') = 63;
  return values;
}

constexpr auto kValues = make_values();

std::uint8_t value_of(char c) {
  return kValues[static_cast<unsigned char>(c)];
}

// The values of a sample's characters: 96 bits.
struct Values {
  std::uint64_t high = 0;
  std::uint64_t low = 0;  // 32 of them
};

// Nothing: one of them is not of base64. A few are looked at first, because that is what ordinary
// text fails by.
std::optional<Values> read_values(const char* sample) {
  if (value_of(sample[0]) == kNoValue || value_of(sample[5]) == kNoValue ||
      value_of(sample[10]) == kNoValue || value_of(sample[15]) == kNoValue) {
    return std::nullopt;
  }
  Values values;
  unsigned all = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const unsigned value = value_of(sample[i]);
    all |= value;
    values.high = values.high << 6U | value;
  }
  const unsigned middle = value_of(sample[10]);
  values.high = values.high << 4U | middle >> 2U;
  values.low = middle & 3U;
  for (std::size_t i = 11; i < kStride; ++i) {
    const unsigned value = value_of(sample[i]);
    all |= value;
    values.low = values.low << 6U | value;
  }
  constexpr unsigned kNoneOfThese = 0xC0;
  return (all & kNoneOfThese) == 0 ? std::optional(values) : std::nullopt;
}

// The eight bytes that the characters from number `skip` on stand for, if that one begins a group.
std::uint64_t decode_sample(const Values& values, unsigned skip) {
  const std::uint64_t bits = values.high << (6U * skip) | values.low >> (32U - 6U * skip);
  return std::endian::native == std::endian::little ? __builtin_bswap64(bits) : bits;  // as load()
}

// Appends what stands in base64 from bit number `bit` on, six bits a character, until there are
// `count` bytes in `out` or the text is none.
void decode(std::string_view text, std::size_t bit, std::size_t count, std::string& out) {
  for (bit += out.size() * 8; out.size() < count; bit += 8) {
    const std::size_t at = bit / 6;
    if (at + 1 >= text.size()) {
      return;
    }
    const unsigned first = value_of(text[at]);
    const unsigned second = value_of(text[at + 1]);
    if (first == kNoValue || second == kNoValue) {
      return;
    }
    out += static_cast<char>((first << 6U | second) >> (4U - bit % 6));
  }
}

// The most characters of base64 that a text of that size has part in.
std::size_t base64_size(std::size_t bytes) {
  return (bytes * 8 + 5) / 6 + 2;
}

// --- what was seen ---

class Seen {
 public:
  Seen(const PlaceholderIndex& known,
       std::string_view text,
       std::vector<std::uint32_t>& found,
       std::size_t most)
      : known_(known), text_(text), found_(found), most_(most) {}

  [[nodiscard]] bool is_enough() const { return found_.size() > most_; }

  // A sample at `at` may stand `offset` bytes behind the beginning of a placeholder.
  void look(std::size_t at, unsigned offset) {
    if (at >= offset) {
      note(text_.substr(at - offset));
    }
  }

  // The same, where the sample is in base64 and begins a group.
  void look_in_base64(std::size_t at, unsigned offset) {
    if (at * 6 < offset * std::size_t{8}) {
      return;
    }
    const std::size_t bit = at * 6 - offset * std::size_t{8};
    decoded_.clear();
    decode(text_, bit, kWindowBytes, decoded_);
    if (decoded_.size() == kWindowBytes && known_.may_begin_with(decoded_)) {
      decode(text_, bit, base::bounds::kPlaceholderBytesMax, decoded_);
      note(decoded_);
    }
  }

 private:
  void note(std::string_view text) {
    const auto number = known_.begins(text);
    if (number && std::ranges::find(found_, *number) == found_.end()) {
      found_.push_back(*number);
    }
  }

  const PlaceholderIndex& known_;
  std::string_view text_;
  std::vector<std::uint32_t>& found_;
  std::size_t most_;
  std::string decoded_;
};

// Calls `look` for each bit that is set, the highest first: what begins first.
template <typename Look>
void for_each_offset(unsigned offsets, Look look) {
  while (offsets != 0) {
    const auto offset = static_cast<unsigned>(std::bit_width(offsets)) - 1;
    look(offset);
    offsets &= ~(1U << offset);
  }
}

}  // namespace

void SightingIndex::build(const std::vector<std::string_view>& placeholders) {
  filter_.clear();
  longest_ = 0;
  std::size_t samples = 0;
  for (const std::string_view text : placeholders) {
    samples += text.empty() ? 0 : kStride;
    longest_ = std::max(longest_, text.empty() ? 0 : base64_size(text.size()));
  }
  if (samples == 0) {
    return;
  }
  constexpr std::size_t kFilterBitsPerSample = 8;
  filter_bits_ =
      std::clamp(static_cast<unsigned>(std::bit_width(samples * kFilterBitsPerSample / 64)),
                 kFilterBitsMin,
                 kFilterBitsMax);
  offset_bits_ =
      std::clamp(static_cast<unsigned>(std::bit_width(samples)), kOffsetBitsMin, kOffsetBitsMax);
  filter_.assign(std::size_t{1} << filter_bits_, 0);
  offsets_.assign(std::size_t{1} << offset_bits_, 0);
  for (const std::string_view text : placeholders) {
    for (unsigned offset = 0; offset < kStride && !text.empty(); ++offset) {
      add(load(text.data() + offset), offset);
    }
  }
}

void SightingIndex::add(std::uint64_t sample, unsigned offset) {
  const std::uint64_t hash = spread(sample);
  filter_[hash >> (64U - filter_bits_)] |= marks_of(hash);
  auto& offsets = offsets_[hash >> (64U - offset_bits_)];
  offsets = static_cast<std::uint16_t>(offsets | 1U << offset);
}

void SightingIndex::find(const PlaceholderIndex& known,
                         std::string_view text,
                         std::vector<std::uint32_t>& found,
                         std::size_t most) const {
  constexpr unsigned kGroup = 4;
  if (filter_.empty() || text.size() < kWindowBytes) {
    return;
  }
  // Where in a placeholder a sample may stand; 0: it is of none. Up to five are looked up for each
  // sixteen bytes of a text, so what does not change is at hand.
  const auto offsets_of = [filter = filter_.data(),
                           offsets = offsets_.data(),
                           filter_shift = 64U - filter_bits_,
                           offset_shift = 64U - offset_bits_](std::uint64_t sample) -> unsigned {
    const std::uint64_t hash = spread(sample);
    const std::uint64_t marks = marks_of(hash);
    return (filter[hash >> filter_shift] & marks) == marks ? offsets[hash >> offset_shift] : 0U;
  };
  Seen seen(known, text, found, most);
  for (std::size_t at = 0; at + kSampleBytes <= text.size() && !seen.is_enough(); at += kStride) {
    const char* const sample = text.data() + at;
    for_each_offset(offsets_of(load(sample)), [&](unsigned offset) { seen.look(at, offset); });
    const auto values = at + kStride > text.size() ? std::optional<Values>() : read_values(sample);
    for (unsigned skip = 0; values && skip < kGroup; ++skip) {
      for_each_offset(offsets_of(decode_sample(*values, skip)),
                      [&](unsigned offset) { seen.look_in_base64(at + skip, offset); });
    }
  }
}

}  // namespace keyswap::bindings
