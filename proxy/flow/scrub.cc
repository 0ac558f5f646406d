// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/scrub.h"

#include <algorithm>
#include <utility>

namespace keyswap::flow {

namespace {

base::Status put(base::ByteSink& out, std::string_view bytes) {
  return out.append(bytes) ? base::Status{}
                           : base::Error{base::Errc::limit_exceeded, "no room for a message"};
}

}  // namespace

bool Scrubber::add(vault::Secret secret, std::string_view placeholder) {
  const bool is_known = std::ranges::any_of(known_, [&](const Known& known) {
    return base::equal_constant_time(known.secret.reveal(), secret.reveal());
  });
  if (is_known || secret.size() == 0) {
    return true;
  }
  if (known_.size() == base::limits::kScrubbedSecretsMax) {
    return false;
  }
  known_.push_back({std::move(secret), std::string(placeholder)});
  return true;
}

base::Status Scrubber::feed(std::string_view piece, bool is_last, base::ByteSink& out) {
  base::Buffer joined(base::limits::kSecretBytesMax + base::limits::kReadChunkBytes);
  std::string_view text = piece;
  if (!kept_.empty()) {
    if (!joined.append(kept_.view()) || !joined.append(piece)) {
      return base::Error{base::Errc::limit_exceeded, "a piece that is larger than a read"};
    }
    kept_.release();
    text = joined.view();
  }
  for (Found found = find_first(text); found.known != nullptr; found = find_first(text)) {
    KS_TRY(put(out, text.substr(0, found.at)));
    KS_TRY(put(out, found.known->placeholder));
    text.remove_prefix(found.at + found.known->secret.size());
  }
  const std::size_t begun = is_last ? text.size() : begun_at_end(text);
  KS_TRY(put(out, text.substr(0, begun)));
  return put(kept_, text.substr(begun));
}

Scrubber::Found Scrubber::find_first(std::string_view text) const {
  Found first;
  for (const Known& known : known_) {
    const std::size_t at = text.find(known.secret.reveal());
    if (at < first.at) {
      first = {at, &known};
    }
  }
  return first;
}

// Where the longest end of `text` begins that a secret may begin with; its size if there is none.
std::size_t Scrubber::begun_at_end(std::string_view text) const {
  std::size_t longest = 0;
  for (const Known& known : known_) {
    const std::string_view secret = known.secret.reveal();
    for (std::size_t size = std::min(secret.size() - 1, text.size()); size > longest; --size) {
      if (text.ends_with(secret.substr(0, size))) {
        longest = size;
      }
    }
  }
  return text.size() - longest;
}

}  // namespace keyswap::flow
