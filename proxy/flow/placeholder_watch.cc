// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/placeholder_watch.h"

#include <algorithm>

namespace keyswap::flow {

namespace {

constexpr std::size_t kUnescapedAtOnce = 4096;
constexpr std::size_t kMost = bindings::bounds::kSecretsNamedInBodyMax;  // of a body

bool has(std::string_view text, char c) {
  return text.find(c) != std::string_view::npos;
}

void see_percent_encoded(const bindings::Bindings& bindings,
                         std::string_view text,
                         SeenRules& seen) {
  if (has(text, marker_of(Escaping::percent))) {
    bindings.see_placeholders(unescape(Escaping::percent, text), seen);
  }
}

// The last `count` bytes.
std::string_view end_of(std::string_view text, std::size_t count) {
  return text.substr(text.size() - std::min(count, text.size()));
}

}  // namespace

void see_placeholders(const bindings::Bindings& bindings, std::string_view text, SeenRules& seen) {
  if (text.size() < base::bounds::kPlaceholderBytesMin) {
    return;
  }
  bindings.see_placeholders(text, seen);
  see_percent_encoded(bindings, text, seen);
  if (has(text, marker_of(Escaping::json))) {
    const std::string said = unescape(Escaping::json, text);
    bindings.see_placeholders(said, seen);
    see_percent_encoded(bindings, said, seen);
  }
}

PlaceholderWatch::PlaceholderWatch(const bindings::Bindings& bindings) : bindings_(&bindings) {}

void PlaceholderWatch::look(std::string_view piece) {
  const std::size_t longest = bindings_->longest_sighting();
  if (longest == 0 || are_too_many()) {
    return;
  }
  const Eye eye{*bindings_, longest - 1, seen_};
  json_.look(piece, outside_.tail(), eye);
  outside_.look(piece, eye);
}

// --- as it comes ---

void PlaceholderWatch::Plain::look(std::string_view piece, const Eye& eye) {
  // What stands across the cut, and all of a short piece.
  const bool is_short = piece.size() < eye.kept_bytes;
  if (!tail_.empty() || is_short) {
    tail_.append(piece.substr(0, eye.kept_bytes));
    eye.bindings.see_placeholders(tail_, eye.seen, kMost);
  }
  if (is_short) {
    tail_.erase(0, tail_.size() - std::min(eye.kept_bytes, tail_.size()));
    return;
  }
  eye.bindings.see_placeholders(piece, eye.seen, kMost);
  tail_ = end_of(piece, eye.kept_bytes);
}

// --- with escapes ---

template <typename Next>
void PlaceholderWatch::Escaped<Next>::look(std::string_view piece,
                                           std::string_view before,
                                           const Eye& eye) {
  std::size_t done = 0;
  while (done < piece.size()) {
    if (!is_on_) {
      const std::size_t at = piece.find(marker_, done);
      if (at == std::string_view::npos) {
        return;
      }
      begin(before, piece.substr(0, at), eye);
      done = at;
    }
    // As far as the last escape reaches, and what may follow it in the same form.
    const std::size_t far = eye.kept_bytes + kEscapeBytesMax;
    std::size_t end = done;
    while (end < piece.size() && quiet_ < far) {
      const std::size_t room = std::min(far - quiet_, piece.size() - end);
      const std::size_t marker = piece.substr(end, room).rfind(marker_);
      quiet_ = marker == std::string_view::npos ? quiet_ + room : room - marker - 1;
      end += room;
    }
    read(piece.substr(done, end - done), eye);
    done = end;
    is_on_ = quiet_ < far;
  }
}

// What stands before the first escape is read along with it.
template <typename Next>
void PlaceholderWatch::Escaped<Next>::begin(std::string_view before,
                                            std::string_view unescaped,
                                            const Eye& eye) {
  is_on_ = true;
  quiet_ = 0;
  unescaper_.restart();
  next_.restart();
  if (unescaped.size() < eye.kept_bytes) {
    next_.look(end_of(before, eye.kept_bytes - unescaped.size()), eye);
  }
  next_.look(end_of(unescaped, eye.kept_bytes), eye);
}

template <typename Next>
void PlaceholderWatch::Escaped<Next>::read(std::string_view bytes, const Eye& eye) {
  while (!bytes.empty()) {
    const std::string_view some = bytes.substr(0, kUnescapedAtOnce);
    unescaped_.clear();
    unescaper_.feed(some, unescaped_);
    next_.look(unescaped_, eye);
    bytes.remove_prefix(some.size());
  }
}

}  // namespace keyswap::flow
