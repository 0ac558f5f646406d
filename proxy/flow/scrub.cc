// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>
#include <vector>

#include "proxy/flow/escaped_search.h"

namespace keyswap::flow {

namespace {

using Found = SecretSearch::Found;
using Rest = SecretSearch::Rest;

base::Status put(base::ByteSink& out, std::string_view bytes) {
  return out.append(bytes) ? base::Status{}
                           : base::Error{base::Errc::limit_exceeded, "no room for a message"};
}

// Where the last word of a text begins, or its last so many bytes. A form's first kFormBytesMin
// bytes are no more, and the beginning of an escape behind them, however they are escaped.
std::size_t begin_of_last_word(std::string_view text) {
  constexpr std::size_t kEscapeBytesMax = 12;  // &#x00000041;
  constexpr std::size_t kWordBytesMax = kFormBytesMin * kEscapeBytesMax;
  const std::size_t least = text.size() - std::min(text.size(), kWordBytesMax);
  std::size_t at = text.size();
  while (at > least && static_cast<unsigned char>(text[at - 1]) > ' ') {
    --at;
  }
  if (at > least || at == 0) {
    return at;
  }
  // Not in the midst of an escape.
  const std::size_t before = at - std::min(at, kEscapeBytesMax);
  const std::size_t escape = text.substr(before, at - before).find_last_of(EscapedSearch::kAll);
  return escape == std::string_view::npos ? at : before + escape;
}

// Are there bytes in it that begin escapes of more than one kind?
bool may_have_several_kinds(std::string_view text) {
  std::size_t kinds = 0;
  for (std::size_t i = 0; i < EscapedSearch::kAll.size(); ++i) {
    kinds += text.find(EscapedSearch::kAll[i]) == std::string_view::npos ? 0 : 1;
  }
  return kinds > 1;
}

// All that is to be found in one text, in its order.
class Finder {
 public:
  Finder(const SecretSearch& search,
         std::string_view text,
         Rest rest,
         char before,
         std::size_t synced,
         std::uint64_t& compared)
      : search_(search), text_(text), rest_(rest), before_(before), compared_(compared) {
    escaped_.reserve(1 + EscapedSearch::kAll.size());
    escaped_.push_back({EscapedSearch(search, text, rest, EscapedSearch::kAll, synced)});
    // Some of what looks like escapes in a secret may be escaped itself, and some not; and what
    // stands before a secret may make an escape of its first bytes, which is none. Then escapes of
    // one kind alone stand for the text.
    const bool is_by_kind = search.has_escapes() || may_have_several_kinds(text);
    for (std::size_t i = 0; is_by_kind && i < EscapedSearch::kAll.size(); ++i) {
      const std::string_view kind = EscapedSearch::kAll.substr(i, 1);
      escaped_.push_back({EscapedSearch(search, text, rest, kind, kind == "\\" ? synced : 0)});
    }
  }

  // The first at `from` or later, of several the longest.
  Found next(std::size_t from) {
    if (is_behind(plain_next_, from)) {
      plain_next_ = search_.find(text_, from, rest_, compared_);
    }
    if (is_behind(token_next_, from)) {
      token_next_ = search_.find_token(text_, from, rest_, before_);
    }
    Found first = first_of(plain_next_, token_next_);
    for (Escaped& escaped : escaped_) {
      if (is_behind(escaped.next, from)) {
        escaped.next = escaped.search.find(from, compared_);
      }
      first = first_of(first, escaped.next);
    }
    return rest_ == Rest::none ? first : first_of_held(first, from);
  }

 private:
  static bool is_behind(const Found& found, std::size_t from) {
    return found.at < from || found.at == kUnknown;
  }

  // What is kept back whatever follows its beginning comes before what stands behind that.
  const Found& first_of_held(const Found& first, std::size_t from) {
    if (is_behind(held_next_, from)) {
      held_next_ = search_.find_held(text_, from);
    }
    return held_next_.at < first.at ? held_next_ : first;
  }

  // What may yet become the longest comes before what is whole.
  static const Found& first_of(const Found& a, const Found& b) {
    if (a.at != b.at) {
      return a.at < b.at ? a : b;
    }
    const bool is_b_first = a.secret != nullptr && (b.secret == nullptr || b.size > a.size);
    return is_b_first ? b : a;
  }

  static constexpr std::size_t kUnknown = std::string_view::npos - 1;

  struct Escaped {
    EscapedSearch search;
    Found next{.at = kUnknown};
  };

  const SecretSearch& search_;
  std::string_view text_;
  Rest rest_;
  char before_;
  std::vector<Escaped> escaped_;
  std::uint64_t& compared_;
  Found plain_next_{.at = kUnknown};
  Found token_next_{.at = kUnknown};
  Found held_next_{.at = kUnknown};
};

}  // namespace

bool Scrubber::is_in(std::string_view text) {
  return search_ != nullptr &&
         Finder(*search_, text, Rest::none, '\0', 0, compared_).next(0).is_something();
}

base::Status Scrubber::scrub(std::string_view text, FoundIn where, base::ByteSink& out) {
  if (search_ == nullptr) {
    return put(out, text);
  }
  const Cut cut = std::exchange(cut_, {});
  const bool may_let_go = may_let_go_;
  auto replaced = replace(text, Next::nothing, where, out);
  cut_ = cut;
  may_let_go_ = may_let_go;
  return replaced;
}

base::Status Scrubber::feed(std::string_view piece, bool is_last, base::ByteSink& out) {
  if (search_ == nullptr) {
    return put(out, piece);
  }
  const Next next = is_last ? Next::nothing : Next::more;
  if (kept_.empty()) {
    KS_TRY(replace(piece, next, where_, out));
  } else {
    KS_TRY(put(kept_, piece));
    unsearched_ += piece.size();
    if (!is_last && is_searched_later()) {
      may_let_go_ = true;
      return {};
    }
    const base::Buffer joined = std::exchange(kept_, base::Buffer(kKeptBytesMax));
    KS_TRY(replace(joined.view(), next, where_, out));
  }
  unsearched_ = 0;
  if (is_last) {
    cut_ = {};
  }
  return {};
}

base::Status Scrubber::let_go(base::ByteSink& out) {
  const base::Buffer kept = std::exchange(kept_, base::Buffer(kKeptBytesMax));
  unsearched_ = 0;
  return search_ == nullptr ? put(out, kept.view())
                            : replace(kept.view(), Next::pause, where_, out);
}

// I10: much that is kept is not searched anew for each byte that follows.
bool Scrubber::is_searched_later() const {
  constexpr std::size_t kSearchedAnewBytes = 1024;
  constexpr std::size_t kSearchedAnewPart = 8;
  return kept_.size() > kSearchedAnewBytes && unsearched_ < kept_.size() / kSearchedAnewPart;
}

// What is not decided is kept. So is the last word, which may be the beginning of a secret, whether
// it is or not: else what is kept back would tell who guesses a secret byte by byte. (In a pause it
// is not, since somebody may wait for it.)
base::Status Scrubber::replace(std::string_view text,
                               Next next,
                               FoundIn where,
                               base::ByteSink& out) {
  const Rest rest = next == Next::nothing ? Rest::none : Rest::may_follow;
  const std::size_t synced = text.starts_with('\\') ? cut_.synced : 0;
  Finder finder(*search_, text, rest, cut_.before, synced, compared_);
  std::size_t done = 0;
  Found found = finder.next(done);
  while (found.secret != nullptr) {
    KS_TRY(put(out, text.substr(done, found.at - done)));
    KS_TRY(put(out, found.secret->placeholder));
    if (seen_ != nullptr) {
      seen_->add(found.secret->name, where, found.encoding);
    }
    done = found.at + found.size;
    found = finder.next(done);
  }
  const std::size_t undecided_at = std::min(found.at, text.size());
  std::size_t kept_at = undecided_at;
  if (next == Next::more) {
    kept_at = std::max(done, std::min(kept_at, begin_of_last_word(text)));
  }
  may_let_go_ = kept_at < undecided_at;
  KS_TRY(put(out, text.substr(done, kept_at - done)));
  if (next != Next::nothing) {
    cut_.synced = EscapedSearch::is_inside_escape(text, kept_at, synced) ? 1 : 0;
    cut_.before = kept_at == 0 ? cut_.before : text[kept_at - 1];
  }
  return put(kept_, text.substr(kept_at));
}

}  // namespace keyswap::flow
