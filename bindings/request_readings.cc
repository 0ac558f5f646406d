// SPDX-License-Identifier: Apache-2.0
#include "bindings/request_readings.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bytes.h"
#include "proxy/http/target.h"

namespace keyswap::bindings {

namespace {

bool has_method(const std::vector<std::string>& methods, std::string_view method) {
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

std::string_view query_of(std::string_view target) {
  const auto path = http::path_of(target);
  return target.substr(std::min(path.size() + 1, target.size()));
}

// What servers cut at a path's end: the slash of a folder, and the dots and spaces that a file
// system of Windows does not keep.
std::string_view without_end(std::string_view path) {
  constexpr std::string_view kCut = "/. ";
  const auto last = path.find_last_not_of(kCut);
  return path.substr(
      0, last == std::string_view::npos ? std::min<std::size_t>(path.size(), 1) : last + 1);
}

void add_path(std::string_view path, std::vector<std::string>& paths) {
  paths.push_back(base::to_lower(path));
  const auto cut = without_end(paths.back());
  if (cut.size() != path.size()) {
    paths.emplace_back(cut);
  }
}

}  // namespace

RequestReadings::RequestReadings(std::string_view method, std::string_view target)
    : method_(method), target_(target) {
  if (is_git_discovery(method, target)) {
    discovery_path_ = scope_path(method, target);
  }
}

RequestReadings::RequestReadings(std::string_view method,
                                 std::string_view target,
                                 const http::HeaderList& fields,
                                 std::string_view body)
    : RequestReadings(method, target) {
  fields_ = &fields;
  body_ = body;
}

std::string_view RequestReadings::path() const {
  return http::path_of(target_);
}

const MethodOverrides& RequestReadings::overrides() const {
  if (!overrides_) {
    overrides_ = find_overrides();
  }
  return *overrides_;
}

bool RequestReadings::allows_method(const std::vector<std::string>& methods) const {
  if (methods.empty()) {
    return true;
  }
  const auto& named = overrides();
  return has_method(methods, method_) && !named.are_unclear &&
         std::all_of(named.methods.begin(), named.methods.end(), [&](const std::string& method) {
           return has_method(methods, method);
         });
}

bool RequestReadings::may_be_method(std::string_view method) const {
  if (method == "*" || base::equal_ignoring_case(method, method_)) {
    return true;
  }
  const auto& named = overrides();
  return named.are_unclear ||
         std::any_of(named.methods.begin(), named.methods.end(), [&](const std::string& one) {
           return base::equal_ignoring_case(method, one);
         });
}

bool RequestReadings::is_allowed_by(const PathPattern& pattern) const {
  return pattern.allows(judged_paths(), search_budget_);
}

bool RequestReadings::may_be_among(const std::vector<std::string>& methods) const {
  return methods.empty() || std::any_of(methods.begin(), methods.end(), [&](const auto& method) {
           return may_be_method(method);
         });
}

bool RequestReadings::may_be_at(const PathPattern& pattern) const {
  const auto& readings = blocking_paths();
  return !readings || pattern.may_match(*readings, search_budget_);
}

const std::optional<std::vector<std::string>>& RequestReadings::blocking_paths() const {
  if (!blocking_paths_) {
    blocking_paths_ = find_blocking_paths();
  }
  return *blocking_paths_;
}

std::vector<std::string> RequestReadings::blocking_paths_below(std::string_view base) const {
  std::vector<std::string> below;
  const auto folder = base::to_lower(base);
  const auto& paths = blocking_paths();
  for (std::size_t i = 0; paths && i < paths->size(); ++i) {
    const std::string_view path = (*paths)[i];
    if (!path.starts_with(folder)) {
      continue;
    }
    const auto rest = path.substr(folder.size());
    if (rest.starts_with('/')) {
      below.emplace_back(rest);
      // A server that takes the base off first resolves what is left by itself.
      if (const auto resolved = resolve_dots(rest); resolved != rest) {
        add_path(resolved, below);
      }
    } else if (rest.empty()) {
      below.emplace_back("/");
    }
  }
  return below;
}

const PathReadings& RequestReadings::paths() const {
  if (!paths_) {
    paths_.emplace(path());
  }
  return *paths_;
}

const PathReadings& RequestReadings::judged_paths() const {
  if (discovery_path_.empty()) {
    return paths();
  }
  if (!discovery_paths_) {
    discovery_paths_.emplace(discovery_path_);
  }
  return *discovery_paths_;
}

MethodOverrides RequestReadings::find_overrides() const {
  MethodOverrides found;
  if (fields_ != nullptr) {
    read_field_overrides(*fields_, found);
    read_body_overrides(*fields_, body_, found);
  }
  read_parameter_overrides(query_of(target_), found);
  // A decoded '?' ends the path in one reading: what follows it is a query then.
  paths().each([&](std::string_view reading) {
    const auto query = reading.find('?');
    if (query != std::string_view::npos) {
      read_parameter_overrides(reading.substr(query + 1), found);
    }
  });
  return found;
}

std::optional<std::vector<std::string>> RequestReadings::find_blocking_paths() const {
  if (paths().are_too_many()) {
    return std::nullopt;
  }
  std::vector<std::string> found;
  paths().each([&](std::string_view reading) { add_path(reading, found); });
  if (!discovery_path_.empty()) {
    add_path(discovery_path_, found);
  } else if (!query_of(target_).empty()) {
    // It may be a discovery in a spelling that this proxy does not take for one.
    const auto count = found.size();
    for (std::size_t i = 0; i < count; ++i) {
      for (auto& path : discovered_paths(found[i])) {
        found.push_back(std::move(path));
      }
    }
  }
  return found;
}

}  // namespace keyswap::bindings
