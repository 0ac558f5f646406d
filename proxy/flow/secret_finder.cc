// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/secret_finder.h"

#include <algorithm>
#include <span>

#include "proxy/flow/escape.h"

namespace keyswap::flow {

namespace {

using Found = SecretSearch::Found;
using Rest = SecretSearch::Rest;

// Do escapes of more than one kind stand there?
bool are_of_several_kinds(std::span<const EscapeMark> marks) {
  return std::ranges::any_of(
      marks, [&](const EscapeMark& mark) { return mark.kind != marks.front().kind; });
}

}  // namespace

SecretFinder::SecretFinder(const SecretSearch& search,
                           std::string_view text,
                           Cut cut,
                           std::uint64_t& compared)
    : search_(search), text_(text), cut_(cut), marks_(find_escapes(text)), compared_(compared) {
  if (marks_.empty()) {
    return;
  }
  // Some of what looks like escapes in a secret may be escaped itself, and some not; and what
  // stands before a secret may make an escape of its first bytes, which is none. Then escapes of
  // one kind alone stand for the text.
  const bool is_by_kind = search.has_escapes() || are_of_several_kinds(marks_);
  escaped_.reserve(is_by_kind ? 1 + EscapedSearch::kAll.size() : 1);
  escaped_.push_back({EscapedSearch(search, text, marks_, cut.rest, '\0', cut.synced)});
  for (std::size_t i = 0; is_by_kind && i < EscapedSearch::kAll.size(); ++i) {
    const char kind = EscapedSearch::kAll[i];
    const std::size_t synced = kind == '\\' ? cut.synced : 0;
    escaped_.push_back({EscapedSearch(search, text, marks_, cut.rest, kind, synced)});
  }
}

Found SecretFinder::next(std::size_t from) {
  if (is_behind(plain_next_, from)) {
    plain_next_ = search_.find(text_, from, cut_.rest, compared_);
  }
  if (is_behind(token_next_, from)) {
    token_next_ = search_.find_token(text_, from, cut_.rest, cut_.before);
  }
  Found first = first_of(plain_next_, token_next_);
  for (Escaped& escaped : escaped_) {
    if (is_behind(escaped.next, from)) {
      escaped.next = escaped.search.find(from, compared_);
    }
    first = first_of(first, escaped.next);
  }
  return cut_.rest == Rest::none ? first : first_of_held(first, from);
}

// What is kept back whatever follows its beginning comes before what stands behind that.
const Found& SecretFinder::first_of_held(const Found& first, std::size_t from) {
  if (is_behind(held_next_, from)) {
    held_next_ = search_.find_held(text_, from);
  }
  return held_next_.at < first.at ? held_next_ : first;
}

// What may yet become the longest comes before what is whole.
const Found& SecretFinder::first_of(const Found& a, const Found& b) {
  if (a.at != b.at) {
    return a.at < b.at ? a : b;
  }
  const bool is_b_first = a.secret != nullptr && (b.secret == nullptr || b.size > a.size);
  return is_b_first ? b : a;
}

bool is_plainly_without(const SecretSearch& search, std::string_view text) {
  std::uint64_t compared = 0;
  return !search.find(text, 0, Rest::none, compared).is_something() &&
         !search.find_token(text, 0, Rest::none, '\0').is_something();
}

bool is_without_secrets(const SecretSearch& search, std::string_view text) {
  if (text.size() < kTokenBytesMin) {
    return true;  // no secret is so short, and none is longer than with its escapes
  }
  std::uint64_t compared = 0;
  return is_plainly_without(search, text) &&
         (!has_escape_byte(text) ||
          !SecretFinder(search, text, {}, compared).next(0).is_something());
}

}  // namespace keyswap::flow
