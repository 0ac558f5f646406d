// SPDX-License-Identifier: Apache-2.0
#include "bindings/blocked.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/search_budget.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

// More than the budget has left counts as a match: what is not known is blocked.
bool matches_any(std::string_view glob,
                 const std::vector<std::string>& paths,
                 SearchBudget& budget) {
  const bool is_open = glob.ends_with('*');
  for (std::size_t i = 0; i < paths.size(); ++i) {
    // Another without its end: what such a glob does not match, it does not match in part.
    const bool is_known = is_open && i > 0 && paths[i - 1].starts_with(paths[i]);
    if (!is_known && budget.matches(glob, paths[i], Star::anything).value_or(true)) {
      return true;
    }
  }
  return false;
}

// "/admin/" blocks "/admin" too; "/admin/*" and "*/" stay what they are.
bool ends_in_a_slash_of_its_own(std::string_view glob) {
  return glob.size() > 1 && glob.ends_with('/') && !glob.ends_with("*/");
}

bool matches(const BlockedEndpoint& entry,
             const std::vector<std::string>& paths,
             SearchBudget& budget) {
  const auto glob = base::to_lower(entry.path);
  const auto shorter = std::string_view(glob).substr(0, glob.size() - 1);
  return matches_any(glob, paths, budget) ||
         (ends_in_a_slash_of_its_own(glob) && matches_any(shorter, paths, budget));
}

}  // namespace

const BlockedEndpoint* find_blocked(const Scope& scope, const RequestReadings& request) {
  std::vector<std::string> below;
  bool are_read = false;
  for (const auto& entry : scope.blocked) {
    if (!request.may_be_method(entry.method)) {
      continue;
    }
    if (!are_read && !scope.base_path.empty()) {
      below = request.blocking_paths_below(scope.base_path);
    }
    are_read = true;
    const auto& paths = request.blocking_paths();
    auto& budget = request.search_budget();
    budget.begin_rule();
    if (!paths || matches(entry, *paths, budget) || matches(entry, below, budget)) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace keyswap::bindings
