// SPDX-License-Identifier: Apache-2.0
#include "bindings/path_pattern.h"

#include <algorithm>
#include <array>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kDiscoveryPath = "/info/refs";
constexpr std::string_view kDiscoveryQuery = "service=";
constexpr std::array<std::string_view, 2> kGitServices = {"git-upload-pack", "git-receive-pack"};

// The service of a git discovery request, or "".
std::string_view git_service(std::string_view method, std::string_view target) {
  const auto path = http::path_of(target);
  if (method != "GET" || path.size() == target.size() || !path.ends_with(kDiscoveryPath)) {
    return {};
  }
  const auto query = target.substr(path.size() + 1);
  if (!query.starts_with(kDiscoveryQuery)) {
    return {};
  }
  // Compared whole: a second parameter, an escape or another value leaves the path as it came, so
  // that no two readings of the query can disagree about the service.
  const auto service = query.substr(kDiscoveryQuery.size());
  const auto* const found = std::find(kGitServices.begin(), kGitServices.end(), service);
  return found == kGitServices.end() ? std::string_view{} : *found;
}

}  // namespace

PathPattern::PathPattern(std::string_view glob) : glob_(glob) {}

bool PathPattern::allows(const PathReadings& readings, SearchBudget& budget) const {
  budget.begin_rule();
  return glob_.size() <= bounds::kPathGlobBytesMax && readings.all([&](std::string_view reading) {
    return budget.matches(glob_, reading, Star::within_segment).value_or(false);
  });
}

bool PathPattern::may_match(const std::vector<std::string>& lower_paths,
                            SearchBudget& budget) const {
  budget.begin_rule();
  const auto glob = base::to_lower(glob_);
  return std::any_of(lower_paths.begin(), lower_paths.end(), [&](const std::string& path) {
    return budget.matches(glob, path, Star::within_segment).value_or(true);
  });
}

bool is_git_discovery(std::string_view method, std::string_view target) {
  return !git_service(method, target).empty();
}

std::string scope_path(std::string_view method, std::string_view target) {
  const auto path = http::path_of(target);
  const auto service = git_service(method, target);
  if (service.empty()) {
    return std::string(path);
  }
  std::string result(path.substr(0, path.size() - kDiscoveryPath.size() + 1));
  result += service;
  return result;
}

std::vector<std::string> discovered_paths(std::string_view path) {
  std::vector<std::string> paths;
  if (path.ends_with(kDiscoveryPath)) {
    for (const auto service : kGitServices) {
      paths.emplace_back(path.substr(0, path.size() - kDiscoveryPath.size() + 1));
      paths.back() += service;
    }
  }
  return paths;
}

}  // namespace keyswap::bindings
