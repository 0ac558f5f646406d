// SPDX-License-Identifier: Apache-2.0
//
// Placeholders: their grammar, and finding any of thousands in one pass (a search over the bytes that
// looks up only where a placeholder could begin). Matching is byte-exact.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/base/result.h"

namespace keyswap::bindings {

// >= 24 visible ASCII characters without spaces, containing "PLACEHOLDER" unless `stand_in`.
base::Status check_placeholder(std::string_view text, bool stand_in);

class PlaceholderIndex {
 public:
  // Number i gets placeholders[i]; none is contained in another (the parser saw to that).
  void build(const std::vector<std::string_view>& placeholders);
  // Numbers of those that occur in `text`, each once, appended to `found` in ascending order.
  void find(std::string_view text, std::vector<std::uint32_t>& found) const;

 private:
  struct Node;
  std::vector<std::uint32_t> next_;       // Aho-Corasick automaton: state * 256 classes compressed
  std::vector<std::uint8_t> byte_class_;  // 256 entries
  std::vector<std::int32_t> output_;      // state -> placeholder number or -1
  std::uint32_t classes_ = 0;
};

}  // namespace keyswap::bindings
