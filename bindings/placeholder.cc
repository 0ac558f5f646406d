// SPDX-License-Identifier: Apache-2.0
#include "bindings/placeholder.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace keyswap::bindings {

namespace {

constexpr std::size_t kWindowBytes = base::bounds::kPlaceholderBytesMin;
constexpr std::size_t kBlockBytes = 4;
constexpr auto kFarthestShift = static_cast<std::uint8_t>(kWindowBytes - kBlockBytes + 1);
constexpr std::string_view kMarker = "PLACEHOLDER";
constexpr unsigned kShiftBitsMin = 12;
constexpr unsigned kShiftBitsMax = 20;
static_assert(kWindowBytes == 24, "window_hash reads three words");

template <typename Word>
Word load(const char* bytes) {
  Word word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::size_t block_slot(const char* block, unsigned bits) {
  constexpr std::uint32_t kSpread = 0x9E3779B1U;  // 2^32 / golden ratio
  return (load<std::uint32_t>(block) * kSpread) >> (32U - bits);
}

std::uint64_t window_hash(const char* window) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ULL;  // 2^64 / golden ratio
  std::uint64_t hash = load<std::uint64_t>(window) * kSpread;
  hash = (std::rotl(hash, 29) ^ load<std::uint64_t>(window + 8)) * kSpread;
  hash = (std::rotl(hash, 29) ^ load<std::uint64_t>(window + 16)) * kSpread;
  return hash ^ (hash >> 32U);
}

}  // namespace

base::Status check_placeholder(std::string_view text, bool stand_in, std::size_t bytes_min) {
  if (text.size() < bytes_min) {
    return base::Error{base::Errc::invalid_input, "a placeholder has at least 24 characters"};
  }
  if (text.size() > base::bounds::kPlaceholderBytesMax) {
    return base::Error{base::Errc::invalid_input, "a placeholder has at most 512 characters"};
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    return base::Error{base::Errc::invalid_input, "a placeholder is visible ASCII without spaces"};
  }
  if (!stand_in && text.find(kMarker) == std::string_view::npos) {
    return base::Error{base::Errc::invalid_input,
                       "a placeholder contains PLACEHOLDER, or declares `stand_in: true`"};
  }
  return {};
}

bool looks_like_key(std::string_view text) {
  constexpr std::size_t kBytesMin = 16;
  constexpr std::size_t kDigitsMin = 3;
  constexpr std::size_t kLettersMin = 4;
  constexpr auto kWords = std::to_array<std::string_view>(
      {"placeholder", "example", "dummy", "fake", "test", "changeme", "your", "xxxx"});
  std::string lower;
  std::size_t digits = 0;
  std::size_t letters = 0;
  for (const char c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    lower += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    digits += c >= '0' && c <= '9' ? 1U : 0U;
    letters += is_upper || (c >= 'a' && c <= 'z') ? 1U : 0U;
  }
  return text.size() >= kBytesMin && digits >= kDigitsMin && letters >= kLettersMin &&
         text.find(' ') == std::string_view::npos &&
         std::ranges::none_of(
             kWords, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

void PlaceholderIndex::build(const std::vector<std::string_view>& placeholders) {
  sorted_.clear();
  for (std::size_t i = 0; i < placeholders.size(); ++i) {
    if (!placeholders[i].empty()) {
      sorted_.push_back({std::string(placeholders[i]), static_cast<std::uint32_t>(i)});
    }
  }
  std::sort(sorted_.begin(), sorted_.end(), [](const Entry& a, const Entry& b) {
    return a.text < b.text;
  });
  fill_shifts();
  fill_runs();
}

void PlaceholderIndex::fill_shifts() {
  const auto blocks = sorted_.size() * kFarthestShift;
  shift_bits_ =
      std::clamp(static_cast<unsigned>(std::bit_width(blocks * 4)), kShiftBitsMin, kShiftBitsMax);
  shifts_.assign(std::size_t{1} << shift_bits_, kFarthestShift);
  first_bytes_ = {};
  for (const auto& entry : sorted_) {
    first_bytes_.at(static_cast<unsigned char>(entry.text.front())) = true;
    for (std::size_t at = 0; at + kBlockBytes <= kWindowBytes; ++at) {
      auto& shift = shifts_[block_slot(entry.text.data() + at, shift_bits_)];
      shift = std::min(shift, static_cast<std::uint8_t>(kWindowBytes - kBlockBytes - at));
    }
  }
}

void PlaceholderIndex::fill_runs() {
  runs_.assign(std::bit_ceil(sorted_.size() * 2 + 2), Run{});
  const auto mask = runs_.size() - 1;
  for (std::uint32_t i = 0; i < sorted_.size(); ++i) {
    const auto hash = window_hash(sorted_[i].text.data());
    auto slot = hash & mask;
    // Those of one window sort next to each other. Two windows of one hash may get a run each, or
    // share one; both are right, because bisection compares whole texts.
    while (runs_[slot].first != runs_[slot].last &&
           (runs_[slot].hash != hash || runs_[slot].last != i)) {
      slot = (slot + 1) & mask;
    }
    if (runs_[slot].first == runs_[slot].last) {
      runs_[slot] = {hash, i, i};
    }
    runs_[slot].last = i + 1;
  }
}

// The one that begins `text`; at least a window of it is there.
const PlaceholderIndex::Entry* PlaceholderIndex::entry_at(std::string_view text) const {
  const auto hash = window_hash(text.data());
  const auto mask = runs_.size() - 1;
  for (auto slot = hash & mask;; slot = (slot + 1) & mask) {
    const Run& run = runs_[slot];
    if (run.first == run.last) {
      return nullptr;
    }
    if (run.hash != hash) {
      continue;
    }
    // None is a prefix of another, so only the last one that sorts at or before the text can begin
    // it.
    const auto* const first = sorted_.data() + run.first;
    const auto* after = first + 1;
    if (run.last - run.first > 1) {
      after = std::upper_bound(
          first, sorted_.data() + run.last, text, [](std::string_view wanted, const Entry& entry) {
            return wanted < entry.text;
          });
    }
    if (after != first && text.starts_with((after - 1)->text)) {
      return after - 1;
    }
  }
}

std::optional<PlaceholderIndex::Hit> PlaceholderIndex::find_next(std::string_view text,
                                                                 std::size_t from) const {
  if (sorted_.empty() || text.size() < kWindowBytes) {
    return std::nullopt;
  }
  const std::uint8_t* const shifts = shifts_.data();
  const auto last_window = text.size() - kWindowBytes;
  for (std::size_t at = from; at <= last_window;) {
    const char* const window = text.data() + at;
    const auto shift = shifts[block_slot(window + kWindowBytes - kBlockBytes, shift_bits_)];
    if (shift != 0) {
      at += shift;
      continue;
    }
    // The second look keeps a text of nothing but endings from costing a hash a byte.
    if (first_bytes_[static_cast<unsigned char>(*window)]) {
      if (const auto* const entry = entry_at(text.substr(at))) {
        return Hit{at, entry->text.size(), entry->number};
      }
    }
    ++at;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> PlaceholderIndex::begins(std::string_view text) const {
  if (sorted_.empty() || text.size() < kWindowBytes) {
    return std::nullopt;
  }
  const Entry* const entry = entry_at(text);
  return entry == nullptr ? std::nullopt : std::optional(entry->number);
}

bool PlaceholderIndex::may_begin_with(std::string_view window) const {
  if (sorted_.empty()) {
    return false;
  }
  const auto hash = window_hash(window.data());
  const auto mask = runs_.size() - 1;
  for (auto slot = hash & mask; runs_[slot].first != runs_[slot].last; slot = (slot + 1) & mask) {
    if (runs_[slot].hash == hash) {
      return true;
    }
  }
  return false;
}

void PlaceholderIndex::find(std::string_view text, std::vector<std::uint32_t>& found) const {
  const auto known = static_cast<std::ptrdiff_t>(found.size());
  for (auto hit = find_next(text, 0); hit; hit = find_next(text, hit->at + 1)) {
    const auto place = std::lower_bound(found.begin() + known, found.end(), hit->number);
    if (place == found.end() || *place != hit->number) {
      found.insert(place, hit->number);
    }
  }
}

}  // namespace keyswap::bindings
