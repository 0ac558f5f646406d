// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_search.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "proxy/base/bytes.h"
#include "proxy/flow/escape.h"

namespace keyswap::flow {

namespace {

constexpr std::size_t kWindowBytes = kFormBytesMin;
constexpr std::size_t kBlockBytes = 4;
constexpr std::size_t kBlocks = kWindowBytes - kBlockBytes + 1;  // of a window
constexpr unsigned kFilterBitsMin = 9;
constexpr unsigned kFilterBitsMax = 14;
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

std::size_t run_slot_of(const char* window, unsigned bits) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ULL;  // 2^64 / golden ratio
  return (load<std::uint64_t>(window) * kSpread) >> (64U - bits);
}

std::size_t byte_of(char c) {
  return static_cast<unsigned char>(c);
}

// Letters, digits, '_' and '-' make a token; whatever else ends it.
constexpr std::array<bool, 256> kIsOfToken = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    table[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-';
  }
  return table;
}();

bool is_of_token(char c) {
  return kIsOfToken[byte_of(c)];
}

}  // namespace

WantedSecret wanted_secret(const vault::Secret& secret,
                           std::string_view name,
                           std::string_view placeholder) {
  return {secret.reveal(), name, placeholder};
}

std::shared_ptr<const SecretSearch> SecretSearch::make(std::span<const WantedSecret> secrets) {
  auto search = std::make_shared<SecretSearch>();
  if (!search->write(secrets)) {
    return nullptr;
  }
  search->note_overlaps();
  return search;
}

// Writes all into room enough, and then what it came to into a block of just that size.
bool SecretSearch::write(std::span<const WantedSecret> secrets) {
  std::size_t room_size = 0;
  for (const WantedSecret& secret : secrets) {
    room_size += FormWriter::room_for(secret.bytes.size());
  }
  auto room = vault::LockedBytes::of_size(room_size);
  if (!room) {
    return false;
  }
  FormWriter writer(room->data());
  for (const WantedSecret& secret : secrets) {
    const bool is_known = std::ranges::any_of(secrets_, [&](const Known& known) {
      return base::equal_constant_time(known.bytes, secret.bytes);
    });
    if (is_known || secret.bytes.size() < kTokenBytesMin) {
      continue;
    }
    const auto number = static_cast<std::uint32_t>(secrets_.size());
    const bool is_token = secret.bytes.size() < kFormBytesMin;
    const std::string_view bytes =
        is_token ? writer.write_token(secret.bytes) : writer.write_forms(secret.bytes, number);
    has_escapes_ = has_escapes_ || has_escape(bytes);
    if (is_token) {
      tokens_.push_back({bytes, number});
    }
    secrets_.push_back(
        {bytes, std::string(secret.name), std::string(secret.placeholder), secret.is_derived});
  }
  const std::size_t forms_size = writer.size();
  const std::size_t form_count = writer.forms().size();
  filter_bits_ = std::clamp(static_cast<unsigned>(std::bit_width(form_count * kBlocks * 8)),
                            kFilterBitsMin,
                            kFilterBitsMax);
  run_bits_ = std::max(1U, static_cast<unsigned>(std::bit_width(form_count * 4)));
  const std::size_t filter_size = std::size_t{1} << filter_bits_;
  const std::size_t runs_size = (std::size_t{1} << run_bits_) * sizeof(Run);
  auto block = vault::LockedBytes::of_size(forms_size + filter_size + runs_size);
  if (!block) {
    return false;
  }
  if (forms_size > 0) {
    std::memcpy(block->data(), room->data(), forms_size);
  }
  const auto moved = [&](std::string_view text) {
    return std::string_view(block->data() + (text.data() - room->data()), text.size());
  };
  auto forms = writer.forms();
  std::ranges::for_each(forms, [&](Form& form) { form.text = moved(form.text); });
  std::ranges::for_each(tokens_, [&](Token& token) { token.text = moved(token.text); });
  std::ranges::for_each(secrets_, [&](Known& known) { known.bytes = moved(known.bytes); });
  forms_.take(std::move(forms));
  make_tables(block->data() + forms_size);
  block_ = vault::Secret::adopt(std::move(*block), forms_size + filter_size + runs_size);
  return true;
}

void SecretSearch::make_tables(char* filter) {
  const std::size_t filter_size = std::size_t{1} << filter_bits_;
  char* const runs = filter + filter_size;
  const std::size_t run_count = std::size_t{1} << run_bits_;
  std::fill_n(filter, filter_size, '\0');
  const Run none;
  for (std::size_t slot = 0; slot < run_count; ++slot) {
    std::memcpy(runs + slot * sizeof(Run), &none, sizeof(Run));
  }
  filter_ = filter;
  runs_ = runs;
  for (std::uint32_t i = 0; i < forms_.size(); ++i) {
    const std::string_view text = forms_[i].text;
    longest_ = std::max(longest_, text.size());
    std::ranges::for_each(text, [&](char c) { has_byte_[byte_of(c)] = true; });
    for (unsigned at = 0; at < kBlocks; ++at) {
      char& places = filter[slot_of(text.data() + at, filter_bits_)];
      places = static_cast<char>(byte_of(places) | 1U << at);
    }
  }
  longest_of_run_.resize(forms_.size());
  for (std::uint32_t first = 0; first < forms_.size();) {
    const Run run{first, forms_.end_of_run(first)};
    for (std::uint32_t i = run.first; i <= run.last; ++i) {
      longest_of_run_[first] = std::max(longest_of_run_[first], forms_[i].text.size());
    }
    std::size_t slot = run_slot_of(forms_[first].text.data(), run_bits_);
    while (load_run(runs + slot * sizeof(Run)).first != FormIndex::kNone) {
      slot = (slot + 1) % run_count;
    }
    std::memcpy(runs + slot * sizeof(Run), &run, sizeof(Run));
    first = run.last + 1;
  }
  for (const Token& token : tokens_) {
    begins_token_[byte_of(token.text.front())] = true;
  }
}

SecretSearch::Run SecretSearch::load_run(const char* bytes) {
  Run run;
  std::memcpy(&run, bytes, sizeof run);
  return run;
}

SecretSearch::Run SecretSearch::run_of(const char* window) const {
  const std::size_t last_slot = (std::size_t{1} << run_bits_) - 1;
  for (std::size_t slot = run_slot_of(window, run_bits_);; slot = (slot + 1) & last_slot) {
    const Run run = load_run(runs_ + slot * sizeof(Run));
    if (run.first == FormIndex::kNone ||
        load<std::uint64_t>(forms_[run.first].text.data()) == load<std::uint64_t>(window)) {
      return run;
    }
  }
}

// Shorter forms first: what stands in a longer one is known then.
void SecretSearch::note_overlaps() {
  std::vector<std::uint32_t> order(forms_.size());
  for (std::uint32_t i = 0; i < forms_.size(); ++i) {
    order[i] = i;
  }
  std::ranges::sort(order, {}, [&](std::uint32_t form) { return forms_[form].text.size(); });
  std::ranges::for_each(order, [&](std::uint32_t form) { note_overlaps_of(form); });
}

// The search itself, in the form. What it needs to know of the form's own overlaps lies before
// where it stands, and is noted.
void SecretSearch::note_overlaps_of(std::uint32_t form) {
  const std::string_view text = forms_[form].text;
  std::uint64_t compared = 0;
  FormIndex::Place place;
  std::size_t at = 1;
  while (next_window(text, at, place)) {
    for (;;) {
      const auto walk = forms_.walk(place, text.substr(at), compared);
      forms_.note_overlap(form, at, walk);
      const auto next = forms_.next(walk);
      if (!next) {
        // It may not be noted yet what this beginning overlaps with.
        ++at;
        break;
      }
      at += next->ahead;
      place = next->place;
    }
  }
}

SecretSearch::Found SecretSearch::find(std::string_view text,
                                       std::size_t from,
                                       Rest rest,
                                       std::uint64_t& compared) const {
  std::size_t at = from;
  FormIndex::Place place;
  while (next_window(text, at, place)) {
    for (;;) {
      const auto walk = forms_.walk(place, text.substr(at), compared);
      if (walk.is_cut && rest == Rest::may_follow) {
        return {at, 0, nullptr, Encoding::plain};
      }
      if (walk.whole != FormIndex::kNone) {
        const Form& form = forms_[walk.whole];
        return {at, form.text.size(), &secrets_[form.secret], form.encoding};
      }
      const auto next = forms_.next(walk);
      if (!next) {
        at += walk.depth - kWindowBytes + 1;
        break;
      }
      at += next->ahead;
      place = next->place;
    }
  }
  // The last few bytes are less than a window.
  for (; rest == Rest::may_follow && at < text.size(); ++at) {
    if (forms_.may_begin(text.substr(at))) {
      return {at, 0, nullptr, Encoding::plain};
    }
  }
  return {};
}

SecretSearch::Found SecretSearch::find_held(std::string_view text, std::size_t from) const {
  std::size_t at = std::max(from, text.size() - std::min(text.size(), longest_));
  FormIndex::Place place;
  for (; next_window(text, at, place); ++at) {
    if (at + longest_of_run_[place.first] > text.size()) {
      return {at, 0, nullptr, Encoding::plain};
    }
  }
  return {};
}

// From `at` on; leaves it where a form may stand, or where no window is whole any more (false). Of
// the windows at `at` and the four behind it all have one block in common.
bool SecretSearch::next_window(std::string_view text,
                               std::size_t& at,
                               FormIndex::Place& place) const {
  // Kept beside the loop: it looks once in five bytes of everything that goes by.
  const char* const bytes = text.data();
  const char* const filter = filter_;
  const unsigned bits = filter_bits_;
  const std::size_t end = text.size() < kWindowBytes ? 0 : text.size() - kWindowBytes + 1;
  const auto places_at = [bytes, filter, bits](std::size_t block) {
    return std::size_t{byte_of(filter[slot_of(bytes + block, bits)])};
  };
  std::size_t here = at;
  for (; here < end; here += kBlocks) {
    std::size_t block = here + kBlocks - 1;
    // Four at a time, of which nearly always none is of any form.
    while (here + 4 * kBlocks <= end &&
           (places_at(block) | places_at(block + kBlocks) | places_at(block + 2 * kBlocks) |
            places_at(block + 3 * kBlocks)) == 0) {
      here += 4 * kBlocks;
      block += 4 * kBlocks;
    }
    if (here >= end) {
      break;
    }
    std::size_t places = places_at(block);
    // The last place in a form is that of the first window.
    while (places != 0) {
      const auto last = static_cast<std::size_t>(std::bit_width(places)) - 1;
      places &= ~(std::size_t{1} << last);
      const std::size_t begin = block - last;
      const bool is_whole = begin < end;
      const Run run = is_whole ? run_of(bytes + begin) : Run{};
      if (!is_whole || run.first != FormIndex::kNone) {
        at = begin;
        place = {run.first, run.last, kWindowBytes, FormIndex::kNone};
        return is_whole;
      }
    }
  }
  at = here;
  return false;
}

SecretSearch::Found SecretSearch::find_token(std::string_view text,
                                             std::size_t from,
                                             Rest rest,
                                             char before) const {
  if (tokens_.empty()) {
    return {};
  }
  for (std::size_t at = from; at < text.size(); ++at) {
    const char last = at == 0 ? before : text[at - 1];
    if (is_of_token(last) || !begins_token_[byte_of(text[at])]) {
      continue;
    }
    if (const Found found = token_at(text, at, rest); found.is_something()) {
      return found;
    }
  }
  return {};
}

// Which of them ends there, the byte behind it says.
SecretSearch::Found SecretSearch::token_at(std::string_view text, std::size_t at, Rest rest) const {
  const std::string_view here = text.substr(at);
  Found found;
  for (const Token& token : tokens_) {
    const bool is_whole = here.starts_with(token.text);
    const bool is_cut = rest == Rest::may_follow && here.size() <= token.text.size() &&
                        token.text.starts_with(here);
    if (is_cut) {
      return {at, 0, nullptr, Encoding::plain};
    }
    const std::size_t size = token.text.size();
    if (is_whole && (size == here.size() || !is_of_token(here[size])) && size > found.size) {
      found = {at, size, &secrets_[token.secret], Encoding::plain};
    }
  }
  return found;
}

}  // namespace keyswap::flow
