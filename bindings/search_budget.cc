// SPDX-License-Identifier: Apache-2.0
#include "bindings/search_budget.h"

#include <algorithm>

namespace keyswap::bindings {

namespace {

// How often a glob may look through a text at worst: once, and for each star that cannot cross a
// '/' once more. (What a star that crosses one has passed is not looked at again.)
std::size_t searches_of(std::string_view glob, Star star) {
  std::size_t count = 1;
  for (std::size_t i = 0; i < glob.size() && star == Star::within_segment;) {
    const auto run = std::min(glob.find_first_not_of('*', i), glob.size()) - i;
    count += run == 1 ? 1 : 0;
    i += run + 1;
  }
  return glob.ends_with('*') && count > 1 ? count - 1 : count;
}

}  // namespace

std::optional<bool> SearchBudget::matches(std::string_view glob, std::string_view text, Star star) {
  const auto star_at = glob.find('*');
  if (star_at == std::string_view::npos || !text.starts_with(glob.substr(0, star_at))) {
    return glob == text;
  }
  if (glob.find_first_not_of('*', star_at) == std::string_view::npos && star == Star::anything) {
    return true;
  }
  const std::size_t cost = searches_of(glob, star) * text.size();
  if (cost > left_) {
    return std::nullopt;
  }
  left_ -= cost;
  return glob_matches(glob, text, star);
}

}  // namespace keyswap::bindings
