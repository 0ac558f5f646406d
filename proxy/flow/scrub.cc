// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>

#include "proxy/flow/escaped_search.h"
#include "proxy/flow/secret_finder.h"

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

}  // namespace

bool Scrubber::is_in(std::string_view text) {
  return search_ != nullptr && SecretFinder(*search_, text, {}, compared_).next(0).is_something();
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
  SecretFinder finder(*search_, text, {rest, cut_.before, synced}, compared_);
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
