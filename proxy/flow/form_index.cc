// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/form_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace keyswap::flow {

namespace {

std::uint64_t load(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

unsigned byte_of(char c) {
  return static_cast<unsigned char>(c);
}

// In how many bytes both begin alike.
std::size_t common(std::string_view a, std::string_view b) {
  static_assert(std::endian::native == std::endian::little);
  const std::size_t size = std::min(a.size(), b.size());
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= size; at += sizeof(std::uint64_t)) {
    const std::uint64_t other = load(a.data() + at) ^ load(b.data() + at);
    if (other != 0) {
      return at + static_cast<std::size_t>(std::countr_zero(other)) / 8;
    }
  }
  while (at < size && a[at] == b[at]) {
    ++at;
  }
  return at;
}

}  // namespace

void FormIndex::take(std::vector<Form> forms) {
  forms_ = std::move(forms);
  std::ranges::sort(forms_, {}, &Form::text);
  agree_.assign(forms_.size(), 0);
  beginning_.assign(forms_.size(), kNone);
  overlaps_.assign(forms_.size(), {});
  for (std::uint32_t i = 1; i < size(); ++i) {
    agree_[i] = common(forms_[i - 1].text, forms_[i].text);
    std::uint32_t before = i - 1;
    while (before != kNone && !forms_[i].text.starts_with(forms_[before].text)) {
      before = beginning_[before];
    }
    beginning_[i] = before;
  }
}

std::uint32_t FormIndex::end_of_run(std::uint32_t first) const {
  std::uint32_t last = first;
  while (last + 1 < size() && agree_[last + 1] >= kFormBytesMin) {
    ++last;
  }
  return last;
}

FormIndex::Walk FormIndex::walk(Place place, std::string_view here, std::uint64_t& compared) const {
  Walk walk{place.whole, false, place.depth, place.first};
  for (;;) {
    walk.form = place.first;
    walk.depth = place.depth;
    // The shortest comes first in the order.
    if (forms_[place.first].text.size() == place.depth) {
      walk.whole = place.first;
      if (place.first == place.last) {
        return walk;
      }
      ++place.first;
    }
    if (place.depth == here.size()) {
      walk.is_cut = true;
      return walk;
    }
    if (!descend(place, here, compared)) {
      walk.depth = place.depth;
      return walk;
    }
  }
}

// One byte further, or as far as the only form that is left agrees. False: none does.
bool FormIndex::descend(Place& place, std::string_view here, std::uint64_t& compared) const {
  const std::string_view first = forms_[place.first].text;
  if (place.first == place.last) {
    const std::size_t more = common(first.substr(place.depth), here.substr(place.depth));
    compared += more + 1;
    place.depth += more;
    return place.depth == first.size() || place.depth == here.size();
  }
  ++compared;
  const unsigned wanted = byte_of(here[place.depth]);
  if (byte_of(first[place.depth]) != wanted ||
      byte_of(forms_[place.last].text[place.depth]) != wanted) {
    const auto byte_there = [&](const Form& form) {
      return byte_of(form.text[place.depth]);
    };
    const auto* const begin = forms_.data() + place.first;
    const auto* const end = forms_.data() + place.last + 1;
    const auto* const from = std::ranges::lower_bound(begin, end, wanted, {}, byte_there);
    const auto* const to = std::ranges::upper_bound(from, end, wanted, {}, byte_there);
    if (from == to) {
      return false;
    }
    place.last = static_cast<std::uint32_t>(to - forms_.data() - 1);
    place.first = static_cast<std::uint32_t>(from - forms_.data());
  }
  ++place.depth;
  return true;
}

std::optional<FormIndex::Next> FormIndex::next(const Walk& walk) const {
  for (const Overlap& overlap : overlaps_[walk.form]) {
    if (overlap.ahead + kFormBytesMin > walk.depth) {
      break;
    }
    if (overlap.ahead + overlap.agree >= walk.depth || overlap.whole_end <= walk.depth) {
      return Next{overlap.ahead,
                  place_of(overlap.other, std::min(overlap.agree, walk.depth - overlap.ahead))};
    }
  }
  return std::nullopt;
}

// Of all forms that begin with the first `depth` bytes of that one.
FormIndex::Place FormIndex::place_of(std::uint32_t form, std::size_t depth) const {
  Place place{form, form, depth, kNone};
  while (place.first > 0 && agree_[place.first] >= depth) {
    --place.first;
  }
  while (place.last + 1 < size() && agree_[place.last + 1] >= depth) {
    ++place.last;
  }
  place.whole = form;
  while (place.whole != kNone && forms_[place.whole].text.size() >= depth) {
    place.whole = beginning_[place.whole];
  }
  return place;
}

bool FormIndex::may_begin(std::string_view text) const {
  const auto found = std::ranges::lower_bound(forms_, text, {}, &Form::text);
  return found != forms_.end() && found->text.starts_with(text);
}

// Only what an earlier one does not say already: that reaches further, or has a form that ends
// earlier.
void FormIndex::note_overlap(std::uint32_t form, std::size_t ahead, const Walk& walk) {
  Overlap overlap{ahead, walk.form, walk.depth, std::numeric_limits<std::size_t>::max()};
  if (walk.whole != kNone) {
    overlap.whole_end = ahead + forms_[shortest_whole(walk.whole)].text.size();
  }
  const bool is_new = std::ranges::all_of(overlaps_[form], [&](const Overlap& known) {
    return known.ahead + known.agree < overlap.ahead + overlap.agree ||
           known.whole_end > overlap.whole_end;
  });
  if (is_new) {
    overlaps_[form].push_back(overlap);
  }
}

std::uint32_t FormIndex::shortest_whole(std::uint32_t form) const {
  while (beginning_[form] != kNone) {
    form = beginning_[form];
  }
  return form;
}

}  // namespace keyswap::flow
