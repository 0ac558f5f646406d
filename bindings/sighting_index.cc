// SPDX-License-Identifier: Apache-2.0
#include "bindings/sighting_index.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "bindings/bounds.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::size_t kSampleBytes = 8;
constexpr std::size_t kStride = 16;
constexpr std::size_t kWindowBytes = base::bounds::kPlaceholderBytesMin;
static_assert(kStride + kSampleBytes <= kWindowBytes);

// How a placeholder may stand in a text: as it is, or in base64. There the first of its bits that
// begins a character is number 0, 4 or 2, by where it stands in a group of three bytes.
constexpr std::array<unsigned, 4> kFirstBits = {0, 0, 4, 2};
constexpr unsigned kForms = kFirstBits.size();
constexpr unsigned kPlain = 0;
static_assert(kForms * kStride <= 64);  // bits of a word say which samples of which forms

constexpr unsigned kFilterBitsMin = 4;  // of words
constexpr unsigned kFilterBitsMax = 18;
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
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoValue);
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

// The character that six bits of `bytes` become, from number `bit` on.
char base64_at(std::string_view bytes, std::size_t bit) {
  const std::size_t at = bit / 8;
  const unsigned two = static_cast<unsigned char>(bytes[at]) * 256U +
                       (at + 1 < bytes.size() ? static_cast<unsigned char>(bytes[at + 1]) : 0U);
  return kAlphabet[(two >> (10U - bit % 8)) & 63U];
}

// The same in the other alphabet.
char in_base64url(char c) {
  return c == '+' ? '-' : c == '/' ? '_' : c;
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

  // A sample at `at` may stand where these bits say. What begins first is seen first.
  void look_for(std::uint64_t samples, std::size_t at) {
    for (; samples != 0; samples = without_highest(samples)) {
      const auto highest = static_cast<unsigned>(std::bit_width(samples)) - 1;
      const unsigned form = highest / kStride;
      if (form == kPlain) {
        look(at, highest % kStride);
      } else {
        look_in_base64(at, highest % kStride, kFirstBits.at(form));
      }
    }
  }

 private:
  static std::uint64_t without_highest(std::uint64_t bits) { return bits ^ std::bit_floor(bits); }

  // It may stand `offset` bytes behind the beginning of a placeholder. (The samples of a long one
  // say the same beginning.)
  void look(std::size_t at, unsigned offset) {
    if (at >= offset && std::exchange(looked_at_, at - offset) != at - offset) {
      note(text_.substr(at - offset));
    }
  }

  // The same in base64, `offset` characters behind the one that begins with that bit of it.
  void look_in_base64(std::size_t at, unsigned offset, unsigned first_bit) {
    if (at * 6 < offset * std::size_t{6} + first_bit) {
      return;
    }
    const std::size_t bit = (at - offset) * 6 - first_bit;
    decoded_.clear();
    decode(text_, bit, kWindowBytes, decoded_);
    if (decoded_.size() == kWindowBytes && known_.may_begin_with(decoded_)) {
      decode(text_, bit, base::bounds::kPlaceholderBytesMax, decoded_);
      note(decoded_);
    }
  }

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
  std::size_t looked_at_ = std::string_view::npos;
  std::string decoded_;
};

}  // namespace

void SightingIndex::build(const std::vector<std::string_view>& placeholders) {
  filter_.clear();
  longest_ = 0;
  std::size_t samples = 0;
  for (const std::string_view text : placeholders) {
    samples += text.empty() ? 0 : kForms * kStride;
    longest_ = std::max(longest_, text.empty() ? 0 : base64_size(text.size()));
  }
  if (samples == 0) {
    return;
  }
  constexpr std::size_t kFilterBitsPerSample = 16;
  filter_bits_ =
      std::clamp(static_cast<unsigned>(std::bit_width(samples * kFilterBitsPerSample / 64)),
                 kFilterBitsMin,
                 kFilterBitsMax);
  // Roomy: who repeats placeholders must not have other forms looked for as well.
  constexpr std::size_t kOffsetsPerSample = 8;
  offset_bits_ = std::clamp(static_cast<unsigned>(std::bit_width(samples * kOffsetsPerSample)),
                            kOffsetBitsMin,
                            kOffsetBitsMax);
  filter_.assign(std::size_t{1} << filter_bits_, 0);
  offsets_.assign(std::size_t{1} << offset_bits_, 0);
  for (const std::string_view text : placeholders) {
    if (!text.empty()) {
      add_plain(text);
      add_base64(text);
    }
  }
}

void SightingIndex::add_plain(std::string_view text) {
  for (unsigned offset = 0; offset < kStride; ++offset) {
    add(load(text.data() + offset), kPlain, offset);
  }
}

void SightingIndex::add_base64(std::string_view text) {
  std::array<char, kStride - 1 + kSampleBytes> chars{};
  for (unsigned form = kPlain + 1; form < kForms; ++form) {
    for (std::size_t i = 0; i < chars.size(); ++i) {
      chars.at(i) = base64_at(text, kFirstBits.at(form) + 6 * i);
    }
    for (unsigned offset = 0; offset < kStride; ++offset) {
      add_alphabets(chars.data() + offset, form, offset);
    }
  }
}

// Each character by itself may be of either alphabet. (Of ASCII no more than two of a sample differ
// in them.)
void SightingIndex::add_alphabets(const char* chars, unsigned form, unsigned offset) {
  unsigned differing = 0;
  for (unsigned i = 0; i < kSampleBytes; ++i) {
    differing |= (in_base64url(chars[i]) == chars[i] ? 0U : 1U) << i;
  }
  // All subsets of them, down to none.
  for (unsigned in_url = differing;; in_url = (in_url - 1) & differing) {
    std::array<char, kSampleBytes> sample{};
    for (unsigned i = 0; i < kSampleBytes; ++i) {
      sample.at(i) = (in_url >> i & 1U) != 0 ? in_base64url(chars[i]) : chars[i];
    }
    add(load(sample.data()), form, offset);
    if (in_url == 0) {
      return;
    }
  }
}

void SightingIndex::add(std::uint64_t sample, unsigned form, unsigned offset) {
  const std::uint64_t hash = spread(sample);
  filter_[hash >> (64U - filter_bits_)] |= marks_of(hash);
  offsets_[hash >> (64U - offset_bits_)] |= std::uint64_t{1} << (form * kStride + offset);
}

void SightingIndex::find(const PlaceholderIndex& known,
                         std::string_view text,
                         std::vector<std::uint32_t>& found,
                         std::size_t most) const {
  if (filter_.empty() || text.size() < kWindowBytes) {
    return;
  }
  // At hand, since a sample in sixteen bytes is looked up.
  const std::uint64_t* const filter = filter_.data();
  const unsigned shift = 64U - filter_bits_;
  Seen seen(known, text, found, most);
  for (std::size_t at = 0; at + kSampleBytes <= text.size() && !seen.is_enough(); at += kStride) {
    const std::uint64_t hash = spread(load(text.data() + at));
    const std::uint64_t marks = marks_of(hash);
    if ((filter[hash >> shift] & marks) == marks) {
      seen.look_for(offsets_[hash >> (64U - offset_bits_)], at);
    }
  }
}

}  // namespace keyswap::bindings
