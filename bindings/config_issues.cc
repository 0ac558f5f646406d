// SPDX-License-Identifier: Apache-2.0
#include "bindings/config_issues.h"

#include <algorithm>
#include <utility>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::size_t kQuotedBytesMax = 64;

std::vector<ConfigIssue> in_order(std::vector<ConfigIssue> issues) {
  std::stable_sort(issues.begin(), issues.end(), [](const ConfigIssue& a, const ConfigIssue& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  if (issues.size() > bounds::kIssuesMax) {
    const auto left_out = issues.size() - bounds::kIssuesMax;
    issues.resize(bounds::kIssuesMax);
    issues.push_back({0, 0, "and " + std::to_string(left_out) + " more", ""});
  }
  return issues;
}

}  // namespace

void ConfigIssues::error(Place place, std::string text, std::string hint) {
  errors_.push_back({place.line, place.column, std::move(text), std::move(hint)});
}

void ConfigIssues::warning(Place place, std::string text, std::string hint) {
  warnings_.push_back({place.line, place.column, std::move(text), std::move(hint)});
}

void ConfigIssues::add_errors(std::vector<ConfigIssue> errors) {
  std::move(errors.begin(), errors.end(), std::back_inserter(errors_));
}

std::vector<ConfigIssue> ConfigIssues::take_errors() {
  return in_order(std::move(errors_));
}

std::vector<ConfigIssue> ConfigIssues::take_warnings() {
  return in_order(std::move(warnings_));
}

std::string quoted_or(std::string_view text, std::string_view otherwise) {
  const bool may_be_shown = !text.empty() && text.size() <= kQuotedBytesMax &&
                            std::all_of(text.begin(), text.end(), [](char c) {
                              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                     (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
                                     c == '*' || c == ':';
                            });
  return may_be_shown ? "'" + std::string(text) + "'" : std::string(otherwise);
}

}  // namespace keyswap::bindings
