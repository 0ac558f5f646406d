// SPDX-License-Identifier: Apache-2.0
//
// Placeholders: their grammar, and finding any of thousands in one pass. Matching is byte-exact.
//
// The search is Wu and Manber's (1994): the last four bytes of a window tell how far it may move
// on, so of ordinary text about one place in twenty is looked at, and short values not at all.
// Where one may end so, and begin as one does, its first bytes select a run of the sorted
// placeholders, of which at most one can stand there (none begins another), found by bisection: no
// text makes it slow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/bounds.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

// Visible ASCII characters without spaces, so many at least, containing "PLACEHOLDER" unless
// `stand_in`.
base::Status check_placeholder(std::string_view text,
                               bool stand_in,
                               std::size_t bytes_min = base::bounds::kPlaceholderBytesMin);

// Is it rather a real key, pasted there: letters and digits mixed, and no word that says otherwise?
bool looks_like_key(std::string_view text);

class PlaceholderIndex {
 public:
  // Number i gets placeholders[i] ("": it is never found); none is contained in another (the parser
  // saw to that), and none is shorter than kPlaceholderBytesMin.
  void build(const std::vector<std::string_view>& placeholders);

  struct Hit {
    std::size_t at = 0;
    std::size_t size = 0;
    std::uint32_t number = 0;
  };

  // The first that begins at `from` or later.
  [[nodiscard]] std::optional<Hit> find_next(std::string_view text, std::size_t from) const;
  // Numbers of those that occur in `text`, each once, appended to `found` in ascending order.
  void find(std::string_view text, std::vector<std::uint32_t>& found) const;

  // The number of the one that `text` begins with.
  [[nodiscard]] std::optional<std::uint32_t> begins(std::string_view text) const;
  // Can there be one, by these first kPlaceholderBytesMin bytes?
  [[nodiscard]] bool may_begin_with(std::string_view window) const;

 private:
  struct Entry {
    std::string text;
    std::uint32_t number = 0;
  };

  // Those that share their first window; a slot of the hash table below. Empty: first == last.
  struct Run {
    std::uint64_t hash = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };

  void fill_shifts();
  void fill_runs();
  [[nodiscard]] const Entry* entry_at(std::string_view text) const;

  std::vector<Entry> sorted_;
  std::vector<std::uint8_t> shifts_;     // a power of two of them
  std::array<bool, 256> first_bytes_{};  // which bytes one begins with
  std::vector<Run> runs_;                // a power of two of them, at most half full
  unsigned shift_bits_ = 0;
};

}  // namespace keyswap::bindings
