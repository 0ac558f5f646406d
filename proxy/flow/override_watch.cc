// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/override_watch.h"

#include <algorithm>

#include "bindings/method_overrides.h"
#include "proxy/base/bounds.h"
#include "proxy/flow/unescape.h"

namespace keyswap::flow {

namespace {

// As read_body_overrides and read_parameter_overrides have them.
constexpr std::string_view kQuoted = "\"_method\"";
constexpr std::string_view kSeparators = "&;?";

bool names_method(std::string_view pair) {
  bindings::MethodOverrides found;
  bindings::read_parameter_overrides(pair, found);
  return !found.are_none();
}

// Spaces before a name do not count, however many, and however often they are encoded.
bool is_of_spaces(std::string begin) {
  constexpr std::string_view kEncoded = " +%";
  constexpr int kDecodingsMax = 4;
  constexpr std::size_t kCutEscapeBytesMax = 9;
  if (kEncoded.find(begin.front()) == std::string_view::npos) {
    return false;
  }
  begin.resize(begin.size() - kCutEscapeBytesMax);
  for (int i = 0; i < kDecodingsMax; ++i) {
    begin = unescape(Escaping::percent, begin);
  }
  return begin.find_first_not_of(kEncoded) == std::string::npos;
}

}  // namespace

void OverrideWatch::look(std::string_view piece) {
  if (is_unclear_) {
    return;
  }
  look_for_quoted(piece);
  for (std::size_t end = piece.find_first_of(kSeparators); end != std::string_view::npos;
       end = piece.find_first_of(kSeparators)) {
    add_to_pair(piece.substr(0, end));
    end_pair();
    piece.remove_prefix(end + 1);
  }
  add_to_pair(piece);
}

void OverrideWatch::look_for_quoted(std::string_view piece) {
  const std::size_t kept = kQuoted.size() - 1;
  tail_ += piece.substr(0, kept);
  if (tail_.find(kQuoted) != std::string::npos || piece.find(kQuoted) != std::string_view::npos) {
    say_unclear();
  }
  if (piece.size() >= kept) {
    tail_ = piece.substr(piece.size() - kept);
  } else {
    tail_.erase(0, tail_.size() - std::min(kept, tail_.size()));
  }
}

void OverrideWatch::add_to_pair(std::string_view bytes) {
  const std::size_t room = base::bounds::kOverridePairBytesMax - pair_.size();
  pair_ += bytes.substr(0, room);
  is_too_long_ = is_too_long_ || bytes.size() > room;
}

void OverrideWatch::end_pair() {
  if (!is_too_long_) {
    if (!is_unclear_ && names_method(pair_)) {
      said_.append(said_.empty() ? "" : "&").append(pair_);
      has_news_ = true;
    }
  } else if (names_method(pair_ + "=") || is_of_spaces(pair_)) {
    say_unclear();  // no method is as long as that
  }
  if (said_.size() > base::bounds::kOverridePairBytesMax) {
    say_unclear();  // I10
  }
  pair_.clear();
  is_too_long_ = false;
}

void OverrideWatch::say_unclear() {
  is_unclear_ = true;
  has_news_ = true;
  said_ = kQuoted;
}

}  // namespace keyswap::flow
