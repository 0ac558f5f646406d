// SPDX-License-Identifier: Apache-2.0
//
// Sees placeholders wherever they stand, whether they are swapped there or not (I2): as they are,
// and in base64, wherever they begin in it and in either alphabet. One pass over a text, however
// many placeholders there are. Which of them are swapped is not its business
// (bindings/placeholder.h), nor are escapes (proxy/flow/placeholder_watch.h).
//
// The text is sampled, eight bytes at every sixteenth place. Wherever a placeholder begins, one
// sample lies in its first 24 bytes, or in the 31 characters and more that these are in base64, so
// it is one of sixteen pieces of what the placeholder looks like in one of four forms. A filter of
// two bits for each piece says of nearly every sample of ordinary text that it is none; the samples
// do not depend on one another, so a large filter costs hardly more than a small one. What passes
// it is looked up where it would begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bindings/bounds.h"
#include "bindings/placeholder.h"

namespace keyswap::bindings {

class SightingIndex {
 public:
  // As PlaceholderIndex::build, with the same texts.
  void build(const std::vector<std::string_view>& placeholders);

  // Numbers of those that are seen in `text`, each once, appended to `found` in the order seen. No
  // more than `most` + 1 of them: it does not matter who else there is. `known`: of the same
  // placeholders.
  void find(const PlaceholderIndex& known,
            std::string_view text,
            std::vector<std::uint32_t>& found,
            std::size_t most = bounds::kSecretsNamedMax) const;

  // Bytes of the longest form that is looked for; 0: none is.
  [[nodiscard]] std::size_t longest() const { return longest_; }

 private:
  void add_plain(std::string_view text);
  void add_base64(std::string_view text);
  void add_alphabets(const char* chars, unsigned form, unsigned offset);
  void add(std::uint64_t sample, unsigned form, unsigned offset);

  std::vector<std::uint64_t> filter_;   // a power of two of words; empty: nothing is looked for
  std::vector<std::uint64_t> offsets_;  // a power of two: where in which form a sample may stand
  unsigned filter_bits_ = 0;
  unsigned offset_bits_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace keyswap::bindings
