// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/escaped_search.h"

#include <algorithm>

#include "proxy/base/assert.h"

namespace keyswap::flow {

using Found = SecretSearch::Found;
using Rest = SecretSearch::Rest;

Found EscapedSearch::find(std::size_t from, std::uint64_t& compared) {
  for (;;) {
    if (at_ < plain_.size()) {
      const auto begin = origins_.begin() + static_cast<std::ptrdiff_t>(at_);
      at_ = static_cast<std::size_t>(std::lower_bound(begin, origins_.end() - 1, from) -
                                     origins_.begin());
      const Found found = find_in_plain(compared);
      if (found.is_something()) {
        at_ = found.at;
        return found_in_text(found);
      }
      at_ = plain_.size();
    }
    if (!begin_stretch(from)) {
      const bool is_held = cut_at_ != std::string_view::npos && cut_at_ >= from;
      return is_held ? Found{cut_at_, 0, nullptr, Encoding::escaped} : Found{};
    }
  }
}

Found EscapedSearch::find_in_plain(std::uint64_t& compared) {
  const Found found = search_.find(plain_.view(), at_, plain_rest_, compared);
  if (plain_rest_ == Rest::none) {
    return found;
  }
  if (!held_at_ || *held_at_ < at_) {
    held_at_ = search_.find_held(plain_.view(), at_).at;
  }
  return *held_at_ < found.at ? Found{*held_at_, 0, nullptr, Encoding::plain} : found;
}

Found EscapedSearch::found_in_text(const Found& plain) const {
  Found found = plain;
  found.at = origins_[plain.at];
  if (plain.secret != nullptr) {
    std::size_t end = plain.at + plain.size;
    // A character is given back whole.
    while (end < plain_.size() && origins_[end] == origins_[end - 1]) {
      ++end;
    }
    found.size = origins_[end] - found.at;
    found.encoding = found.size == plain.size ? plain.encoding : Encoding::escaped;
  }
  return found;
}

// Around the next escape that a form can go across; of one that is cut, what stands before it.
// False: there is none.
bool EscapedSearch::begin_stretch(std::size_t from) {
  while (scanned_ != cut_at_) {
    mark_ = find_mark(mark_, scanned_);
    if (mark_ == marks_.size()) {
      scanned_ = text_.size();
      return false;
    }
    const EscapeMark& escape = marks_[mark_];
    if (escape.size == 0) {
      begin_plain();
      add_literals(begin_before(escape.at, from), escape.at);
      end_plain_at_cut(escape.at);
      return true;
    }
    if (escape.at >= from && is_of_form(escape)) {
      read_stretch(begin_before(escape.at, from));
      return true;
    }
    scanned_ = escape.at + escape.size;
    wall_ = scanned_;
  }
  return false;
}

// From that mark on, the first at `from` or later of an escape that is undone. One that is cut is
// none where nothing follows.
std::size_t EscapedSearch::find_mark(std::size_t mark, std::size_t from) const {
  const auto is_left_out = [&](const EscapeMark& escape) {
    return escape.at < from || (kind_ != '\0' && escape.kind != kind_) ||
           (escape.size == 0 && rest_ == Rest::none);
  };
  while (mark < marks_.size() && is_left_out(marks_[mark])) {
    ++mark;
  }
  return mark;
}

// Where a form may begin that goes across an escape there.
std::size_t EscapedSearch::begin_before(std::size_t escape_at, std::size_t from) const {
  const std::size_t before = std::min(escape_at, search_.longest() - 1);
  return std::min(std::max({wall_, from, escape_at - before}), escape_at);
}

void EscapedSearch::begin_plain() {
  plain_.clear();
  origins_.clear();
  at_ = 0;
  held_at_.reset();
  plain_rest_ = Rest::none;
}

// What follows is not known yet.
void EscapedSearch::end_plain_at_cut(std::size_t at) {
  scanned_ = at;
  cut_at_ = at;
  plain_rest_ = rest_;
  origins_.push_back(at);
}

// From the escape at `mark_` on. Ends where no form goes on that has one of these escapes in it.
void EscapedSearch::read_stretch(std::size_t begin) {
  begin_plain();
  add_literals(begin, marks_[mark_].at);
  std::size_t end = 0;
  for (;;) {
    add_escape(marks_[mark_].at);
    const std::size_t literals = marks_[mark_].at + marks_[mark_].size;
    const std::size_t stop = literals + std::min(text_.size() - literals, search_.longest() - 1);
    mark_ = find_mark(mark_, literals);
    if (mark_ == marks_.size() || marks_[mark_].at >= stop) {
      add_literals(literals, stop);
      end = stop;
      scanned_ = stop;
      plain_rest_ = stop < text_.size() ? Rest::none : rest_;
      break;
    }
    const EscapeMark& escape = marks_[mark_];
    add_literals(literals, escape.at);
    if (escape.size == 0) {
      end_plain_at_cut(escape.at);
      return;
    }
    if (!is_of_form(escape)) {
      end = escape.at;
      scanned_ = escape.at + escape.size;
      wall_ = scanned_;
      break;
    }
  }
  origins_.push_back(end);
}

void EscapedSearch::add_literals(std::size_t begin, std::size_t end) {
  KS_ASSERT(plain_.append(text_.substr(begin, end - begin)));  // no text is so long
  for (std::size_t at = begin; at < end; ++at) {
    origins_.push_back(at);
  }
}

void EscapedSearch::add_escape(std::size_t at) {
  const Escape escape = read_escape(text_.substr(at));
  KS_ASSERT(plain_.append(escape.view()));
  origins_.insert(origins_.end(), escape.count, at);
}

bool EscapedSearch::is_inside_escape(std::string_view text, std::size_t at, std::size_t synced) {
  std::size_t begin = at;
  while (begin > synced && text[begin - 1] == '\\') {
    --begin;
  }
  return (at - begin) % 2 == 1 && (at == text.size() || text[at] == '\\');
}

}  // namespace keyswap::flow
