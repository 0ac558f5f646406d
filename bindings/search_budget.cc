// SPDX-License-Identifier: Apache-2.0
#include "bindings/search_budget.h"

namespace keyswap::bindings {

namespace {

// How often a glob may look through a text: once for each literal piece behind a star.
std::size_t searches_of(std::string_view glob) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < glob.size(); ++i) {
    count += glob[i] != '*' && glob[i - 1] == '*' ? 1 : 0;
  }
  return count;
}

}  // namespace

std::optional<bool> SearchBudget::matches(std::string_view glob, std::string_view text, Star star) {
  if (!text.starts_with(glob.substr(0, glob.find('*')))) {
    return false;
  }
  const std::size_t cost = searches_of(glob) * text.size();
  if (cost > left_) {
    return std::nullopt;
  }
  left_ -= cost;
  return glob_matches(glob, text, star);
}

}  // namespace keyswap::bindings
