// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/nearest_word.h"

#include <algorithm>

#include "bindings/yaml_values.h"

namespace keyswap::cli {

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kBeginningBytesMin = 3;
  const std::vector<std::string_view> views(known.begin(), known.end());
  std::string nearest(bindings::nearest_word(word, views));
  if (!nearest.empty() || word.size() < kBeginningBytesMin) {
    return nearest;
  }
  const auto begun = std::ranges::find_if(
      known, [word](const std::string& candidate) { return candidate.starts_with(word); });
  return begun == known.end() ? "" : *begun;
}

}  // namespace keyswap::cli
