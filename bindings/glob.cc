// SPDX-License-Identifier: Apache-2.0
#include "bindings/glob.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "proxy/base/words.h"

namespace keyswap::bindings {

namespace {

constexpr auto kNowhere = std::string_view::npos;

// A glob is blocks with anything at all between them; a block is pieces of literal text with a star
// within a segment between them.

// Where `piece` first occurs in `text`. memmem (of glibc) takes linear time whatever the texts are;
// std::string_view::find does not.
std::size_t find_all_through(std::string_view text, std::string_view piece) {
  const void* const found = ::memmem(text.data(), text.size(), piece.data(), piece.size());
  return found == nullptr ? kNowhere
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// The same, from `at` on. Most stretches of a text lack even the last two bytes of the piece, which
// is seen in a tenth of the time.
std::size_t find_piece(std::string_view text, std::size_t at, std::string_view piece) {
  constexpr std::size_t kStretch = 256;
  if (piece.size() < 2) {
    return text.find(piece, at);
  }
  for (; at + piece.size() <= text.size(); at += kStretch) {
    // Where an occurrence may begin, and where its last two bytes stand then.
    const auto stretch = text.substr(at, kStretch + piece.size() - 1);
    const auto ends = stretch.substr(piece.size() - 2);
    if (!base::has_pair(ends, piece[piece.size() - 2], piece.back())) {
      continue;
    }
    const auto found = find_all_through(stretch, piece);
    if (found != kNowhere) {
      return at + found;
    }
  }
  return kNowhere;
}

// Takes the first block off `glob`, which then begins with stars or is empty.
std::string_view take_block(std::string_view& glob, Star star) {
  const std::size_t fewest = star == Star::anything ? 1 : 2;
  std::size_t end = glob.find('*');
  while (end != kNowhere) {
    const auto after = std::min(glob.find_first_not_of('*', end), glob.size());
    if (after - end >= fewest) {
      break;
    }
    end = glob.find('*', after);
  }
  const auto block = glob.substr(0, end);
  glob.remove_prefix(block.size());
  return block;
}

std::string_view take_piece(std::string_view& block) {
  const auto piece = block.substr(0, block.find('*'));
  block.remove_prefix(piece.size());
  return piece;
}

// Where a match of `block` that begins at `begin` ends at the earliest. Each piece is taken as
// early as it comes: a star cannot cross a '/', so a later place of it would leave what follows the
// same slash, or less of the same segment.
std::size_t match_from(std::string_view block, std::string_view text, std::size_t begin) {
  auto piece = take_piece(block);
  if (!text.substr(begin).starts_with(piece)) {
    return kNowhere;
  }
  std::size_t at = begin + piece.size();
  while (!block.empty()) {
    block.remove_prefix(1);  // the star
    piece = take_piece(block);
    const auto slash = std::min(text.find('/', at), text.size());
    const auto found = find_piece(text.substr(0, slash + piece.size()), at, piece);
    if (found == kNowhere) {
      return kNowhere;
    }
    at = found + piece.size();
  }
  return at;
}

// Where the first match of `block` that begins at `from` or later ends.
std::size_t find_block(std::string_view block, std::string_view text, std::size_t from) {
  const auto first = block.substr(0, block.find('*'));
  const bool has_slash = first.find('/') != kNowhere;
  while (from <= text.size()) {
    const auto found = find_piece(text, from, first);
    if (found == kNowhere) {
      return kNowhere;
    }
    const auto end = match_from(block, text, found);
    if (end != kNowhere) {
      return end;
    }
    // Another beginning in the same segment would fail at the same place; to try them all is what
    // would take the square of the text's length.
    const auto slash = text.find('/', found);
    from = has_slash ? found + 1 : slash;
  }
  return kNowhere;
}

// Where the last match of `block` begins that ends with the text and begins at `floor` or later:
// as match_from, from behind.
std::size_t match_end(std::string_view block, std::string_view text, std::size_t floor) {
  const auto last_star = block.rfind('*');
  const auto last = last_star == kNowhere ? block : block.substr(last_star + 1);
  if (text.size() < floor + last.size() || !text.ends_with(last)) {
    return kNowhere;
  }
  std::size_t begin = text.size() - last.size();
  for (auto star = last_star; star != kNowhere;) {
    block = block.substr(0, star);
    star = block.rfind('*');
    const auto piece = star == kNowhere ? block : block.substr(star + 1);
    const auto slash = text.substr(0, begin).rfind('/');
    const auto segment = slash == kNowhere ? 0 : slash + 1;  // the star reaches back to here
    const auto window = std::max(floor, segment - std::min(segment, piece.size()));
    if (window > begin) {
      return kNowhere;
    }
    const auto found = text.substr(window, begin - window).rfind(piece);
    if (found == kNowhere) {
      return kNowhere;
    }
    begin = window + found;
  }
  return begin;
}

bool match_whole(std::string_view block, std::string_view text) {
  const auto first = take_piece(block);
  if (block.empty()) {
    return text == first;
  }
  block.remove_prefix(1);  // the star
  const auto begin = text.starts_with(first) ? match_end(block, text, first.size()) : kNowhere;
  return begin != kNowhere && text.substr(first.size(), begin - first.size()).find('/') == kNowhere;
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text, Star star) {
  auto block = take_block(glob, star);
  if (glob.empty()) {
    return match_whole(block, text);
  }
  std::size_t at = match_from(block, text, 0);
  while (at != kNowhere) {
    glob.remove_prefix(std::min(glob.find_first_not_of('*'), glob.size()));
    block = take_block(glob, star);
    if (glob.empty()) {
      return match_end(block, text, at) != kNowhere;
    }
    at = find_block(block, text, at);
  }
  return false;
}

}  // namespace keyswap::bindings
