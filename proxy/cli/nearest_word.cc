// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/nearest_word.h"

#include <algorithm>

#include "bindings/yaml_values.h"
#include "proxy/cli/argument_mistake.h"

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

std::string shown_word(std::string_view word, std::string_view nearest) {
  constexpr std::size_t kBytesMax = 16;  // of a command, and of hardly anything else
  const bool may_be_command =
      !word.empty() && word.size() <= kBytesMax &&
      std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  return may_be_command || !nearest.empty() ? "'" + std::string(word) + "'"
                                            : "like that " + std::string(kNotShown);
}

}  // namespace keyswap::cli
